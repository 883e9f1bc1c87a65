/* SPDX-License-Identifier: BSD-2-Clause */
/* The HPET table has one entry and no variants. */
#include <acpi/hpet.h>
#include <ashlar/fmt/acpi.h>

status_t hpet_table_parse(const void *data, size_t size_bytes, struct hpet_table *table)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "HPET", ACPI_HPET_SIZE, &view);
    if (status != STATUS_OK)
        return status;
    *table = (struct hpet_table){
        .view = view,
        .block_id = acpi_view_u32(&view, ACPI_HPET_BLOCK_ID),
        .base = acpi_view_gas(&view, ACPI_HPET_BASE),
        .sequence = acpi_view_u8(&view, ACPI_HPET_SEQUENCE),
        .minimum_tick = acpi_view_u16(&view, ACPI_HPET_MINIMUM_TICK),
        .flags = acpi_view_u8(&view, ACPI_HPET_FLAGS),
    };
    return STATUS_OK;
}

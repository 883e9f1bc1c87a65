/* SPDX-License-Identifier: BSD-2-Clause */
/* The MCFG is a row of entries of one size; the cursor counts them. */
#include <acpi/mcfg.h>
#include <ashlar/fmt/acpi.h>

status_t mcfg_parse(const void *data, size_t size_bytes, struct mcfg *mcfg)
{
    return acpi_view_table(data, size_bytes, "MCFG", ACPI_MCFG_SIZE, &mcfg->view);
}

bool mcfg_next(const struct mcfg *mcfg, size_t *cursor, struct mcfg_window *window)
{
    if (*cursor >= (mcfg->view.length - ACPI_MCFG_SIZE) / ACPI_MCFG_ENTRY_SIZE)
        return false;
    size_t at = ACPI_MCFG_SIZE + (*cursor)++ * ACPI_MCFG_ENTRY_SIZE;
    *window = (struct mcfg_window){
        .base = phys(acpi_view_u64(&mcfg->view, at + ACPI_MCFG_ENTRY_BASE)),
        .segment = acpi_view_u16(&mcfg->view, at + ACPI_MCFG_ENTRY_SEGMENT),
        .start_bus = acpi_view_u8(&mcfg->view, at + ACPI_MCFG_ENTRY_START_BUS),
        .last_bus = acpi_view_u8(&mcfg->view, at + ACPI_MCFG_ENTRY_END_BUS),
    };
    return true;
}

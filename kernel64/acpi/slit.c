/* SPDX-License-Identifier: BSD-2-Clause */
/* The SLIT is one square matrix; the count has 64 bits, so its square may overflow. */
#include <acpi/slit.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/overflow.h>

status_t slit_parse(const void *data, size_t size_bytes, struct slit *slit)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "SLIT", ACPI_SLIT_SIZE, &view);
    if (status != STATUS_OK)
        return status;
    uint64_t count = acpi_view_u64(&view, ACPI_SLIT_COUNT), square;
    if (!multiply_fits(count, count, &square) || square > view.length - ACPI_SLIT_SIZE)
        return STATUS_TRUNCATED;
    *slit = (struct slit){ .view = view, .count = count, .matrix = view.bytes + ACPI_SLIT_SIZE };
    return STATUS_OK;
}

uint8_t slit_distance(const struct slit *slit, uint64_t from, uint64_t to)
{
    return from < slit->count && to < slit->count ? slit->matrix[from * slit->count + to] : 0;
}

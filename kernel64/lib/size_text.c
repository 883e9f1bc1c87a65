/* SPDX-License-Identifier: BSD-2-Clause */
/* Integers only: the fraction is the next 10 bits, as thousandths. */
#include <lib/size_text.h>

#include <lib/format.h>

const char *size_text(uint64_t bytes, char text[SIZE_TEXT_MAX])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
    unsigned int unit = 0;
    while (unit + 1 < ARRAY_LEN(units) && bytes >> 10 * (unit + 1) > 0)
        unit++;
    uint64_t whole = bytes >> 10 * unit;
    uint64_t rest = bytes - (whole << 10 * unit);
    /* Thousandths of the unit; the shift keeps the product within 64 bits. */
    uint64_t thousandths = unit == 0 ? 0 : (rest >> 10 * (unit - 1)) * 1000 >> 10;
    if (rest == 0 || whole >= 100)
        format_buffer(text, SIZE_TEXT_MAX, "%lu %s", whole, units[unit]);
    else if (whole >= 10)
        format_buffer(text, SIZE_TEXT_MAX, "%lu.%lu %s", whole, thousandths / 100, units[unit]);
    else
        format_buffer(text, SIZE_TEXT_MAX, "%lu.%02lu %s", whole, thousandths / 10, units[unit]);
    return text;
}

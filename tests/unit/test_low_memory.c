/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/boot/low_memory.c: what of the first 640 KiB stays firmware's, and where a CPU can be started. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <boot/low_memory.h>

/* Words of real machines: research on 456 maps has ends from 0x8f000 to 0x9fc00. */
static void bios_memory_starts_at_the_lower_of_the_two_bda_values(void **state)
{
    static const struct {
        uint16_t segment, kib;
        uint64_t start;
    } cases[] = {
        { 0x9fc0, 639, 0x9fc00 }, { 0x9d80, 630, 0x9d800 }, { 0x9fc0, 634, 0x9e800 },
        { 0x8f00, 639, 0x8f000 }, { 0x8000, 639, 0x80000 }, { 0x9fc0, 0, 0x9fc00 },
        { 0, 639, 0x9fc00 },      { 0, 0, 0x9f000 },        { 0xffff, 0xffff, 0x9f000 },
        { 0x1fff, 127, 0x9f000 }, { 0x2000, 639, 0x20000 }, { 0xa000, 640, 0x9f000 },
        { 0x9fff, 640, 0x9fff0 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(low_memory_bios_start(cases[i].segment, cases[i].kib).raw, cases[i].start);
}

static void no_gap_is_left_where_memory_above_it_suffices(void **state)
{
    static const struct memmap_entry entries[] = { { 0, 0x9fc00, MEMMAP_USABLE, 1 },
                                                   { 0, 0x1000, MEMMAP_RESERVED, 0 } };
    (void)state;
    assert_int_equal(phys_range_size(low_memory_hole(entries, 2, KIB(64))), 0);
    assert_int_equal(phys_range_size(low_memory_hole(entries, 2, 0x9c000)), 0);
    assert_int_equal(phys_range_size(low_memory_hole(entries, 0, KIB(64))), 0);
}

static void otherwise_the_highest_block_below_is_reserved(void **state)
{
    static const struct memmap_entry all[] = { { 0, 0x9fc00, MEMMAP_USABLE, 1 },
                                               { 0, 0x1000, MEMMAP_RESERVED, 0 } };
    /* Usable memory only in the first 64 KiB, a table in it, and a piece above that holds no aligned
       block. */
    static const struct memmap_entry little[] = { { 0, 0xf800, MEMMAP_USABLE, 1 },
                                                  { 0xd000, 0xd100, MEMMAP_ACPI_TABLE, 0 },
                                                  { 0x51000, 0x53000, MEMMAP_USABLE, 1 } };
    static const struct memmap_entry nothing[] = { { 0, 0x3000, MEMMAP_USABLE, 1 },
                                                   { 0, 0x2800, MEMMAP_RESERVED, 0 } };
    (void)state;
    struct phys_range hole = low_memory_hole(all, 2, KIB(640));
    assert_int_equal(hole.start.raw, 0x9c000);
    assert_int_equal(hole.end.raw, 0x9e000);
    hole = low_memory_hole(little, 3, KIB(64));
    assert_int_equal(hole.start.raw, 0xa000);
    assert_int_equal(hole.end.raw, 0xc000);
    assert_int_equal(phys_range_size(low_memory_hole(nothing, 2, KIB(64))), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bios_memory_starts_at_the_lower_of_the_two_bda_values),
        cmocka_unit_test(no_gap_is_left_where_memory_above_it_suffices),
        cmocka_unit_test(otherwise_the_highest_block_below_is_reserved),
    };
    return cmocka_run_group_tests_name("low_memory", tests, NULL, NULL);
}

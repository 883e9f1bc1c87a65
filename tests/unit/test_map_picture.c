/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The bar picture of memory, letter by letter.
 */
#include <ashlar/bits.h>
#include <boot/map_picture.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static void assert_picture(const struct memmap_range *ranges, size_t count, uint64_t end, const char *wanted)
{
    size_t cells = strlen(wanted);
    char *text = malloc(cells + 1);
    map_picture(ranges, count, phys(end), text, cells);
    assert_string_equal(text, wanted);
    free(text);
}

static void an_empty_map_has_no_range(void **state)
{
    (void)state;
    assert_picture(NULL, 0, MIB(1), "........");
}

static void a_cell_shows_its_predominant_kind(void **state)
{
    (void)state;
    /* Cells of 0x4000. The third is a quarter each of four kinds, and the strictest is shown; the fourth
       and the fifth are half outside the map. */
    const struct memmap_range ranges[] = {
        { { 0x0 }, { 0x9000 }, MEMMAP_USABLE },
        { { 0x9000 }, { 0xa000 }, MEMMAP_KERNEL },
        { { 0xb000 }, { 0xc000 }, MEMMAP_MODULE },
        { { 0xe000 }, { 0x12000 }, MEMMAP_RESERVED },
    };
    assert_picture(ranges, ARRAY_LEN(ranges), 0x18000, "##KRR.");
}

static void a_range_over_many_cells_fills_each(void **state)
{
    (void)state;
    const struct memmap_range ranges[] = {
        { { 0x1000 }, { 0x7000 }, MEMMAP_ACPI_NVS },
        { { 0x7000 }, { GIB(64) }, MEMMAP_USABLE },
    };
    assert_picture(ranges, ARRAY_LEN(ranges), 0x8000, ".NNNNNN#");
}

static void ranges_beyond_the_end_are_not_drawn(void **state)
{
    (void)state;
    const struct memmap_range ranges[] = { { { GIB(4) }, { GIB(5) }, MEMMAP_USABLE } };
    assert_picture(ranges, ARRAY_LEN(ranges), GIB(4), "....");
    assert_picture(ranges, ARRAY_LEN(ranges), GIB(8), "..#.");
}

static void every_kind_has_its_own_letter(void **state)
{
    (void)state;
    for (int kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        assert_true(map_picture_letter((enum memmap_kind)kind) > ' ');
        assert_int_not_equal(map_picture_letter((enum memmap_kind)kind), MAP_PICTURE_NONE);
        for (int other = 0; other < kind; other++)
            assert_int_not_equal(map_picture_letter((enum memmap_kind)kind),
                                 map_picture_letter((enum memmap_kind)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_map_has_no_range),
        cmocka_unit_test(a_cell_shows_its_predominant_kind),
        cmocka_unit_test(a_range_over_many_cells_fills_each),
        cmocka_unit_test(ranges_beyond_the_end_are_not_drawn),
        cmocka_unit_test(every_kind_has_its_own_letter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

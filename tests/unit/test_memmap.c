/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sweep against a model that paints memory byte by byte, or rather grain by grain, and against
 * cases by hand: the ends of the address space, and every number a firmware may use for a kind.
 * Real machines' maps are tried by corpus_memmap.py.
 */
#include <ashlar/bits.h>
#include <ashlar/mm/memmap.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <seed.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define UNLISTED MEMMAP_KIND_COUNT

static void sweep(const struct memmap_entry *entries, size_t count, struct memmap_range **ranges,
                  size_t *range_count)
{
    /* Exactly as much as the header asks for, so that the sanitizer reports an access beyond. */
    void *scratch = malloc(MEMMAP_SCRATCH_BYTES(count) + 1);
    *ranges = malloc(MEMMAP_MAX_RANGES(count) * sizeof(**ranges) + 1);
    memmap_sweep(entries, count, scratch, *ranges, range_count);
    free(scratch);
}

static void expect_sweep(const struct memmap_entry *entries, size_t count, const struct memmap_range *wanted,
                         size_t wanted_count)
{
    struct memmap_range *ranges;
    size_t range_count;
    sweep(entries, count, &ranges, &range_count);
    assert_int_equal(range_count, wanted_count);
    for (size_t i = 0; i < wanted_count; i++) {
        assert_int_equal(ranges[i].start.raw, wanted[i].start.raw);
        assert_int_equal(ranges[i].end.raw, wanted[i].end.raw);
        assert_int_equal(ranges[i].kind, wanted[i].kind);
    }
    free(ranges);
}

#define EXPECT_SWEEP(entries, ...)                                                                           \
    do {                                                                                                     \
        const struct memmap_range wanted[] = { __VA_ARGS__ };                                                \
        expect_sweep(entries, ARRAY_LEN(entries), wanted, ARRAY_LEN(wanted));                                \
    } while (0)
#define RANGE(start, end, kind)                                                                              \
    {                                                                                                        \
        { start }, { end }, kind                                                                             \
    }

/* ---- properties, on random maps ---- */

/* The model: PAGES pages of grains, each painted with the strictest entry. */
enum { PAGES = 48, GRAIN = 512, GRAINS = PAGES * 4096 / GRAIN, MAX_ENTRIES = 40 };

static uint64_t random_below(uint64_t limit)
{
    return (seed_next() >> 33) % limit;
}

static size_t random_map(struct memmap_entry *entries, uint64_t base)
{
    size_t count = random_below(MAX_ENTRIES + 1);
    /* Few kinds make many touching runs, aligned edges many shared ones. */
    uint64_t kinds = 1 + random_below(MEMMAP_KIND_COUNT);
    uint64_t step = random_below(3) == 0 ? 4096 / GRAIN : 1;
    uint64_t longest = random_below(2) == 0 ? GRAINS : 24;
    for (size_t i = 0; i < count; i++) {
        uint64_t start = random_below(GRAINS + 1) / step * step;
        uint64_t end = start + random_below(longest) / step * step;
        if (end > GRAINS)
            end = GRAINS;
        if (random_below(20) == 0)
            end = start > 0 ? start - 1 : 0;
        uint32_t kind = random_below(3) == 0 ? MEMMAP_USABLE : (uint32_t)random_below(kinds);
        entries[i] = (struct memmap_entry){ base + start * GRAIN, base + end * GRAIN, kind, 0 };
    }
    return count;
}

static void paint(const struct memmap_entry *entries, size_t count, uint64_t base, uint8_t *grains)
{
    memset(grains, UNLISTED, GRAINS);
    for (size_t i = 0; i < count; i++) {
        for (uint64_t at = entries[i].start; at < entries[i].end; at += GRAIN) {
            uint8_t *grain = &grains[(at - base) / GRAIN];
            if (*grain == UNLISTED || *grain < entries[i].kind)
                *grain = (uint8_t)entries[i].kind;
        }
    }
}

/* What a page must be, by the rules and not by the sweep's way to them. */
static uint8_t model_page(const uint8_t *grains, size_t page)
{
    uint8_t strictest = UNLISTED;
    bool all_usable = true;
    for (size_t i = page * (4096 / GRAIN); i < (page + 1) * (4096 / GRAIN); i++) {
        all_usable &= grains[i] == MEMMAP_USABLE;
        if (grains[i] != UNLISTED && grains[i] != MEMMAP_USABLE &&
            (strictest == UNLISTED || grains[i] > strictest))
            strictest = grains[i];
    }
    return strictest != UNLISTED ? strictest : all_usable ? MEMMAP_USABLE : UNLISTED;
}

static void check_against_model(const struct memmap_entry *entries, size_t count, uint64_t base)
{
    static uint8_t grains[GRAINS], pages[PAGES];
    paint(entries, count, base, grains);

    struct memmap_range *ranges;
    size_t range_count;
    sweep(entries, count, &ranges, &range_count);
    assert_true(range_count <= MEMMAP_MAX_RANGES(count));

    memset(pages, UNLISTED, sizeof(pages));
    uint64_t totals[MEMMAP_KIND_COUNT] = { 0 }, model_totals[MEMMAP_KIND_COUNT] = { 0 };
    for (size_t i = 0; i < range_count; i++) {
        uint64_t start = ranges[i].start.raw, end = ranges[i].end.raw;
        assert_true(start < end);
        assert_true(is_aligned(start, PAGE_SIZE) && is_aligned(end, PAGE_SIZE));
        assert_in_range(ranges[i].kind, 0, MEMMAP_KIND_COUNT - 1);
        assert_true(start >= base && end <= base + PAGES * PAGE_SIZE);
        if (i > 0) {
            assert_true(ranges[i - 1].end.raw <= start);
            /* Ranges of one kind that touch are one range. */
            assert_false(ranges[i - 1].end.raw == start && ranges[i - 1].kind == ranges[i].kind);
        }
        totals[ranges[i].kind] += end - start;
        for (uint64_t at = start; at < end; at += PAGE_SIZE)
            pages[(at - base) / PAGE_SIZE] = (uint8_t)ranges[i].kind;
    }
    for (size_t page = 0; page < PAGES; page++) {
        uint8_t wanted = model_page(grains, page);
        assert_int_equal(pages[page], wanted);
        if (wanted != UNLISTED)
            model_totals[wanted] += PAGE_SIZE;
    }
    for (int kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        assert_int_equal(totals[kind], model_totals[kind]);
        assert_int_equal(memmap_total(ranges, range_count, (enum memmap_kind)kind), totals[kind]);
    }
    free(ranges);
}

static void every_page_has_the_kind_of_the_painted_model(void **state)
{
    (void)state;
    struct memmap_entry entries[MAX_ENTRIES];
    const uint64_t bases[] = { 0, MIB(1), GIB(4) - PAGES * PAGE_SIZE / 2, MEMMAP_TOP - PAGES * PAGE_SIZE };
    for (int i = 0; i < 40000; i++) {
        uint64_t base = bases[random_below(ARRAY_LEN(bases))];
        size_t count = random_map(entries, base);
        check_against_model(entries, count, base);
    }
}

static void the_order_of_the_entries_changes_nothing(void **state)
{
    (void)state;
    struct memmap_entry entries[MAX_ENTRIES];
    for (int i = 0; i < 2000; i++) {
        struct memmap_range *before, *after;
        size_t before_count, after_count;
        size_t count = random_map(entries, 0);
        sweep(entries, count, &before, &before_count);
        for (size_t k = count; k > 1; k--) {
            size_t other = random_below(k);
            struct memmap_entry swapped = entries[k - 1];
            entries[k - 1] = entries[other];
            entries[other] = swapped;
        }
        sweep(entries, count, &after, &after_count);
        assert_int_equal(before_count, after_count);
        assert_memory_equal(before, after, before_count * sizeof(*before));
        free(before);
        free(after);
    }
}

static void building_the_map_is_idempotent(void **state)
{
    (void)state;
    struct memmap_entry entries[MAX_ENTRIES], again[MEMMAP_MAX_RANGES(MAX_ENTRIES)];
    for (int i = 0; i < 2000; i++) {
        struct memmap_range *ranges;
        size_t range_count, count = random_map(entries, 0);
        sweep(entries, count, &ranges, &range_count);
        for (size_t k = 0; k < range_count; k++)
            again[k] = (struct memmap_entry){ ranges[k].start.raw, ranges[k].end.raw, ranges[k].kind, 0 };
        expect_sweep(again, range_count, ranges, range_count);
        free(ranges);
    }
}

/* ---- cases by hand ---- */

static void an_empty_map_gives_no_range(void **state)
{
    (void)state;
    struct memmap_range none;
    size_t range_count = 7;
    memmap_sweep(NULL, 0, NULL, &none, &range_count);
    assert_int_equal(range_count, 0);
}

static void empty_entries_are_ignored(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1000, 0x9000, MEMMAP_USABLE, 1 },         { 0x4000, 0x4000, MEMMAP_RESERVED, 2 },
        { 0x4800, 0x4800, MEMMAP_RESERVED, 2 },       { 0x6000, 0x5000, MEMMAP_RESERVED, 2 },
        { UINT64_MAX, UINT64_MAX, MEMMAP_USABLE, 1 },
    };
    EXPECT_SWEEP(entries, RANGE(0x1000, 0x9000, MEMMAP_USABLE));
}

static void two_adjacent_half_pages_make_a_usable_page(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1800, 0x2000, MEMMAP_USABLE, 1 },
        { 0x1000, 0x1800, MEMMAP_USABLE, 1 },
    };
    EXPECT_SWEEP(entries, RANGE(0x1000, 0x2000, MEMMAP_USABLE));
}

static void two_half_pages_with_a_gap_make_no_usable_page(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1801, 0x2000, MEMMAP_USABLE, 1 },
        { 0x1000, 0x1800, MEMMAP_USABLE, 1 },
    };
    expect_sweep(entries, ARRAY_LEN(entries), NULL, 0);
}

static void one_reserved_byte_reserves_its_whole_page(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x0, 0x10000, MEMMAP_USABLE, 1 },
        { 0x4fff, 0x5000, MEMMAP_ACPI_NVS, 4 },
    };
    EXPECT_SWEEP(entries, RANGE(0x0, 0x4000, MEMMAP_USABLE), RANGE(0x4000, 0x5000, MEMMAP_ACPI_NVS),
                 RANGE(0x5000, 0x10000, MEMMAP_USABLE));
}

static void a_page_shared_by_three_kinds_has_the_strictest(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1000, 0x2800, MEMMAP_ACPI_RECLAIM, 3 },
        { 0x2800, 0x2900, MEMMAP_RESERVED, 2 },
        { 0x2900, 0x4000, MEMMAP_ACPI_NVS, 4 },
    };
    EXPECT_SWEEP(entries, RANGE(0x1000, 0x2000, MEMMAP_ACPI_RECLAIM), RANGE(0x2000, 0x3000, MEMMAP_RESERVED),
                 RANGE(0x3000, 0x4000, MEMMAP_ACPI_NVS));
}

static void neighbours_merge_when_the_range_between_them_vanishes(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1000, 0x2000, MEMMAP_RESERVED, 2 },
        { 0x2000, 0x2100, MEMMAP_ACPI_RECLAIM, 3 },
        { 0x2100, 0x3000, MEMMAP_RESERVED, 2 },
    };
    EXPECT_SWEEP(entries, RANGE(0x1000, 0x3000, MEMMAP_RESERVED));
}

static void unlisted_memory_is_in_no_range(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x0, 0x9fc00, MEMMAP_USABLE, 1 },
        { 0x100000, 0x200000, MEMMAP_USABLE, 1 },
    };
    EXPECT_SWEEP(entries, RANGE(0x0, 0x9f000, MEMMAP_USABLE), RANGE(0x100000, 0x200000, MEMMAP_USABLE));
}

static void the_last_page_of_the_address_space_is_excluded(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x100000, range_end(0x100000, UINT64_MAX), MEMMAP_USABLE, 1 },
        { MEMMAP_TOP - 0x1800, range_end(MEMMAP_TOP - 0x1800, UINT64_MAX), MEMMAP_RESERVED, 2 },
        { MEMMAP_TOP + 5, UINT64_MAX, MEMMAP_ACPI_NVS, 4 },
    };
    EXPECT_SWEEP(entries, RANGE(0x100000, MEMMAP_TOP - 0x2000, MEMMAP_USABLE),
                 RANGE(MEMMAP_TOP - 0x2000, MEMMAP_TOP, MEMMAP_RESERVED));
}

static void a_kind_out_of_range_counts_as_reserved(void **state)
{
    (void)state;
    const struct memmap_entry entries[] = {
        { 0x1000, 0x5000, MEMMAP_USABLE, 1 },
        { 0x2000, 0x3000, 0xdeadbeef, 0 },
    };
    EXPECT_SWEEP(entries, RANGE(0x1000, 0x2000, MEMMAP_USABLE), RANGE(0x2000, 0x3000, MEMMAP_RESERVED),
                 RANGE(0x3000, 0x5000, MEMMAP_USABLE));
}

static void a_hundred_thousand_entries_are_processed_quickly(void **state)
{
    (void)state;
    /* Descending, each overlapping the next: the order that makes simple sorts quadratic. */
    size_t count = 100000;
    struct memmap_entry *entries = malloc(count * sizeof(*entries));
    for (size_t i = 0; i < count; i++) {
        uint64_t start = (count - i) * 0x2000;
        entries[i] =
            (struct memmap_entry){ start, start + 0x3000, i % 2 ? MEMMAP_USABLE : MEMMAP_RESERVED, 0 };
    }
    struct memmap_range *ranges;
    size_t range_count;
    clock_t before = clock();
    sweep(entries, count, &ranges, &range_count);
    assert_true(clock() - before < 5 * CLOCKS_PER_SEC);
    assert_int_equal(range_count, count);
    assert_int_equal(memmap_total(ranges, range_count, MEMMAP_USABLE),
                     (count / 2 + 1) * 0x1000); /* the lowest has no neighbour below */
    free(ranges);
    free(entries);
}

/* ---- kinds ---- */

static void only_type_1_of_an_e820_map_is_usable(void **state)
{
    (void)state;
    for (uint32_t type = 0; type < 70000; type++)
        assert_int_equal(memmap_kind_from_e820(type) == MEMMAP_USABLE, type == 1);
    assert_int_equal(memmap_kind_from_e820(3), MEMMAP_ACPI_RECLAIM);
    assert_int_equal(memmap_kind_from_e820(4), MEMMAP_ACPI_NVS);
    assert_int_equal(memmap_kind_from_e820(5), MEMMAP_UNUSABLE);
    assert_int_equal(memmap_kind_from_e820(7), MEMMAP_PERSISTENT);
    assert_int_equal(memmap_kind_from_e820(12), MEMMAP_PERSISTENT);
    assert_int_equal(memmap_kind_from_e820(0xefffffff), MEMMAP_SOFT_RESERVED);
    assert_int_equal(memmap_kind_from_e820(0xffffffff), MEMMAP_RESERVED);
}

static void boot_services_memory_is_usable_after_they_exit(void **state)
{
    (void)state;
    const uint32_t free_after_exit[] = { 1, 2, 3, 4, 7 };
    for (uint32_t type = 0; type < 70000; type++) {
        bool is_free = false;
        for (size_t i = 0; i < ARRAY_LEN(free_after_exit); i++)
            is_free |= type == free_after_exit[i];
        assert_int_equal(memmap_kind_from_efi(type, 0xf) == MEMMAP_USABLE, is_free);
    }
    assert_int_equal(memmap_kind_from_efi(5, BIT(63) | 0xf), MEMMAP_RUNTIME);
    assert_int_equal(memmap_kind_from_efi(9, 0xf), MEMMAP_ACPI_RECLAIM);
    assert_int_equal(memmap_kind_from_efi(10, 0xf), MEMMAP_ACPI_NVS);
    assert_int_equal(memmap_kind_from_efi(15, 0xf), MEMMAP_RESERVED);
    assert_int_equal(memmap_kind_from_efi(0x80000002, 0xf), MEMMAP_RESERVED);
}

static void special_purpose_memory_is_not_usable(void **state)
{
    (void)state;
    assert_int_equal(memmap_kind_from_efi(7, BIT(18) | 0xf), MEMMAP_SOFT_RESERVED);
}

static void every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < MEMMAP_KIND_COUNT; kind++)
        assert_string_not_equal(memmap_kind_name((enum memmap_kind)kind), "unknown");
    assert_string_equal(memmap_kind_name(MEMMAP_KIND_COUNT), "unknown");
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_has_the_kind_of_the_painted_model),
        cmocka_unit_test(the_order_of_the_entries_changes_nothing),
        cmocka_unit_test(building_the_map_is_idempotent),
        cmocka_unit_test(an_empty_map_gives_no_range),
        cmocka_unit_test(empty_entries_are_ignored),
        cmocka_unit_test(two_adjacent_half_pages_make_a_usable_page),
        cmocka_unit_test(two_half_pages_with_a_gap_make_no_usable_page),
        cmocka_unit_test(one_reserved_byte_reserves_its_whole_page),
        cmocka_unit_test(a_page_shared_by_three_kinds_has_the_strictest),
        cmocka_unit_test(neighbours_merge_when_the_range_between_them_vanishes),
        cmocka_unit_test(unlisted_memory_is_in_no_range),
        cmocka_unit_test(the_last_page_of_the_address_space_is_excluded),
        cmocka_unit_test(a_kind_out_of_range_counts_as_reserved),
        cmocka_unit_test(a_hundred_thousand_entries_are_processed_quickly),
        cmocka_unit_test(only_type_1_of_an_e820_map_is_usable),
        cmocka_unit_test(boot_services_memory_is_usable_after_they_exit),
        cmocka_unit_test(special_purpose_memory_is_not_usable),
        cmocka_unit_test(every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

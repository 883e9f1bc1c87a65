/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes out of SRAT and SLIT: numbering, overlapping and odd memory entries, CPUs, distances.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <acpi/numa.h>
#include <ashlar/bits.h>

static uint8_t srat_bytes[16384], slit_bytes[8192];
static size_t srat_size;

static void put(uint8_t *at, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

static void finish(uint8_t *table, const char *signature, size_t size, uint8_t revision)
{
    uint8_t sum = 0;
    memcpy(table, signature, 4);
    put(table + 4, size, 4);
    table[8] = revision;
    table[9] = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + table[i]);
    table[9] = (uint8_t)-sum;
}

static void begin_srat(void)
{
    memset(srat_bytes, 0, sizeof(srat_bytes));
    srat_size = 48;
}

enum { ENABLED = 1, HOT = 2, NON_VOLATILE = 4 };

static void memory(uint32_t domain, uint64_t start, uint64_t end, uint32_t flags)
{
    uint8_t *entry = srat_bytes + srat_size;
    entry[0] = 1;
    entry[1] = 40;
    put(entry + 2, domain, 4);
    put(entry + 8, start, 8);
    put(entry + 16, end - start, 8);
    put(entry + 28, flags, 4);
    srat_size += 40;
}

static void x2apic_cpu(uint32_t domain, uint32_t apic_id, uint32_t flags)
{
    uint8_t *entry = srat_bytes + srat_size;
    entry[0] = 2;
    entry[1] = 24;
    put(entry + 4, domain, 4);
    put(entry + 8, apic_id, 4);
    put(entry + 12, flags, 4);
    srat_size += 24;
}

static struct numa describe(status_t expected, size_t slit_domains, const uint8_t *matrix)
{
    static struct numa numa;
    struct srat srat;
    struct slit slit;
    finish(srat_bytes, "SRAT", srat_size, 3);
    assert_int_equal(srat_parse(srat_bytes, srat_size, &srat), STATUS_OK);
    if (matrix) {
        size_t size = 44 + slit_domains * slit_domains;
        memset(slit_bytes, 0, sizeof(slit_bytes));
        put(slit_bytes + 36, slit_domains, 8);
        memcpy(slit_bytes + 44, matrix, slit_domains * slit_domains);
        finish(slit_bytes, "SLIT", size, 1);
        assert_int_equal(slit_parse(slit_bytes, size, &slit), STATUS_OK);
    }
    assert_int_equal(numa_describe(&srat, matrix ? &slit : NULL, &numa), expected);
    return numa;
}

/* The runs are exactly these, in this order. */
static void expect_runs(const struct numa *numa, size_t count, const uint64_t (*runs)[3])
{
    struct numa_cursor cursor = { .offset = 0 };
    struct buddy_node_range range;
    for (size_t i = 0; i < count; i++) {
        assert_true(numa_next_range(numa, &cursor, &range));
        assert_int_equal(range.start.raw, runs[i][0]);
        assert_int_equal(range.end.raw, runs[i][1]);
        assert_int_equal(range.node, runs[i][2]);
    }
    assert_false(numa_next_range(numa, &cursor, &range));
}

static void domains_become_nodes_in_table_order(void **state)
{
    (void)state;
    begin_srat();
    x2apic_cpu(0xfffffffe, 0x1234, ENABLED);
    memory(7, 0, KIB(640), ENABLED);
    memory(0xfffffffe, MIB(1), GIB(2), ENABLED);
    memory(7, GIB(4), GIB(6), ENABLED);
    x2apic_cpu(7, 1, ENABLED);
    x2apic_cpu(9, 2, 0); /* disabled: there is no domain 9 */
    struct numa numa = describe(STATUS_OK, 0, NULL);
    assert_int_equal(numa.node_count, 2);
    assert_false(numa.has_distances);
    assert_int_equal(numa_node_of_cpu(&numa, 0x1234), 0);
    assert_int_equal(numa_node_of_cpu(&numa, 1), 1);
    assert_int_equal(numa_node_of_cpu(&numa, 2), 0);
    assert_int_equal(numa_node_of_cpu(&numa, 77), 0);
    const uint64_t runs[][3] = { { 0, KIB(640), 1 }, { MIB(1), GIB(2), 0 }, { GIB(4), GIB(6), 1 } };
    expect_runs(&numa, ARRAY_LEN(runs), runs);
}

static void disabled_nonvolatile_and_empty_memory_has_no_node(void **state)
{
    (void)state;
    begin_srat();
    memory(1, 0, GIB(1), 0);
    memory(2, GIB(1), GIB(2), ENABLED | NON_VOLATILE);
    memory(3, GIB(2), GIB(2), ENABLED);
    memory(4, GIB(3), GIB(4),
           ENABLED | HOT); /* may be added later; its addresses are reserved for it already */
    struct numa numa = describe(STATUS_OK, 0, NULL);
    assert_int_equal(numa.node_count, 1);
    const uint64_t runs[][3] = { { GIB(3), GIB(4), 0 } };
    expect_runs(&numa, 1, runs);

    begin_srat();
    memory(1, 0, GIB(1), 0);
    describe(STATUS_NOT_FOUND, 0, NULL);
}

static void the_first_of_overlapping_entries_gets_the_memory(void **state)
{
    (void)state;
    begin_srat();
    memory(0, GIB(1), GIB(2), ENABLED);
    memory(1, 0, GIB(4), ENABLED);               /* around it */
    memory(2, GIB(3), GIB(5), ENABLED);          /* over its end */
    memory(3, GIB(1) + MIB(1), GIB(2), ENABLED); /* inside */
    struct numa numa = describe(STATUS_OK, 0, NULL);
    const uint64_t runs[][3] = {
        { GIB(1), GIB(2), 0 }, { 0, GIB(1), 1 }, { GIB(2), GIB(4), 1 }, { GIB(4), GIB(5), 2 }
    };
    expect_runs(&numa, ARRAY_LEN(runs), runs);
}

static void edges_are_rounded_to_pages_and_ends_do_not_wrap(void **state)
{
    (void)state;
    begin_srat();
    memory(0, 0x1800, 0x5800, ENABLED);
    memory(1, 0x5800, 0x9000, ENABLED);
    memory(2, 1ULL << 51, (1ULL << 51) + GIB(1), ENABLED);
    memory(3, UINT64_MAX - 0x1fff, 0x5000, ENABLED); /* a length past the end of everything */
    struct numa numa = describe(STATUS_OK, 0, NULL);
    struct numa_cursor cursor = { .offset = 0 };
    struct buddy_node_range range;
    uint64_t last_end = 0;
    for (unsigned int i = 0; numa_next_range(&numa, &cursor, &range); i++) {
        assert_true(is_aligned(range.start.raw | range.end.raw, PAGE_SIZE) &&
                    range.start.raw < range.end.raw);
        assert_true(range.start.raw >= last_end);
        last_end = range.end.raw;
        assert_true(i < 4);
    }
}

static void valid_distances_are_used(void **state)
{
    (void)state;
    static const uint8_t sound[] = { 10, 21, 40, 21, 10, 31, 41, 31, 10 };
    static const uint8_t far_from_itself[] = { 20, 21, 40, 21, 10, 31, 41, 31, 10 };
    static const uint8_t nearer_than_itself[] = { 10, 10, 40, 21, 10, 31, 41, 31, 10 };
    begin_srat();
    memory(2, 0, GIB(1), ENABLED);
    memory(0, GIB(1), GIB(2), ENABLED);
    struct numa numa = describe(STATUS_OK, 3, sound);
    assert_true(numa.has_distances);
    assert_int_equal(numa.distances[0 * 2 + 1], 41); /* node 0 is domain 2 */
    assert_int_equal(numa.distances[1 * 2 + 0], 40);
    assert_false(describe(STATUS_OK, 3, far_from_itself).has_distances);
    assert_false(describe(STATUS_OK, 2, sound).has_distances); /* has no domain 2 */
    begin_srat();
    memory(0, 0, GIB(1), ENABLED);
    memory(1, GIB(1), GIB(2), ENABLED);
    assert_false(describe(STATUS_OK, 3, nearer_than_itself).has_distances);
}

static void excess_domains_are_counted(void **state)
{
    (void)state;
    begin_srat();
    for (uint32_t i = 0; i < 100; i++)
        memory(1000 + i, i * GIB(1), (i + 1) * GIB(1), ENABLED);
    struct numa numa = describe(STATUS_OK, 0, NULL);
    assert_int_equal(numa.node_count, BUDDY_MAX_NODES);
    assert_int_equal(numa.domains_left_out, 100 - BUDDY_MAX_NODES);
    struct numa_cursor cursor = { .offset = 0 };
    struct buddy_node_range range;
    unsigned int count = 0;
    for (; numa_next_range(&numa, &cursor, &range); count++)
        assert_int_equal(range.node, count < BUDDY_MAX_NODES ? count : 0);
    assert_int_equal(count, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(domains_become_nodes_in_table_order),
        cmocka_unit_test(disabled_nonvolatile_and_empty_memory_has_no_node),
        cmocka_unit_test(the_first_of_overlapping_entries_gets_the_memory),
        cmocka_unit_test(edges_are_rounded_to_pages_and_ends_do_not_wrap),
        cmocka_unit_test(valid_distances_are_used),
        cmocka_unit_test(excess_domains_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

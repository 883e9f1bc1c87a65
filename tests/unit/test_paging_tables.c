/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When page tables are made and freed, and visits of all of them.
 */
#include "paging_machine.h"

static void a_table_that_a_starting_cpu_may_walk_stays_until_it_is_online(void **state)
{
    (void)state;
    uint64_t at = VRANGE_START + MIB(5);
    assert_int_equal(paging_map(&paging, virt(at), phys(0), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = 1;
    assert_int_equal(paging_unmap(&paging, virt(at), PAGE_SIZE), STATUS_OK);
    assert_int_equal(query(at).size_bytes, 0);
    assert_int_equal(taken_count, 4);
    assert_true(paging.kept_start.raw <= at && at <= paging.kept_last.raw);
    /* It serves meanwhile, and trying again does not help. */
    assert_int_equal(paging_map(&paging, virt(at + PAGE_SIZE), phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(taken_count, 4);
    assert_int_equal(paging_unmap(&paging, virt(at + PAGE_SIZE), PAGE_SIZE), STATUS_OK);
    paging_prune(&paging);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = 0;
    paging_prune(&paging);
    assert_int_equal(taken_count, 2); /* the PML4, and one that stays */
}

/* Its range ends at 2^64. */
static void the_last_table_of_all_is_freed_once_it_may_be(void **state)
{
    (void)state;
    virt_t last = virt(-PAGE_SIZE);
    assert_int_equal(paging_map(&paging, last, phys(0), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = 1;
    assert_int_equal(paging_unmap(&paging, last, PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, 4);
    hosted_tables_held = 0;
    paging_prune(&paging);
    assert_int_equal(taken_count, 2); /* the PML4, and one that stays */
}

static void the_upper_half_has_all_its_tables_and_keeps_them(void **state)
{
    (void)state;
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    const uint64_t *root = port_pointer(paging.root);
    for (unsigned int i = 0; i < 512; i++)
        assert_int_equal((root[i] & PTE_PRESENT) != 0, i >= 256);
    assert_int_equal(taken_count, 257);
    assert_int_equal(paging_map(&paging, virt(VRANGE_START), phys(0), PAGE_SIZE, 0), STATUS_OK);
    struct paging_step steps[4];
    assert_int_equal(paging_walk(&paging, virt(VRANGE_START), steps), 4);
    for (unsigned int i = 0; i < 4; i++)
        assert_false(steps[i].entry & PTE_USER);
    assert_int_equal(paging_unmap(&paging, virt(VRANGE_START), PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, 257);
    assert_true(root[416] & PTE_PRESENT); /* VRANGE's */
}

static void the_lower_half_gives_all_its_tables_back(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, virt(0x400000), phys(0), PAGE_SIZE, PAGE_USER), STATUS_OK);
    assert_int_equal(taken_count, 4);
    assert_int_equal(query(0x400000).access, PAGE_USER);
    struct paging_step steps[4];
    assert_int_equal(paging_walk(&paging, virt(0x400000), steps), 4);
    for (unsigned int i = 0; i < 4; i++)
        assert_true(steps[i].entry & PTE_USER);
    assert_int_equal(paging_unmap(&paging, virt(0x400000), PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, 1);
}

/* Its upper half is another tree's, as in a trampoline's. */
static void a_tree_that_no_cpu_uses_is_freed_also_while_table_freeing_is_blocked(void **state)
{
    (void)state;
    struct paging other = { .has_nx = true, .take = take, .give = give };
    assert_int_equal(paging_map(&paging, virt(VRANGE_START), phys(0), PAGE_SIZE, 0), STATUS_OK);
    const uint64_t *shared = port_pointer(paging.root);
    unsigned int before = taken_count;
    assert_int_equal(paging_init(&other), STATUS_OK);
    assert_int_equal(paging_map(&other, virt(0x8000), phys(0x8000), 2 * PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_map(&other, virt(USER_HALF_END - MIB(2)), phys(0), MIB(2), 0), STATUS_OK);
    assert_int_equal(taken_count, before + 1 + 3 + 2);
    memcpy((uint64_t *)port_pointer(other.root) + 256, shared + 256, 256 * sizeof(uint64_t));
    hosted_tables_held = 1;
    paging_end(&other);
    assert_int_equal(taken_count, before);
    assert_int_equal(query(VRANGE_START).size_bytes, PAGE_SIZE);
}

static void what_is_prepared_is_mapped_without_taking_a_frame(void **state)
{
    (void)state;
    assert_int_equal(paging_prepare(&paging, virt(DIRECT_MAP_START), MIB(4), PAGE_SIZE), STATUS_OK);
    assert_int_equal(paging_prepare(&paging, virt(VRANGE_START), GIB(2), LARGE_PAGE_SIZE), STATUS_OK);
    unsigned int tables = taken_count;
    takes_until_failure = 0;
    assert_int_equal(
        paging_map(&paging, virt(DIRECT_MAP_START + MIB(2) - PAGE_SIZE), phys(0), 2 * PAGE_SIZE, 0),
        STATUS_OK);
    assert_int_equal(paging_map(&paging, virt(VRANGE_START + GIB(1)), phys(MIB(2)), MIB(2), 0), STATUS_OK);
    assert_int_equal(query(VRANGE_START + GIB(1)).size_bytes, LARGE_PAGE_SIZE);
    assert_int_equal(taken_count, tables);
    takes_until_failure = UINT32_MAX;
    assert_int_equal(paging_prepare(&paging, virt(VRANGE_START + GIB(1)), PAGE_SIZE, PAGE_SIZE),
                     STATUS_EXISTS);
    assert_int_equal(paging_prepare(&paging, virt(VRANGE_START), GIB(1), GIB(1)), STATUS_INVALID);
}

/* ---- visiting ---- */

static unsigned int pages_seen, tables_seen;
static uint64_t last_seen, bytes_seen;

static void see_page(void *context, const struct page_mapping *mapping)
{
    assert_ptr_equal(context, &paging);
    assert_true(pages_seen == 0 || mapping->virt.raw > last_seen);
    last_seen = mapping->virt.raw;
    bytes_seen += mapping->size_bytes;
    pages_seen++;
}

static void see_table(void *context, const struct page_mapping *mapping)
{
    assert_ptr_equal(context, &paging);
    assert_int_equal(mapping->size_bytes, 0);
    assert_true(is_taken[(mapping->phys.raw - hosted_ram_start) / PAGE_SIZE]);
    tables_seen++;
}

static void a_visit_sees_each_page_and_each_table_once(void **state)
{
    (void)state;
    assert_int_equal(paging_map(&paging, virt(0x1000), phys(0), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_map(&paging, virt(DIRECT_MAP_START), phys(0), GIB(1) + MIB(2) + 2 * PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(paging_map(&paging, virt(0 - PAGE_SIZE), phys(0), PAGE_SIZE, 0), STATUS_OK);
    pages_seen = tables_seen = 0;
    bytes_seen = 0;
    hosted_tables_held = 1;
    paging_visit(&paging, virt(0), virt(0), see_page, see_table, &paging);
    assert_int_equal(pages_seen, 6);
    assert_int_equal(bytes_seen, GIB(1) + MIB(2) + 4 * PAGE_SIZE);
    assert_int_equal(tables_seen, taken_count);

    pages_seen = 0;
    paging_visit(&paging, virt(DIRECT_MAP_START + GIB(1)),
                 virt(DIRECT_MAP_START + GIB(1) + MIB(2) + PAGE_SIZE), see_page, NULL, &paging);
    assert_int_equal(pages_seen, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_table_that_a_starting_cpu_may_walk_stays_until_it_is_online),
        CLAIM(the_last_table_of_all_is_freed_once_it_may_be),
        CLAIM(the_upper_half_has_all_its_tables_and_keeps_them),
        CLAIM(the_lower_half_gives_all_its_tables_back),
        CLAIM(a_tree_that_no_cpu_uses_is_freed_also_while_table_freeing_is_blocked),
        CLAIM(what_is_prepared_is_mapped_without_taking_a_frame),
        CLAIM(a_visit_sees_each_page_and_each_table_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

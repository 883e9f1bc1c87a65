/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The contract of page tables and their locks: what a checked build reports when it is broken, and what
 * readers and the owner of prepared tables may do without the lock.
 */
#include "paging_machine.h"

#include <ashlar/mm/audit.h>

#include "../../mm/vm/paging_private.h"

static jmp_buf reported;
static const struct spinlock *lock_reported;
static bool is_check_reported;
static bool is_report_expected;

static NORETURN void return_to_test(void)
{
    if (!is_report_expected)
        abort();
    is_report_expected = false;
    longjmp(reported, 1);
}

void lock_panic_not_held(const struct spinlock *lock)
{
    lock_reported = lock;
    return_to_test();
}

void verify_failed(const char *expression, const char *file, int line)
{
    (void)expression;
    (void)file;
    (void)line;
    is_check_reported = true;
    return_to_test();
}

#define EXPECT_NOT_HELD(call)                                                                                \
    do {                                                                                                     \
        lock_reported = NULL;                                                                                \
        is_report_expected = true;                                                                           \
        if (setjmp(reported) == 0)                                                                           \
            call;                                                                                            \
        is_report_expected = false;                                                                          \
        assert_ptr_equal(lock_reported, &paging.lock);                                                       \
    } while (0)

static void a_change_without_the_lock_is_reported(void **state)
{
    (void)state;
    const virt_t start = virt(DIRECT_MAP_START), end = virt_add(start, MIB(4));
    uint64_t *root = entry_at(paging.root, TOP_LEVEL, start);
    struct paging_map_job job = { .paging = &paging, .spare = PHYS_INVALID };
    phys_t table, spare = PHYS_INVALID;
    virt_t at = start;
    bool is_gone = false;
    assert_int_equal(paging_map(&paging, start, phys(0), MIB(4), PAGE_WRITE), STATUS_OK);
    EXPECT_NOT_HELD(
        (void)!paging_map_range(&job, paging.root, TOP_LEVEL, end, virt_add(end, PAGE_SIZE), phys(0)));
    EXPECT_NOT_HELD(paging_unmap_range(&paging, paging.root, TOP_LEVEL, start, end));
    EXPECT_NOT_HELD(paging_protect_range(&paging, paging.root, TOP_LEVEL, start, end, 0));
    EXPECT_NOT_HELD((void)!paging_enter(&paging, root, TOP_LEVEL, start, &spare, &table));
    EXPECT_NOT_HELD((void)!phys_is_valid(paging_detach_if_empty(&paging, root, start, 3)));
    EXPECT_NOT_HELD((void)!paging_prune_one(&paging, 1, &at, end, &is_gone, &table));
    spare = paging_new_table(&paging);
    EXPECT_NOT_HELD((void)!paging_split_edges(&paging, virt_add(start, PAGE_SIZE), PAGE_SIZE, &spare));
    give(spare);
    EXPECT_NOT_HELD((void)!paging_may_merge(&paging, 2, start));
    EXPECT_NOT_HELD((void)!phys_is_valid(paging_merge_one(&paging, 2, start)));
    /* The public functions take it. */
    assert_int_equal(paging_protect(&paging, start, PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_unmap(&paging, start, MIB(4)), STATUS_OK);
}

/* An allocation may wait for a shrinker on another CPU, where the handler of an interrupt may map. */
static phys_t take_while_another_may_map(void)
{
    assert_true(spin_trylock(&paging.lock));
    spin_unlock(&paging.lock);
    return take();
}

/* It may drain this CPU's cache of frames, with as many holds of the buddy's lock as it has words. */
static void give_while_another_may_map(phys_t frame)
{
    assert_true(spin_trylock(&paging.lock));
    spin_unlock(&paging.lock);
    give(frame);
}

static void frames_for_tables_are_taken_and_given_without_the_lock(void **state)
{
    (void)state;
    const virt_t start = virt(DIRECT_MAP_START);
    paging.give = give_while_another_may_map;
    paging.take = take_while_another_may_map;
    assert_int_equal(paging_map(&paging, start, phys(0), GIB(2), PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_map(&paging, virt(VRANGE_START + GIB(1) - PAGE_SIZE), phys(0), 2 * PAGE_SIZE, 0),
                     STATUS_OK);
    assert_int_equal(paging_prepare(&paging, virt(VRANGE_START + GIB(3)), PAGE_SIZE, PAGE_SIZE), STATUS_OK);
    unsigned int before = taken_count;
    assert_int_equal(paging_protect(&paging, virt_add(start, PAGE_SIZE), PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(taken_count, before + 2);
    assert_int_equal(paging_unmap(&paging, virt_add(start, GIB(2) - PAGE_SIZE), PAGE_SIZE), STATUS_OK);
    assert_int_equal(taken_count, before + 4);
    assert_int_equal(paging_unmap(&paging, start, GIB(2)), STATUS_OK);
    assert_int_equal(taken_count, before);
}

static void ignore(void *context, const struct page_mapping *mapping)
{
    (void)context;
    (void)mapping;
}

static void a_visit_while_tables_may_be_freed_is_reported(void **state)
{
    (void)state;
    is_check_reported = false;
    is_report_expected = true;
    if (setjmp(reported) == 0)
        paging_visit(&paging, virt(0), virt(0), ignore, NULL, NULL);
    is_report_expected = false;
    assert_true(is_check_reported);
    is_check_reported = false;
    port_block_table_freeing();
    paging_visit(&paging, virt(0), virt(0), ignore, NULL, NULL);
    port_unblock_table_freeing();
    assert_false(is_check_reported);
}

static unsigned int tables_in_callback;

/* What another CPU may do while the audit reads. */
static void unmap_it(void *context, enum audit_violation violation, const struct page_mapping *mapping)
{
    (void)context;
    (void)violation;
    assert_int_equal(paging_unmap(&paging, mapping->virt, mapping->size_bytes), STATUS_OK);
    tables_in_callback = taken_count;
}

static bool is_never_free(phys_t frame)
{
    (void)frame;
    return false;
}

static void a_table_that_becomes_empty_during_an_audit_is_freed_after_it(void **state)
{
    (void)state;
    const struct audit_rules rules = { .is_free = is_never_free };
    const virt_t at = virt(VRANGE_START + MIB(6));
    assert_int_equal(paging_map(&paging, at, phys(0), PAGE_SIZE, PAGE_WRITE | PAGE_EXECUTE | PAGE_UNCACHED),
                     STATUS_OK);
    assert_int_equal(taken_count, 4);
    assert_int_equal(audit_tree(&paging, &rules, unmap_it, NULL), 1);
    assert_int_equal(tables_in_callback, 4);
    paging_prune(&paging);
    assert_int_equal(taken_count, 2); /* the PML4, and a table of the upper half that stays */
}

static void a_prepared_page_is_mapped_once_whatever_lock_is_held(void **state)
{
    (void)state;
    const virt_t at = virt(DIRECT_MAP_START + MIB(6)), large = virt(VRANGE_START);
    struct page_mapping page;
    assert_int_equal(paging_map_prepared(&paging, at, phys(0), PAGE_SIZE, 0), STATUS_NOT_FOUND);
    assert_int_equal(paging_prepare(&paging, at, MIB(2), PAGE_SIZE), STATUS_OK);
    assert_int_equal(paging_prepare(&paging, large, MIB(2), LARGE_PAGE_SIZE), STATUS_OK);
    takes_until_failure = 0;
    spin_lock(&paging.lock);
    assert_int_equal(paging_map_prepared(&paging, at, phys(MIB(3)), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    assert_int_equal(paging_map_prepared(&paging, at, phys(MIB(4)), PAGE_SIZE, PAGE_WRITE), STATUS_EXISTS);
    assert_int_equal(paging_map_prepared(&paging, at, phys(MIB(4)), LARGE_PAGE_SIZE, 0), STATUS_EXISTS);
    assert_int_equal(paging_map_prepared(&paging, large, phys(MIB(4)), LARGE_PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(paging_map_prepared(&paging, large, phys(MIB(4)), PAGE_SIZE, 0), STATUS_EXISTS);
    spin_unlock(&paging.lock);
    assert_int_equal(paging_query(&paging, at, &page), STATUS_OK);
    assert_true(page.phys.raw == MIB(3) && page.access == PAGE_WRITE && page.size_bytes == PAGE_SIZE);
    assert_int_equal(paging_query(&paging, large, &page), STATUS_OK);
    assert_true(page.phys.raw == MIB(4) && page.size_bytes == LARGE_PAGE_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_change_without_the_lock_is_reported),
        CLAIM(frames_for_tables_are_taken_and_given_without_the_lock),
        CLAIM(a_visit_while_tables_may_be_freed_is_reported),
        CLAIM(a_table_that_becomes_empty_during_an_audit_is_freed_after_it),
        CLAIM(a_prepared_page_is_mapped_once_whatever_lock_is_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

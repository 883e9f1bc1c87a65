/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator when memory runs out, and when it is made to fail: reclaim, and that nothing is
 * lost.
 */
#include <ashlar/mm/fault.h>
#include <ashlar/mm/shrink.h>

#include "slab_machine.h"

/* ---- memory runs out ---- */

static void all_memory_can_be_allocated_as_objects_and_freed(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        for (size_t size = 16; size <= MIB(1); size *= 8) {
            machine_pc(MIB(32));
            start_on(is_checked, 1);
            void **chain = NULL, **next;
            uint64_t got = 0;
            while ((next = kmalloc(size)) != NULL) {
                *next = chain;
                chain = next;
                got += size;
            }
            if (!is_checked && size >= 64 && size <= PAGE_SIZE)
                assert_true(got > frames_at_start * PAGE_SIZE * 85 / 100);
            for (; chain; chain = next) {
                next = *chain;
                kfree(chain);
            }
            expect_all_free();
        }
    }
}

static void *hoard;
static unsigned int hoard_asked;

static uint64_t give_hoard(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    assert_true(frames > 0);
    hoard_asked++;
    if (!hoard)
        return 0;
    kfree(hoard);
    hoard = NULL;
    return 16;
}

static void shrinkers_are_called_before_an_allocation_fails(void **state)
{
    (void)state;
    start(false);
    struct shrinker shrinker = { .name = "hoard", .cost = 1, .shrink = give_hoard };
    shrinker_add(&shrinker);
    hoard = kmalloc(KIB(64));
    hoard_asked = 0;
    void **chain = NULL, **next;
    while (hoard) {
        next = kmalloc(PAGE_SIZE);
        assert_non_null(next); /* not while there is a hoard */
        *next = chain;
        chain = next;
    }
    assert_int_equal(hoard_asked, 1);
    while ((next = kmalloc(PAGE_SIZE)) != NULL) {
        *next = chain;
        chain = next;
    }
    assert_true(hoard_asked > 1);
    shrinker_remove(&shrinker);
    for (; chain; chain = next) {
        next = *chain;
        kfree(chain);
    }
    expect_all_free();
}

static void magazines_shrink_under_pressure_and_grow_back(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start_on(false, 1);
    unsigned int usual = stats_of("kmalloc-4096").magazine;
    void **chain = NULL, **next;
    while ((next = kmalloc(4096)) != NULL) {
        *next = chain;
        chain = next;
    }
    assert_true(stats_of("kmalloc-4096").magazine < usual);
    for (; chain; chain = next) {
        next = *chain;
        kfree(chain);
    }
    void *objects[100];
    for (unsigned int round = 0; round < 500; round++) {
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            objects[i] = kmalloc(4096);
        for (size_t i = 0; i < ARRAY_LEN(objects); i++)
            kfree(objects[i]);
    }
    assert_int_equal(stats_of("kmalloc-4096").magazine, usual);
    expect_all_free();
}

static void empty_slabs_are_freed_automatically(void **state)
{
    static void *objects[40000];
    (void)state;
    start(false);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        assert_non_null(objects[i] = kmalloc(128));
    uint64_t slabs = stats_of("kmalloc-128").slabs;
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    assert_true(stats_of("kmalloc-128").slabs < slabs * 2 / 3);
    expect_all_free();
}

static void a_depot_frees_unneeded_magazines(void **state)
{
    static void *objects[4000];
    (void)state;
    machine_pc(MIB(512));
    start_on(false, 1);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        objects[i] = kmalloc(64);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    uint64_t before = stats_of("kmalloc-64").cached;
    /* From now on 300 at a time are enough: more than two magazines, so that the depot is used. */
    assert_true(2 * stats_of("kmalloc-64").magazine < 300);
    for (unsigned int round = 0; round < 2000; round++) {
        for (size_t i = 0; i < 300; i++)
            objects[i] = kmalloc(64);
        for (size_t i = 0; i < 300; i++)
            kfree(objects[i]);
    }
    assert_true(before > 1500);
    assert_true(stats_of("kmalloc-64").cached < 800);
    expect_all_free();
}

/* ---- failures injected ---- */

static bool use_memory(void)
{
    void *objects[40];
    bool is_complete = true;
    struct slab_cache *cache = slab_cache_create("faulty", 200, 0, NULL);
    for (size_t i = 0; i < ARRAY_LEN(objects); i++) {
        objects[i] = i % 4 == 0 && cache ? slab_alloc(cache) : kmalloc(i * 300);
        is_complete = is_complete && objects[i];
    }
    for (size_t i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
    if (cache)
        assert_int_equal(slab_cache_destroy(cache), STATUS_OK);
    return is_complete && cache;
}

static void every_request_can_fail_and_nothing_leaks(void **state)
{
    (void)state;
    for (int is_checked = 0; is_checked < 2; is_checked++) {
        start(is_checked);
        uint64_t failures = 0;
        for (uint64_t nth = 1;; nth++) {
            struct fault_plan plan = { .nth = nth };
            fault_arm(&plan);
            bool is_complete = use_memory();
            struct fault_counts counts = fault_counts();
            fault_arm(NULL);
            expect_all_free();
            if (counts.failed == 0) {
                assert_true(is_complete);
                break;
            }
            failures += !is_complete;
        }
        assert_true(failures > 30);
    }
}

static void a_failure_rate_is_kept_and_repeatable(void **state)
{
    (void)state;
    start(false);
    uint64_t failed[3];
    for (unsigned int i = 0; i < 3; i++) {
        struct fault_plan plan = { .rate = 10, .seed = i == 2 ? 8 : 7 };
        fault_arm(&plan);
        uint64_t which = 0;
        for (unsigned int n = 0; n < 1000; n++) {
            void *object = kmalloc(64);
            which = which * 31 + !object;
            kfree(object);
        }
        failed[i] = which;
        assert_in_range(fault_counts().failed, 50, 200);
        fault_arm(NULL);
    }
    assert_true(failed[0] == failed[1] && failed[1] != failed[2]);
    expect_all_free();
}

static void fault_plans_are_parsed_and_invalid_ones_refused(void **state)
{
    (void)state;
    struct fault_plan plan = { .nth = 77 };
    static const char *const nonsense[] = { "",       "nth:",   "nth:0", "nth:x",
                                            "nth:1 ", "10",     "0,1",   "10,",
                                            ",5",     "10,5,1", "-1,5",  "nth:18446744073709551616",
                                            "10;5" };
    for (size_t i = 0; i < ARRAY_LEN(nonsense); i++)
        assert_int_equal(fault_parse(nonsense[i], &plan), STATUS_INVALID);
    assert_int_equal(plan.nth, 77);
    assert_int_equal(fault_parse("nth:12", &plan), STATUS_OK);
    assert_true(plan.nth == 12 && plan.rate == 0);
    assert_int_equal(fault_parse("100,42", &plan), STATUS_OK);
    assert_true(plan.nth == 0 && plan.rate == 100 && plan.seed == 42);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_memory_can_be_allocated_as_objects_and_freed),
        cmocka_unit_test(shrinkers_are_called_before_an_allocation_fails),
        cmocka_unit_test(magazines_shrink_under_pressure_and_grow_back),
        cmocka_unit_test(empty_slabs_are_freed_automatically),
        cmocka_unit_test(a_depot_frees_unneeded_magazines),
        cmocka_unit_test(every_request_can_fail_and_nothing_leaks),
        cmocka_unit_test(a_failure_rate_is_kept_and_repeatable),
        cmocka_unit_test(fault_plans_are_parsed_and_invalid_ones_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of address space: random ones against a list of what there should be, page tables and frames
 * counted, each flush seen before a page is used again, several threads. What is refused is the subject of
 * test_vrange_requests.c.
 */
#include <ashlar/prng.h>
#include <pthread.h>

#include "vrange_machine.h"

struct one {
    void *pointer;
    uint64_t size;
};

static void end(struct one *one)
{
    uint64_t first = align_down((uintptr_t)one->pointer, PAGE_SIZE);
    uint64_t last = align_up((uintptr_t)one->pointer + one->size, PAGE_SIZE);
    vrange_unmap((char *)one->pointer + seed_below((unsigned int)one->size));
    for (uint64_t at = first; at < last; at += PAGE_SIZE) {
        assert_false(is_mapped(at));
        assert_int_equal(stale[(at - SPACE_START) / PAGE_SIZE], 0); /* flushed before it can be used again */
    }
    one->pointer = NULL;
}

static void begin(struct one *one)
{
    one->size = seed_below(10) == 0 ? MIB(2) + seed_below(3u << 20) : 1 + seed_below(60000);
    if (seed_below(2)) {
        phys_t address = phys(GIB(4) + seed_below(1u << 30));
        if (vrange_map_device(address, one->size, PAGE_WRITE | PAGE_UNCACHED, "device", &one->pointer) ==
            STATUS_OK) {
            struct page_mapping page;
            expect_range(one->pointer, one->size, PAGE_WRITE | PAGE_UNCACHED);
            assert_int_equal(paging_query(&paging, virt_of(one->pointer), &page), STATUS_OK);
            assert_int_equal(page.phys.raw + ((uintptr_t)one->pointer - page.virt.raw), address.raw);
        }
    } else if (vrange_map_memory(one->size, VRANGE_MEMORY, "memory", &one->pointer) == STATUS_OK) {
        expect_range(one->pointer, one->size, PAGE_WRITE);
    }
}

static void random_ranges_are_as_asked_and_nothing_leaks(void **state)
{
    static struct one all[200];
    (void)state;
    seed_from_environment();
    start(1);
    unsigned int done = 0;
    for (unsigned int i = 0; i < 6000; i++) {
        struct one *one = &all[seed_below(ARRAY_LEN(all))];
        if (one->pointer) {
            end(one);
        } else {
            begin(one);
            done += one->pointer != NULL;
        }
        if (i % 500 != 0)
            continue;
        unsigned int listed = 0, there = 0;
        struct vrange_info info;
        uint64_t last = 0;
        for (uint64_t cursor = 0; vrange_next(&cursor, &info); listed++) {
            assert_true(info.start.raw >= last + PAGE_SIZE);
            last = info.end.raw;
        }
        for (size_t n = 0; n < ARRAY_LEN(all); n++)
            there += all[n].pointer != NULL;
        assert_int_equal(listed, there);
    }
    assert_true(done > 1500);
    for (size_t n = 0; n < ARRAY_LEN(all); n++)
        if (all[n].pointer)
            end(&all[n]);
    expect_nothing_left();
}

static void the_space_can_be_used_up_and_comes_back_whole(void **state)
{
    static void *pages[SPACE_SIZE / PAGE_SIZE];
    (void)state;
    start(1);
    for (unsigned int round = 0; round < 2; round++) {
        size_t count = 0;
        while (vrange_map_device(phys(MIB(64) + count * PAGE_SIZE), PAGE_SIZE, PAGE_UNCACHED, "page",
                                 &pages[count]) == STATUS_OK)
            count++;
        assert_true(count > SPACE_SIZE / PAGE_SIZE / 2 - 8); /* each with its guard page */
        for (size_t i = 0; i < count; i++)
            vrange_unmap(pages[round == 0 ? i : count - 1 - i]);
        void *whole;
        assert_int_equal(vrange_map_device(phys(0), SPACE_SIZE - MIB(3), PAGE_UNCACHED, "whole", &whole),
                         STATUS_OK);
        vrange_unmap(whole);
        expect_nothing_left();
    }
}

static void every_request_can_fail_and_nothing_leaks(void **state)
{
    (void)state;
    start(1);
    unsigned int failures = 0;
    for (uint64_t nth = 1;; nth++) {
        struct fault_plan plan = { .nth = nth };
        void *memory = NULL, *device = NULL;
        fault_arm(&plan);
        status_t first = vrange_map_memory(70 * PAGE_SIZE, VRANGE_STACK, "stack", &memory);
        status_t second = vrange_map_device(phys(GIB(5)), MIB(3), PAGE_UNCACHED, "device", &device);
        struct fault_counts counts = fault_counts();
        fault_arm(NULL);
        assert_true((first == STATUS_OK) == (memory != NULL) && (second == STATUS_OK) == (device != NULL));
        if (memory)
            vrange_unmap(memory);
        if (device)
            vrange_unmap(device);
        expect_nothing_left();
        if (counts.failed == 0)
            break;
        failures++;
    }
    assert_true(failures > 70);
}

#define THREADS 4

static void *work(void *argument)
{
    void *mine[16] = { NULL };
    hosted_cpu = (unsigned int)(uintptr_t)argument;
    uint64_t state = hosted_cpu + 1;
    for (unsigned int i = 0; i < 2500; i++) {
        unsigned int choice = (unsigned int)(prng_next(&state) >> 33), n = choice % ARRAY_LEN(mine);
        if (mine[n]) {
            vrange_unmap(mine[n]);
            mine[n] = NULL;
        } else if (choice & 16) {
            (void)!vrange_map_memory(1 + (choice >> 8) % 30000, VRANGE_MEMORY, "thread", &mine[n]);
        } else {
            (void)!vrange_map_device(phys(GIB(4) + (choice >> 8)), 1 + choice % 9000, PAGE_UNCACHED, "thread",
                                     &mine[n]);
        }
        struct vrange_info info;
        bool is_guard;
        if (mine[n] && vrange_find(virt((uintptr_t)mine[n]), &info, &is_guard) && is_guard)
            abort();
    }
    for (size_t n = 0; n < ARRAY_LEN(mine); n++)
        if (mine[n])
            vrange_unmap(mine[n]);
    slab_reap();
    frame_cache_drain();
    return NULL;
}

static void threads_get_ranges_of_their_own(void **state)
{
    (void)state;
    start(THREADS);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, work, (void *)i);
    for (unsigned int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (hosted_cpu = 0; hosted_cpu < THREADS; hosted_cpu++) {
        slab_reap();
        frame_cache_drain();
    }
    hosted_cpu = 0;
    expect_nothing_left();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_ranges_are_as_asked_and_nothing_leaks),
        cmocka_unit_test(the_space_can_be_used_up_and_comes_back_whole),
        cmocka_unit_test(every_request_can_fail_and_nothing_leaks),
        cmocka_unit_test(threads_get_ranges_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

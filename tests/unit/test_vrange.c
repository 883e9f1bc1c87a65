/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of address space: random ones against a list of what there should be, page tables and frames
 * counted, each flush seen before a page is used again, several threads.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include <ashlar/mm/fault.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>

#include "buddy_machine.h"
#include "edge_numbers.h"
#include "seed.h"

#define SPACE_START VRANGE_START
#define SPACE_SIZE  MIB(64)

/* Pages whose translation a CPU may still hold: mapped once, not flushed since. */
static _Atomic(uint8_t) stale[SPACE_SIZE / PAGE_SIZE];

void port_flush(uint64_t virt, uint64_t size_bytes)
{
    for (uint64_t at = align_down(virt, PAGE_SIZE); at < virt + size_bytes; at += PAGE_SIZE)
        if (at >= SPACE_START && at < SPACE_START + SPACE_SIZE)
            stale[(at - SPACE_START) / PAGE_SIZE] = 0;
}

static phys_t take_table(void)
{
    void *frame = frame_alloc();
    return frame ? port_phys(frame) : PHYS_INVALID;
}

static void give_table(phys_t frame)
{
    frame_free(port_pointer(frame));
}

static struct paging paging;
static uint64_t frames_at_start;

/* The one segment that describes free space is an object, and its slab one more. */
static uint64_t frames_of_one_segment(void)
{
    struct slab_stats stats;
    uint64_t frames = 0;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);) {
        if (strcmp(stats.name, "vrange") != 0 && strcmp(stats.name, "slab") != 0)
            continue;
        assert_true(stats.in_use <= 1);
        frames += stats.slabs << stats.order;
    }
    return frames;
}

static uint64_t frames_now(void)
{
    struct buddy_stats stats;
    slab_reap();
    frame_cache_drain();
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata + frames_of_one_segment();
}

static void start(unsigned int cpus)
{
    hosted_cpu = 0;
    hosted_cpu_count = cpus;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    slab_checks_new_caches = false;
    memset((void *)stale, 0, sizeof(stale));
    machine_pc(MIB(64));
    assert_int_equal(machine_start(), STATUS_OK);
    assert_int_equal(slab_init(), STATUS_OK);
    assert_int_equal(kmalloc_init(), STATUS_OK);
    paging = (struct paging){ .take = take_table, .give = give_table, .has_nx = true };
    assert_int_equal(paging_init(&paging), STATUS_OK);
    assert_int_equal(paging_fill_upper_half(&paging), STATUS_OK);
    vrange_init(&paging, virt(SPACE_START), virt(SPACE_START + SPACE_SIZE));
    assert_int_equal(vrange_init_memory(), STATUS_OK);
    frames_at_start = frames_now();
}

static void expect_nothing_left(void)
{
    struct vrange_info info;
    uint64_t cursor = 0;
    assert_false(vrange_next(&cursor, &info));
    assert_int_equal(frames_now(), frames_at_start);
}

static bool is_mapped(uint64_t address)
{
    struct page_mapping page;
    return paging_query(&paging, address, &page) == STATUS_OK;
}

/* What a range must be: mapped from end to end, with nothing before and behind, and nowhere stale. */
static void expect_range(void *pointer, uint64_t size, unsigned int access)
{
    uint64_t first = align_down((uintptr_t)pointer, PAGE_SIZE),
             end = align_up((uintptr_t)pointer + size, PAGE_SIZE);
    struct vrange_info info;
    bool is_guard;
    assert_true(vrange_find(virt((uintptr_t)pointer), &info, &is_guard));
    assert_false(is_guard);
    assert_true(info.start.raw == first && info.end.raw == end);
    assert_false(is_mapped(first - PAGE_SIZE));
    assert_false(is_mapped(end));
    assert_true(vrange_find(virt(first - 1), &info, &is_guard) && is_guard && info.start.raw == first);
    for (uint64_t at = first; at < end; at += PAGE_SIZE) {
        struct page_mapping page;
        assert_int_equal(paging_query(&paging, at, &page), STATUS_OK);
        assert_int_equal(page.access & ~(unsigned int)PAGE_GLOBAL, access);
        assert_int_equal(stale[(at - SPACE_START) / PAGE_SIZE], 0);
        stale[(at - SPACE_START) / PAGE_SIZE] = 1;
    }
}

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
            assert_int_equal(paging_query(&paging, (uintptr_t)one->pointer, &page), STATUS_OK);
            assert_int_equal(page.phys.raw + ((uintptr_t)one->pointer - page.virt), address.raw);
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

static void a_device_is_not_shown_with_two_types(void **state)
{
    (void)state;
    start(1);
    void *first, *second, *third = NULL;
    assert_int_equal(vrange_map_device(phys(GIB(5) + 100), 8000, PAGE_UNCACHED, "a", &first), STATUS_OK);
    assert_int_equal(vrange_map_device(phys(GIB(5) + PAGE_SIZE), 4, PAGE_UNCACHED, "b", &second), STATUS_OK);
    assert_int_equal(vrange_map_device(phys(GIB(5) + PAGE_SIZE), 4, PAGE_WRITE_COMBINING, "c", &third),
                     STATUS_EXISTS);
    assert_int_equal(vrange_map_device(phys(GIB(5)), 4, 0, "c", &third), STATUS_EXISTS);
    assert_null(third);
    assert_int_equal(vrange_map_device(phys(GIB(5) + 2 * PAGE_SIZE), 4, PAGE_WRITE_COMBINING, "c", &third),
                     STATUS_OK);
    vrange_unmap(first);
    vrange_unmap(second);
    vrange_unmap(third);
    expect_nothing_left();
}

static void large_devices_are_mapped_in_large_pages(void **state)
{
    (void)state;
    start(1);
    void *pointer;
    assert_int_equal(
        vrange_map_device(phys(GIB(5) + MIB(1)), MIB(9), PAGE_WRITE_COMBINING, "screen", &pointer),
        STATUS_OK);
    struct page_mapping page;
    assert_int_equal(paging_query(&paging, (uintptr_t)pointer + MIB(1), &page), STATUS_OK);
    assert_int_equal(page.size_bytes, LARGE_PAGE_SIZE);
    vrange_unmap(pointer);
    expect_nothing_left();
}

static void nonsense_is_refused_and_a_wrong_end_is_named(void **state)
{
    (void)state;
    start(1);
    void *pointer = NULL;
    assert_int_equal(vrange_map_device(phys(0), 0, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_device(phys(UINT64_MAX - 5), 10, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_device(phys(1ULL << 52), 1, 0, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(0, VRANGE_MEMORY, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(UINT64_MAX - 5, VRANGE_MEMORY, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(1, VRANGE_DEVICE, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(1, VRANGE_KINDS, "x", &pointer), STATUS_INVALID);
    assert_int_equal(vrange_map_memory(2 * SPACE_SIZE, VRANGE_MEMORY, "x", &pointer), STATUS_NO_MEMORY);
    assert_null(pointer);
    assert_int_equal(vrange_map_memory(1, VRANGE_MEMORY, "x", &pointer), STATUS_OK);
    vrange_unmap(pointer);
    void *wrong[] = { pointer, NULL, (void *)(uintptr_t)(SPACE_START + SPACE_SIZE) };
    for (unsigned int i = 0; i < ARRAY_LEN(wrong); i++) {
        hosted_wrong_expected = true;
        vrange_unmap(wrong[i]);
        assert_int_equal(hosted_wrong_count, i + 1);
        assert_non_null(strstr(hosted_wrong_words, "in no range"));
    }
    expect_nothing_left();
}

/* What is refused leaves no trace, and what is not is there to the last byte. */
static void sizes_at_the_edges_are_mapped_whole_or_refused(void **state)
{
    (void)state;
    start(1);
    for (unsigned int n = 0; n < EDGES; n++) {
        uint64_t size = edge_number(n);
        void *pointer = NULL;
        status_t status = vrange_map_memory(size, VRANGE_MEMORY, "edge", &pointer);
        assert_true((status == STATUS_OK) == (pointer != NULL));
        assert_true(status == (size == 0 || size > UINT64_MAX - PAGE_SIZE + 1 ? STATUS_INVALID
                               : size <= MIB(16)                              ? STATUS_OK
                                                                              : STATUS_NO_MEMORY) ||
                    (size > MIB(16) && size < SPACE_SIZE));
        if (pointer) {
            expect_range(pointer, size, PAGE_WRITE);
            vrange_unmap(pointer);
        }
        expect_nothing_left();
    }
}

static void device_ranges_at_the_edges_are_mapped_whole_or_refused(void **state)
{
    (void)state;
    start(1);
    unsigned int mapped = 0;
    for (unsigned int n = 0; n < EDGES; n++)
        for (unsigned int m = 0; m < EDGES; m += n % 7 + 1) {
            uint64_t address = edge_number(n), size = edge_number(m), end;
            bool is_valid = size != 0 && !__builtin_add_overflow(address, size, &end) && end <= BIT(52);
            void *pointer = NULL;
            status_t status = vrange_map_device(phys(address), size, PAGE_WRITE, "edge", &pointer);
            assert_true((status == STATUS_OK) == (pointer != NULL));
            assert_true(is_valid ? status != STATUS_INVALID : status == STATUS_INVALID);
            /* Two more pages for its ends, and up to 2 MiB on either side for larger pages. */
            assert_true(!is_valid || (size <= SPACE_SIZE - MIB(5)) == (status == STATUS_OK) ||
                        size < SPACE_SIZE);
            if (!pointer)
                continue;
            expect_range(pointer, size, PAGE_WRITE);
            vrange_unmap(pointer);
            memset(stale, 0, sizeof(stale));
            mapped++;
        }
    assert_true(mapped > 5000);
    expect_nothing_left();
}

static void ram_is_not_shown_with_another_type_than_the_direct_map_has(void **state)
{
    (void)state;
    start(1);
    void *pointer = NULL;
    /* A direct map of two pages, with a hole between. */
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START + MIB(8), phys(MIB(8)), PAGE_SIZE, PAGE_WRITE),
                     STATUS_OK);
    assert_int_equal(paging_map(&paging, DIRECT_MAP_START + MIB(10), phys(MIB(10)), PAGE_SIZE, PAGE_WRITE),
                     STATUS_OK);
    const struct {
        uint64_t address, size;
        unsigned int access;
        status_t status;
    } cases[] = {
        { MIB(8), 1, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(8) + 4095, 1, PAGE_WRITE_COMBINING | PAGE_WRITE, STATUS_EXISTS },
        { MIB(8) - 1, 2, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(9), MIB(1) + 1, PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(1), MIB(30), PAGE_UNCACHED, STATUS_EXISTS },
        { MIB(8), 4096, PAGE_WRITE, STATUS_OK }, /* write-back, as the direct map */
        { MIB(8) + 4096, MIB(2) - 4096, PAGE_UNCACHED, STATUS_OK },
        { MIB(8) - 4096, 4096, PAGE_UNCACHED, STATUS_OK },
        { DIRECT_MAP_END - DIRECT_MAP_START, 4096, PAGE_UNCACHED,
          STATUS_OK }, /* behind all that it can show */
        { DIRECT_MAP_END - DIRECT_MAP_START - 4096, 8192, PAGE_UNCACHED, STATUS_OK },
    };
    for (unsigned int i = 0; i < ARRAY_LEN(cases); i++) {
        pointer = NULL;
        assert_int_equal(
            vrange_map_device(phys(cases[i].address), cases[i].size, cases[i].access, "x", &pointer),
            cases[i].status);
        assert_true((cases[i].status == STATUS_OK) == (pointer != NULL));
        if (pointer)
            vrange_unmap(pointer);
    }
    assert_int_equal(paging_unmap(&paging, DIRECT_MAP_START + MIB(8), MIB(4)), STATUS_OK);
    expect_nothing_left();
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
    uint64_t random = hosted_cpu + 1;
    for (unsigned int i = 0; i < 2500; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned int choice = (unsigned int)(random >> 33), n = choice % ARRAY_LEN(mine);
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
        cmocka_unit_test(a_device_is_not_shown_with_two_types),
        cmocka_unit_test(large_devices_are_mapped_in_large_pages),
        cmocka_unit_test(nonsense_is_refused_and_a_wrong_end_is_named),
        cmocka_unit_test(sizes_at_the_edges_are_mapped_whole_or_refused),
        cmocka_unit_test(device_ranges_at_the_edges_are_mapped_whole_or_refused),
        cmocka_unit_test(ram_is_not_shown_with_another_type_than_the_direct_map_has),
        cmocka_unit_test(every_request_can_fail_and_nothing_leaks),
        cmocka_unit_test(threads_get_ranges_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

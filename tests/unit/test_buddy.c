/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The buddy allocator against a model with a byte per frame: random operations on machines of several
 * shapes, every zone and order exhausted and recovered, wrong frees, threads.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include "buddy_machine.h"
#include "seed.h"

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static void start(void)
{
    hosted_cpu = 0;
    hosted_cpu_count = 1;
    hosted_wrong_count = 0;
    hosted_wrong_expected = false;
    assert_int_equal(machine_start(), STATUS_OK);
    model_start();
}

/* Splitting a region takes 2 MiB for its descriptors; the model is updated by the count. */
static uint64_t metadata_at_start;

static uint64_t metadata_now(void)
{
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return stats.metadata;
}

static void check_count(void)
{
    assert_int_equal(buddy_free_frames() + metadata_now() - metadata_at_start,
                     model_count(0, model_frames, MODEL_FREE));
}

struct live {
    uint64_t frame;
    unsigned int order;
};
static struct live live[1 << 16];
static size_t live_count;

static void note(phys_t block, unsigned int order, phys_t below)
{
    uint64_t frame = block.raw >> PAGE_SHIFT;
    assert_true(is_aligned(frame, BIT(order)));
    assert_true(block.raw + (PAGE_SIZE << order) <= below.raw);
    assert_true(model_is(frame, order, MODEL_FREE));
    model_set(frame, BIT(order), MODEL_USED);
    live[live_count++] = (struct live){ frame, order };
}

static void release(size_t index)
{
    struct live block = live[index];
    live[index] = live[--live_count];
    model_set(block.frame, BIT(block.order), MODEL_FREE);
    if (block.order == 0 && seed_below(2))
        frame_free(port_pointer(phys(block.frame << PAGE_SHIFT)));
    else
        buddy_free(phys(block.frame << PAGE_SHIFT), block.order);
}

static void one_operation(bool is_exact)
{
    static const uint64_t limits[] = { MIB(1), MIB(16), GIB(4), MIB(3) + PAGE_SIZE, MIB(700) };
    if (live_count > 0 && (seed_below(100) < 48 || live_count == ARRAY_LEN(live))) {
        release(seed_below((unsigned int)live_count));
        return;
    }
    unsigned int order = seed_below(3) == 0 ? seed_below(BUDDY_ORDERS) : seed_below(4);
    phys_t below = seed_below(4) == 0 ? phys(limits[seed_below(ARRAY_LEN(limits))]) : BUDDY_ANYWHERE;
    phys_t block = buddy_alloc_where(order, BUDDY_URGENT, below, BUDDY_ANY_NODE);
    if (phys_is_valid(block))
        note(block, order, below);
    else if (is_exact)
        assert_false(model_has(order, 0, below.raw >> PAGE_SHIFT));
}

static void free_everything(void)
{
    while (live_count > 0)
        release(live_count - 1);
    frame_cache_drain();
    check_count();
}

static void run_random(unsigned int operations, bool is_exact)
{
    start();
    metadata_at_start = metadata_now();
    check_count();
    struct buddy_stats before, after;
    buddy_stats(BUDDY_ANY_NODE, &before);
    for (unsigned int i = 0; i < operations; i++) {
        one_operation(is_exact);
        if (i % (operations / 20) == 0)
            check_count();
    }
    free_everything();
    buddy_stats(BUDDY_ANY_NODE, &after);
    if (is_exact)
        assert_memory_equal(before.zones, after.zones, sizeof(before.zones));
}

static void random_operations_agree_with_a_byte_map(void **state)
{
    (void)state;
    seed_from_environment();
    static const uint64_t sizes[] = { MIB(16), MIB(33), MIB(64), MIB(512) };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        machine_pc(sizes[i]);
        run_random(60000, true);
    }
    machine_pc(GIB(6));
    run_random(60000, false);
}

static void all_memory_can_be_allocated_and_freed(void **state)
{
    (void)state;
    seed_from_environment();
    for (unsigned int order = 0; order < BUDDY_ORDERS; order++) {
        machine_pc(MIB(64));
        start();
        metadata_at_start = metadata_now();
        for (;;) {
            phys_t block = buddy_alloc_where(order, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
            if (!phys_is_valid(block))
                break;
            note(block, order, BUDDY_ANYWHERE);
        }
        assert_false(model_has(order, 0, model_frames));
        if (order == 0)
            assert_int_equal(model_count(0, model_frames, MODEL_FREE), 0);
        free_everything();
    }
}

static void a_wrong_free_is_reported_and_changes_nothing(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start();
    metadata_at_start = metadata_now();
    phys_t pair = buddy_alloc(1, 0);
    void *page = frame_alloc();
    frame_free(page);
    hosted_wrong_expected = true;

    static const char *const words[] = { "another order",          "free already",       "no frame begins",
                                         "no block of that order", "not in memory that", "free already",
                                         "never the allocator's" };
    for (unsigned int i = 0; i < ARRAY_LEN(words); i++) {
        switch (i) {
        case 0:
            buddy_free(pair, 0);
            break;
        case 1:
            frame_free(page);
            break;
        case 2:
            buddy_free(phys_add(pair, 8), 1);
            break;
        case 3:
            buddy_free(phys_add(pair, PAGE_SIZE), 1);
            break;
        case 4:
            buddy_free(phys(TIB(3)), 0);
            break;
        case 5:
            buddy_free(phys_add(pair, PAGE_SIZE), 0);
            break;
        case 6:
            buddy_free(phys(0), 0);
            break;
        }
        assert_int_equal(hosted_wrong_count, i + 1);
        assert_non_null(strstr(hosted_wrong_words, words[i]));
        assert_non_null(strstr(hosted_wrong_words, "freed from"));
    }
    hosted_wrong_expected = false;
    buddy_free(pair, 1);
    frame_cache_drain();
    check_count();
}

static void added_memory_can_be_allocated(void **state)
{
    (void)state;
    machine_pc(MIB(64));
    start();
    uint64_t before = buddy_free_frames();
    assert_int_equal(buddy_add(phys(MIB(3)), phys(MIB(5))), STATUS_OK);
    assert_int_equal(buddy_free_frames(), before + MIB(2) / PAGE_SIZE);
    assert_int_equal(buddy_add(phys(MIB(3)), phys(MIB(5))), STATUS_INVALID);
    assert_int_equal(buddy_add(phys(MIB(8)), phys(MIB(8) + PAGE_SIZE)), STATUS_INVALID);
    assert_int_equal(buddy_add(phys(0), phys(PAGE_SIZE)), STATUS_OK); /* it shares a chunk with ours */
    assert_int_equal(buddy_free_frames(), before + MIB(2) / PAGE_SIZE + 1);
}

/* Not under ThreadSanitizer, whose shadow memory leaves too little address space. */
#ifndef __SANITIZE_THREAD__
static void metadata_of_16_tib_touches_a_few_mib(void **state)
{
    (void)state;
    machine_pc(TIB(16));
    hosted_cpu_count = 1;
    assert_int_equal(machine_start(), STATUS_OK);
    struct buddy_stats stats;
    buddy_stats(BUDDY_ANY_NODE, &stats);
    assert_true(stats.zones[BUDDY_ZONE_HIGH].blocks[18] > 16000);
    phys_t whole = buddy_alloc(18, 0);
    assert_true(phys_is_valid(whole));
    for (unsigned int i = 0; i < 1000; i++)
        assert_non_null(frame_alloc());
    buddy_free(whole, 18);
    assert_true(hosted_touched_bytes() < MIB(4));
    assert_true(hosted_touched_descriptor_bytes() < MIB(8));
}
#endif

/* ---- threads ---- */

#define THREADS 4
static uint8_t *owners;

static void *work(void *argument)
{
    hosted_cpu = (unsigned int)(uintptr_t)argument;
    uint64_t state = hosted_cpu * 7919 + 1;
    struct live mine[256];
    size_t count = 0;
    for (unsigned int i = 0; i < 40000; i++) {
        unsigned int choice = (unsigned int)(prng_next(&state) >> 40);
        if (count == ARRAY_LEN(mine) || (count > 0 && choice % 2)) {
            size_t index = (choice >> 1) % count;
            struct live block = mine[index];
            mine[index] = mine[--count];
            for (uint64_t f = block.frame; f < block.frame + BIT(block.order); f++)
                if (__atomic_exchange_n(&owners[f], 0, __ATOMIC_RELAXED) != hosted_cpu + 1)
                    abort();
            if (block.order == 0)
                frame_free(port_pointer(phys(block.frame << PAGE_SHIFT)));
            else
                buddy_free(phys(block.frame << PAGE_SHIFT), block.order);
            continue;
        }
        unsigned int order = choice & 8 ? 0 : (choice >> 4) % 11;
        phys_t block = buddy_alloc(order, 0);
        if (!phys_is_valid(block))
            continue;
        mine[count++] = (struct live){ block.raw >> PAGE_SHIFT, order };
        for (uint64_t f = block.raw >> PAGE_SHIFT; f < (block.raw >> PAGE_SHIFT) + BIT(order); f++)
            if (__atomic_exchange_n(&owners[f], (uint8_t)(hosted_cpu + 1), __ATOMIC_RELAXED) != 0)
                abort();
    }
    while (count > 0) {
        struct live block = mine[--count];
        for (uint64_t f = block.frame; f < block.frame + BIT(block.order); f++)
            owners[f] = 0;
        buddy_free(phys(block.frame << PAGE_SHIFT), block.order);
    }
    frame_cache_drain();
    return NULL;
}

static void threads_never_share_a_frame_and_all_are_freed(void **state)
{
    (void)state;
    static const uint64_t sizes[] = { MIB(24), MIB(128) };
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        machine_pc(sizes[s]);
        hosted_cpu_count = THREADS;
        hosted_wrong_expected = false;
        assert_int_equal(machine_start(), STATUS_OK);
        model_start();
        metadata_at_start = metadata_now();
        struct buddy_stats before, after;
        buddy_stats(BUDDY_ANY_NODE, &before);
        owners = calloc(model_frames, 1);
        pthread_t threads[THREADS];
        for (uintptr_t i = 0; i < THREADS; i++)
            pthread_create(&threads[i], NULL, work, (void *)i);
        for (unsigned int i = 0; i < THREADS; i++)
            pthread_join(threads[i], NULL);
        free(owners);
        buddy_stats(BUDDY_ANY_NODE, &after);
        assert_memory_equal(before.zones, after.zones, sizeof(before.zones));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_a_byte_map),
        cmocka_unit_test(all_memory_can_be_allocated_and_freed),
        cmocka_unit_test(a_wrong_free_is_reported_and_changes_nothing),
        cmocka_unit_test(added_memory_can_be_allocated),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(metadata_of_16_tib_touches_a_few_mib),
#endif
        cmocka_unit_test(threads_never_share_a_frame_and_all_are_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The drain of a CPU's frame and block caches in small parts, as cross-calls do it with interrupts off.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "buddy_machine.h"

#define FRAMES 1000
#define WORDS  40
#define BLOCKS 6 /* of each order */

static void *pages[FRAMES];
static phys_t blocks[BLOCKS];

static void start(void)
{
    hosted_cpu = 0;
    hosted_cpu_count = 1;
    hosted_wrong_count = 0;
    machine_pc(GIB(2));
    assert_int_equal(machine_start(), STATUS_OK);
    frame_cache_drain();
    assert_int_equal(buddy_cached_frames(), 0);
}

/* Allocates frames past the cache, so that all of them may be freed into it. */
static void take_pages(void)
{
    for (unsigned int i = 0; i < FRAMES; i++) {
        phys_t frame = buddy_alloc_where(0, 0, BUDDY_ANYWHERE, 0);
        assert_true(phys_is_valid(frame));
        port_frame(port_pointer(frame))->state = frame_state(FRAME_TAKEN, 0, 0);
        pages[i] = port_pointer(frame);
    }
}

static void fill_blocks(void)
{
    for (unsigned int order = 1; order <= 9; order++) {
        for (unsigned int i = 0; i < BLOCKS; i++) {
            blocks[i] = buddy_alloc(order, 0);
            assert_true(phys_is_valid(blocks[i]));
        }
        for (unsigned int i = 0; i < BLOCKS; i++)
            buddy_free(blocks[i], order);
    }
}

/* Return: what frame_cache_drain_some() returns, which is what it gave. */
static uint64_t drain_some(void)
{
    uint64_t cached = buddy_cached_frames(), free_frames = buddy.free;
    uint64_t given = frame_cache_drain_some();
    assert_int_equal(buddy_cached_frames(), cached - given);
    assert_int_equal(buddy.free, free_frames + given);
    return given;
}

static void a_part_is_at_most_64_frames(void **state)
{
    unsigned int parts = 0;
    (void)state;
    start();
    take_pages();
    for (unsigned int i = 0; i < FRAMES; i++)
        frame_free(pages[i]);
    uint64_t cached = buddy_cached_frames();
    assert_int_equal(cached, FRAMES);
    for (uint64_t given; (given = drain_some()) > 0; parts++)
        assert_true(given <= 64);
    assert_int_equal(buddy_cached_frames(), 0);
    /* They are neighbours, so a part has as many as it may have. */
    assert_true(parts <= FRAMES / 32);
}

/* One frame of each word: each word costs an acquisition of the lock. */
static void a_part_is_at_most_four_words(void **state)
{
    static uint64_t seen[WORDS];
    unsigned int words = 0;
    (void)state;
    start();
    take_pages();
    for (unsigned int i = 0; i < FRAMES && words < WORDS; i++) {
        uint64_t word = port_phys(pages[i]).raw / PAGE_SIZE / 64;
        bool is_new = true;
        for (unsigned int n = 0; n < words; n++)
            is_new = is_new && seen[n] != word;
        if (!is_new)
            continue;
        seen[words++] = word;
        frame_free(pages[i]);
    }
    assert_in_range(words, 8, WORDS);
    while (words > 0) {
        uint64_t given = drain_some();
        assert_in_range(given, 1, 4);
        words -= (unsigned int)given;
    }
    assert_int_equal(drain_some(), 0);
}

static void blocks_follow_in_batches_until_the_caches_are_empty(void **state)
{
    (void)state;
    start();
    take_pages();
    frame_free(pages[0]);
    fill_blocks();
    uint64_t blocks_frames = buddy_cached_frames() - 1, sum = 0;
    assert_true(blocks_frames >= 9 * BLOCK_CACHE_BATCH);
    assert_int_equal(drain_some(), 1);
    for (uint64_t given; (given = drain_some()) > 0; sum += given) {
        uint64_t count = given >> __builtin_ctzll(given);
        assert_true(count <= BLOCK_CACHE_BATCH);
    }
    assert_int_equal(sum, blocks_frames);
    assert_int_equal(buddy_cached_frames(), 0);
    assert_int_equal(hosted_wrong_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_part_is_at_most_64_frames),
        cmocka_unit_test(a_part_is_at_most_four_words),
        cmocka_unit_test(blocks_follow_in_batches_until_the_caches_are_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

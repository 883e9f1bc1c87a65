/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The invariants at the head of mm/frames/tree.c, checked while no CPU is in the allocator. For machines
 * whose memory is in one region that is split.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../mm/frames/buddy_private.h"

static void check_orders(unsigned int orders, const struct bits512 *bits)
{
    assert_true(orders <= BITS512_ORDERS);
    for (unsigned int order = 0; order <= BITS512_ORDERS; order++)
        assert_int_equal(bits512_has(bits, order), order < orders);
}

static UNUSED void check_buddy_invariants(void)
{
    uint64_t counted = 0, has[HINT_ORDERS] = { 0 };
    const struct region *region = &buddy.regions[0];
    assert_int_equal(buddy.region_count, 1);
    assert_int_equal(buddy.free_regions[0], 0);
    check_orders(region->whole_orders, &region->whole);
    for (unsigned int order = 0; order < region->whole_orders; order++)
        has[CHUNK_ORDER + order] = 1;
    for (unsigned int chunk = 0; chunk < REGION_CHUNKS; chunk++) {
        bool is_whole = region->whole.word[chunk / 64] >> chunk % 64 & 1;
        unsigned int orders = region->orders[chunk];
        if (is_whole)
            counted += CHUNK_FRAMES;
        assert_false(is_whole && orders > 0);
        for (unsigned int order = 0; order < CHUNK_ORDER; order++)
            assert_int_equal(region->hints[chunk / 64][order] >> chunk % 64 & 1, order < orders);
        for (unsigned int order = 0; order < orders; order++)
            has[order] = 1;
        if (!(region->described[chunk / 64] >> chunk % 64 & 1)) {
            assert_int_equal(orders, 0);
            continue;
        }
        check_orders(orders, &region->chunks[chunk]);
        for (unsigned int word = 0; word < BITS512_WORDS; word++)
            for (uint64_t bits = region->chunks[chunk].word[word]; bits != 0; bits &= bits - 1)
                counted++;
    }
    for (unsigned int order = 0; order < HINT_ORDERS; order++)
        assert_int_equal(buddy.hints[order][0], has[order]);
    assert_int_equal(counted, buddy.free);
}

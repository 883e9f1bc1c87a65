/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of restartable sequences, sorted by address, and a map of the code: which of its blocks have a
 * part of a sequence. Almost every interrupt comes elsewhere, and ends at a bit of the map; the search costs
 * 15 instructions for each doubling of the table.
 */
#include <trap/restart.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <cpu/image.h>

#define BLOCKS          4096
#define BLOCK_SHIFT_MIN 5

struct sequence {
    uint64_t first, commit;
};

/* kernel64.ld */
extern struct sequence __restarts_start[], __restarts_end[];

uint64_t restart_lowest, restart_highest;

/* Of blocks of 2^block_shift bytes from restart_lowest on. */
static uint64_t blocks[BLOCKS / 64];
static unsigned int block_shift = BLOCK_SHIFT_MIN;

/* Checks the table, once it is sorted. */
static void check_sequences(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct sequence *sequence = &__restarts_start[i];
        CHECK(sequence->first < sequence->commit, "restart: a sequence has instructions before its commit");
        CHECK(i == 0 || sequence[-1].commit < sequence->first,
              "restart: sequences ascend, and none overlaps the next");
        CHECK(sequence->first >= (uintptr_t)__text_start && sequence->commit < (uintptr_t)__text_end,
              "restart: a sequence is code of the kernel");
    }
}

static void map_blocks(void)
{
    while ((restart_highest - restart_lowest) >> block_shift >= BLOCKS)
        block_shift++;
    for (const struct sequence *sequence = __restarts_start; sequence < __restarts_end; sequence++) {
        uint64_t block = (sequence->first - restart_lowest) >> block_shift;
        uint64_t last = (sequence->commit - restart_lowest) >> block_shift;
        for (; block <= last; block++)
            blocks[block / 64] |= BIT(block % 64);
    }
}

void restart_init(void)
{
    size_t count = (size_t)(__restarts_end - __restarts_start);
    for (size_t i = 1; i < count; i++) {
        struct sequence moved = __restarts_start[i];
        size_t at = i;
        for (; at > 0 && __restarts_start[at - 1].first > moved.first; at--)
            __restarts_start[at] = __restarts_start[at - 1];
        __restarts_start[at] = moved;
    }
    check_sequences(count);
    if (count > 0) {
        restart_lowest = __restarts_start[0].first;
        restart_highest = __restarts_start[count - 1].commit;
        map_blocks();
    }
}

void restart_look_up(struct trap_frame *frame)
{
    const struct sequence *low = __restarts_start, *high = __restarts_end;
    uint64_t block = (frame->rip - restart_lowest) >> block_shift;
    CHECK(block < BLOCKS, "restart: RIP is in the map of the code");
    if (LIKELY(!(blocks[block / 64] >> block % 64 & 1)))
        return;
    while (low < high) {
        const struct sequence *middle = low + (high - low) / 2;
        if (frame->rip > middle->commit) {
            low = middle + 1;
        } else if (frame->rip <= middle->first) {
            high = middle;
        } else {
            frame->rip = middle->first;
            return;
        }
    }
}

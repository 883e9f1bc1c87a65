/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The longest stretch with interrupts off while memory is used up in blocks of 2 MiB, so that each GiB that
 * is free as a whole is split for the first time and gets a struct and memory for its descriptors.
 *
 * That happens once for each GiB, which is too seldom for the sampling of bench_latency.c. Here the timer's
 * handler arms it again so soon that some 200 instructions run between two interrupts. So it is due early
 * in each long stretch, and late by most of it. The figure is the LATEST-th longest delay, because handlers
 * of other timers run in between, less the delay in an empty loop. Under -icount shift=0 a tick of the
 * time-stamp counter is a nanosecond and an instruction.
 */
#include <ashlar/bench.h>
#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/kmalloc.h>

#include <cpu/insn.h>
#include <time/clock.h>
#include <time/timer.h>

#define ORDER     9
/* Arming it and returning from the handler take 600 of these. */
#define PERIOD_NS 800
/* So many GiB have to be free as a whole; other memory is in the way of one or two. */
#define LATEST    4
#define NEEDS_GIB 6

/* In ticks: the clock may be set right meanwhile. Latest first. */
static uint64_t due, latest[LATEST];

static void arm(struct timer *timer)
{
    uint64_t now_ns = clock_now_ns();
    due = cpu_read_tsc() + PERIOD_NS;
    timer_arm(timer, now_ns + PERIOD_NS);
}

static void note_late(struct timer *timer, void *context)
{
    uint64_t now = cpu_read_tsc(), late = now > due ? now - due : 0;
    (void)context;
    for (unsigned int i = 0; i < LATEST; i++) {
        uint64_t other = latest[i];
        if (late > other) {
            latest[i] = late;
            late = other;
        }
    }
    arm(timer);
}

static uint64_t late_while(void (*run)(void))
{
    struct timer timer;
    for (unsigned int i = 0; i < LATEST; i++)
        latest[i] = 0;
    timer_init(&timer, note_late, NULL);
    arm(&timer);
    run();
    timer_cancel_wait(&timer);
    return latest[LATEST - 1];
}

static void nothing(void)
{
    for (volatile unsigned int i = 0; i < 10000; i++)
        ;
}

/* Not chained in the blocks themselves: the host would have to provide all that memory. */
#define BLOCKS_MOST 16384

static phys_t *blocks;
static unsigned int block_count;

/* Where this cannot be measured, the descriptors are left as they are for bench_latency.c. */
static bool prepare(void)
{
    if (buddy_free_frames() * PAGE_SIZE < GIB(NEEDS_GIB))
        return false;
    blocks = kmalloc(BLOCKS_MOST * sizeof(*blocks));
    return blocks != NULL;
}

static void end(void)
{
    kfree(blocks);
}

static void take_all(void)
{
    for (block_count = 0; block_count < BLOCKS_MOST; block_count++) {
        phys_t block = buddy_alloc_where(ORDER, BUDDY_URGENT, BUDDY_ANYWHERE, BUDDY_ANY_NODE);
        if (!phys_is_valid(block))
            break;
        blocks[block_count] = block;
    }
}

static void give_all(void)
{
    while (block_count > 0)
        buddy_free(blocks[--block_count], ORDER);
}

/* One figure. Only the first run on a machine means something: a struct and descriptors stay. */
static unsigned int off_for_regions(uint64_t *values, unsigned int capacity)
{
    (void)capacity;
    uint64_t always = late_while(nothing), late = late_while(take_all);
    give_all();
    end();
    values[0] = late > always ? late - always : 0;
    return 1;
}
BENCH_COLLECTS(worst_0_a_regions, "worst.interrupts_off.regions", "tsc", prepare, off_for_regions);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Allocators that are interrupted by their own use: a timer's handler allocates and frees while the code
 * that it interrupts does the same. The objects of both are marked, so that two owners of one object are
 * detected.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/prng.h>
#include <ashlar/time_units.h>

#include <cpu/physical.h>
#include <time/clock.h>
#include <time/timer.h>
#include <trap/restart.h>

#define HELD         64
#define BLOCKS_HELD  4
#define BLOCK_ORDER  2
#define ROUNDS       300000
#define INTERRUPTS   500
#define FEW          50 /* of a run with a failing request, of which a sweep has hundreds */
#define PERIOD_NS    (20 * NS_PER_US)
#define THREADS_MARK 0x7472656164000000ULL
#define HANDLER_MARK 0x68616e646c000000ULL

struct owner {
    uint64_t mark;
    uint64_t random;
    uint64_t *objects[HELD];
    uint64_t *frames[HELD];
    uint64_t *blocks[BLOCKS_HELD];
    unsigned int wrong;
};

static void drop(struct owner *owner, uint64_t **held, uint64_t mark, void (*give)(uint64_t *))
{
    if (!*held)
        return;
    if (**held != mark)
        owner->wrong++;
    give(*held);
    *held = NULL;
}

static void give_object(uint64_t *object)
{
    kfree(object);
}

static void give_frame(uint64_t *frame)
{
    frame_free(frame);
}

static void give_block(uint64_t *block)
{
    buddy_free(pointer_to_phys(block), BLOCK_ORDER);
}

static uint64_t *take_block(void)
{
    phys_t block = buddy_alloc(BLOCK_ORDER, 0);
    return phys_is_valid(block) ? phys_to_pointer(block) : NULL;
}

/* Replaces one object, one frame and one block. Allocates before it frees, so that the top of each stack
 * changes. */
static void replace(struct owner *owner)
{
    unsigned int at = (unsigned int)(prng_next(&owner->random) >> 40) % HELD, place = at % BLOCKS_HELD;
    uint64_t *object = kmalloc(64), *frame = frame_alloc(), *block = take_block();
    drop(owner, &owner->objects[at], owner->mark | at, give_object);
    drop(owner, &owner->frames[at], ~owner->mark ^ at, give_frame);
    drop(owner, &owner->blocks[place], owner->mark + place, give_block);
    owner->blocks[place] = block;
    if (block)
        *block = owner->mark + place;
    owner->objects[at] = object;
    owner->frames[at] = frame;
    if (object)
        *object = owner->mark | at;
    if (frame)
        *frame = ~owner->mark ^ at;
}

static void drop_all(struct owner *owner)
{
    for (unsigned int at = 0; at < HELD; at++) {
        drop(owner, &owner->objects[at], owner->mark | at, give_object);
        drop(owner, &owner->frames[at], ~owner->mark ^ at, give_frame);
    }
    for (unsigned int at = 0; at < BLOCKS_HELD; at++)
        drop(owner, &owner->blocks[at], owner->mark + at, give_block);
}

/* ---- several at once, which is no restartable sequence but pinned ---- */

#define BULK 48

static unsigned int thread_found_wrong;
static struct slab_cache *cache;
static uint64_t *bulk[BULK];
static uint64_t *handlers_object;

static void use_bulk(void)
{
    size_t count = slab_alloc_bulk(cache, (void **)bulk, BULK);
    for (size_t i = 0; i < count; i++)
        *bulk[i] = THREADS_MARK | i;
    for (size_t i = 0; i < count; i++)
        if (*bulk[i] != (THREADS_MARK | i))
            thread_found_wrong++;
    slab_free_bulk(cache, (void *const *)bulk, count);
}

/* Allocates before it frees, here too. */
static void use_one(void)
{
    uint64_t *object = slab_alloc(cache);
    if (handlers_object)
        slab_free(cache, handlers_object);
    handlers_object = object;
    if (object)
        *object = HANDLER_MARK;
}

static struct owner thread, handler;
static volatile unsigned int interrupts, interrupts_wanted;

/* The thread gets as long as the handler took, or it would never run again on a CPU that needs the whole
   period for one interrupt. */
static void interrupt(struct timer *timer, void *context)
{
    (void)context;
    uint64_t start_ns = clock_now_ns();
    for (unsigned int i = 0; i < 5; i++)
        replace(&handler);
    use_one();
    uint64_t now_ns = clock_now_ns();
    if (++interrupts < interrupts_wanted)
        timer_arm(timer, now_ns + (now_ns - start_ns) + PERIOD_NS);
}

KTEST(interrupted, handlers_may_allocate_in_the_middle_of_an_allocation)
{
    struct timer timer;
    if (!timer_interrupts())
        SKIP_TEST("timers do not interrupt");
    thread = (struct owner){ .mark = THREADS_MARK, .random = 1 };
    handler = (struct owner){ .mark = HANDLER_MARK, .random = 2 };
    interrupts = thread_found_wrong = 0;
    interrupts_wanted = fault_may_fail() ? FEW : INTERRUPTS;
    handlers_object = NULL;
    cache = slab_cache_create("test", 64, 8, NULL);
    ASSERT_THAT(cache != NULL);
    timer_init(&timer, interrupt, NULL);
    timer_arm(&timer, clock_now_ns());
    for (unsigned int i = 0; i < ROUNDS && interrupts < interrupts_wanted; i++)
        if (i % 8)
            replace(&thread);
        else
            use_bulk();
    timer_cancel_wait(&timer);
    if (handlers_object)
        slab_free(cache, handlers_object);
    EXPECT(slab_cache_destroy(cache) == STATUS_OK);
    drop_all(&thread);
    drop_all(&handler);
    EXPECT(interrupts > 0);
    EXPECT(thread.wrong == 0 && thread_found_wrong == 0);
    EXPECT(handler.wrong == 0);
}

/* kernel64.ld; as trap/restart.c has it. */
extern const struct {
    uint64_t first, commit;
} __restarts_start[], __restarts_end[];

static uint64_t after_interrupt_at(uint64_t rip)
{
    struct trap_frame frame = { .rip = rip };
    restart_apply(&frame);
    return frame.rip;
}

KTEST(interrupted, a_sequence_is_restarted_only_where_it_was_interrupted)
{
    EXPECT(__restarts_end - __restarts_start > 4);
    for (size_t i = 0; __restarts_start + i < __restarts_end; i++) {
        uint64_t first = __restarts_start[i].first, commit = __restarts_start[i].commit;
        EXPECT(commit > first && commit - first < 64);
        EXPECT(after_interrupt_at(first) == first);
        for (uint64_t rip = first + 1; rip <= commit; rip++)
            EXPECT(after_interrupt_at(rip) == first);
        /* After the commit only if the next sequence has not begun. */
        if (__restarts_start + i + 1 == __restarts_end || __restarts_start[i + 1].first > commit)
            EXPECT(after_interrupt_at(commit + 1) == commit + 1);
        EXPECT(after_interrupt_at(first - 1) == first - 1 || i > 0);
    }
    EXPECT(after_interrupt_at(0) == 0);
    EXPECT(after_interrupt_at(UINT64_MAX) == UINT64_MAX);
}

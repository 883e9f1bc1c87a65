/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All processors at once: who they are, shootdowns, and the allocators, timers and locks that were tested on
 * one.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/shrink.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/spinlock.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/physical.h>
#include <irq/lapic.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>
#include <cpu/fixup.h>
#include <vm/address_space.h>

#include "on_every_cpu.h"

static uint32_t calls; /* atomic */

/* ---- who they are ---- */

static struct cpu_set seen;

static void be_seen(void *argument)
{
    unsigned int me = PERCPU_MINE(cpu_number);
    (void)argument;
    if (lapic_mode() != LAPIC_NONE && lapic_id() != ipi_apic_id(me))
        note_wrong();
    __atomic_fetch_or(&seen.words[me / 64], 1ULL << me % 64, __ATOMIC_RELAXED);
}

KTEST(smp, every_cpu_has_a_number_and_an_identity_of_its_own)
{
    struct cpu_set online;
    NEEDS_TWO();
    wrong = 0;
    seen = (struct cpu_set){ { 0 } };
    ASSERT_THAT(on_every_cpu(0, be_seen, NULL) == ipi_online_count());
    EXPECT(wrong == 0);
    ipi_online(&online);
    for (size_t i = 0; i < ARRAY_LEN(seen.words); i++)
        EXPECT(seen.words[i] == online.words[i]);
}

static uint64_t cr0, cr4, efer;

static void compare_registers(void *argument)
{
    (void)argument;
    if (cpu_read_cr0() != cr0 || cpu_read_cr4() != cr4 || cpu_read_msr(MSR_EFER) != efer ||
        cpu_read_cr3() != address_space()->root.raw)
        note_wrong();
}

KTEST(smp, every_cpu_is_protected_as_the_first)
{
    NEEDS_TWO();
    wrong = 0;
    cr0 = cpu_read_cr0();
    cr4 = cpu_read_cr4();
    efer = cpu_read_msr(MSR_EFER);
    ipi_call_all(compare_registers, NULL);
    EXPECT(wrong == 0);
}

/* ---- shootdown ---- */

/* So many times; fewer where many watch, because on a host with few CPUs a shootdown takes as many time
   slices. */
#define REMAPS       200
#define REMAPS_MOST  800
#define REMAPS_LEAST 8
#define LOOK_WAIT_NS 20000

static struct {
    volatile uint64_t *page; /* mapped to one frame after the other, each holding its number */
    uint64_t newest;         /* atomic: what the page shows since the last shootdown returned */
    bool is_over;            /* atomic */
    uint32_t watchers;       /* atomic: CPUs that have looked */
} remapped;

static void read_page(void *argument)
{
    *(uint64_t *)argument = *remapped.page;
}

/* Between unmapping and mapping the page is not there; that is seen, too, and is no fault of the
   shootdown's. */
static void watch_page(void)
{
    struct trap_frame caught;
    uint64_t number, least = __atomic_load_n(&remapped.newest, __ATOMIC_ACQUIRE);
    if (fixup_try(read_page, &number, &caught) && number < least)
        note_wrong();
}

static bool remap(void **frames)
{
    uint64_t virt = (uintptr_t)remapped.page;
    unsigned int fair = REMAPS_MOST / ipi_online_count();
    unsigned int remaps = fair > REMAPS ? REMAPS : fair > REMAPS_LEAST ? fair : REMAPS_LEAST;
    for (unsigned int i = 1; i <= remaps; i++) {
        *(uint64_t *)frames[i % 2] = i;
        if (paging_unmap(address_space(), virt, PAGE_SIZE) != STATUS_OK ||
            paging_map(address_space(), virt, port_phys(frames[i % 2]), PAGE_SIZE,
                       PAGE_WRITE | PAGE_GLOBAL) != STATUS_OK)
            return false;
        __atomic_store_n(&remapped.newest, i, __ATOMIC_RELEASE);
        for (unsigned int look = 0; look < 20; look++)
            cpu_relax();
    }
    return true;
}

static void remap_or_watch(void *argument)
{
    if (PERCPU_MINE(cpu_number) != 0) {
        watch_page();
        count_call(&remapped.watchers);
        while (!__atomic_load_n(&remapped.is_over, __ATOMIC_ACQUIRE)) {
            watch_page();
            cpu_relax();
        }
        return;
    }
    /* A host with few CPUs may take its time to run them all. */
    while (__atomic_load_n(&remapped.watchers, __ATOMIC_RELAXED) + 1 < ipi_online_count())
        timer_sleep_until(clock_now_ns() + LOOK_WAIT_NS);
    if (!remap(argument))
        note_wrong();
    __atomic_store_n(&remapped.is_over, true, __ATOMIC_RELEASE);
}

KTEST(smp, no_cpu_sees_a_page_as_it_was_before_a_shootdown)
{
    NEEDS_TWO();
    void *range, *frames[2] = { frame_alloc(), frame_alloc() };
    if (frames[0] && frames[1] && vrange_map_memory(PAGE_SIZE, VRANGE_MEMORY, "test", &range) == STATUS_OK) {
        struct page_mapping own;
        EXPECT(paging_query(address_space(), (uintptr_t)range, &own) == STATUS_OK);
        remapped.page = range;
        remapped.newest = remapped.watchers = wrong = 0;
        remapped.is_over = false;
        *remapped.page = 0;
        on_every_cpu(0, remap_or_watch, frames);
        EXPECT(wrong == 0);
        EXPECT(remapped.watchers > 0);
        /* The range gives back the frame that is its own. */
        EXPECT(paging_unmap(address_space(), (uintptr_t)range, PAGE_SIZE) == STATUS_OK);
        EXPECT(paging_map(address_space(), (uintptr_t)range, own.phys, PAGE_SIZE, own.access) == STATUS_OK);
        vrange_unmap(range);
    }
    for (unsigned int i = 0; i < 2; i++)
        if (frames[i])
            frame_free(frames[i]);
}

/* ---- memory ---- */

#define OBJECTS 200
#define ROUNDS  10

/* Objects of all sizes that hold what their owner wrote: two that overlap would not. */
static void use_objects(void *argument)
{
    static uint32_t callers; /* atomic */
    uint64_t **objects = kcalloc(OBJECTS, sizeof(*objects));
    uint64_t random = cpu_read_tsc() | 1, mark = (uint64_t)__atomic_fetch_add(&callers, 1, __ATOMIC_RELAXED)
                                                 << 32;
    (void)argument;
    if (!objects)
        return;
    for (unsigned int i = 0; i < ROUNDS * OBJECTS; i++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        unsigned int at = (unsigned int)(random >> 33) % OBJECTS;
        if (objects[at] && *objects[at] != (mark | at))
            note_wrong();
        kfree(objects[at]);
        objects[at] = kmalloc(16 + (random >> 20) % (i % 16 ? 500 : 20000));
        if (objects[at])
            *objects[at] = mark | at;
    }
    for (unsigned int at = 0; at < OBJECTS; at++) {
        if (objects[at] && *objects[at] != (mark | at))
            note_wrong();
        kfree(objects[at]);
    }
    kfree(objects);
}

KTEST(smp, objects_of_all_cpus_do_not_overlap)
{
    NEEDS_TWO();
    wrong = 0;
    on_every_cpu(0, use_objects, NULL);
    EXPECT(wrong == 0);
}

#define BLOCKS     24
#define LAST_ORDER 6

/* The first and the last word of a block say whose it is. */
static void mark_block(phys_t block, unsigned int order, uint64_t mark)
{
    uint64_t *words = phys_to_pointer(block);
    words[0] = words[(PAGE_SIZE << order) / sizeof(*words) - 1] = mark;
}

static bool is_marked(phys_t block, unsigned int order, uint64_t mark)
{
    const uint64_t *words = phys_to_pointer(block);
    return words[0] == mark && words[(PAGE_SIZE << order) / sizeof(*words) - 1] == mark;
}

static void give_block(phys_t *block, unsigned int order, uint64_t mark)
{
    if (!phys_is_valid(*block))
        return;
    if (!is_marked(*block, order, mark))
        note_wrong();
    buddy_free(*block, order);
    *block = PHYS_INVALID;
}

/* Blocks of all small orders come and go in a random order. */
static void use_blocks(void *argument)
{
    phys_t blocks[BLOCKS];
    uint64_t random = cpu_read_tsc() | 1, mark = (uint64_t)PERCPU_MINE(cpu_number) << 32 | 1;
    (void)argument;
    for (unsigned int i = 0; i < BLOCKS; i++)
        blocks[i] = PHYS_INVALID;
    for (unsigned int i = 0; i < ROUNDS * BLOCKS; i++) {
        random = random * 6364136223846793005 + 1442695040888963407;
        unsigned int at = (unsigned int)(random >> 33) % BLOCKS, order = at % (LAST_ORDER + 1);
        give_block(&blocks[at], order, mark + at);
        blocks[at] = buddy_alloc(order, 0);
        if (phys_is_valid(blocks[at]))
            mark_block(blocks[at], order, mark + at);
    }
    for (unsigned int at = 0; at < BLOCKS; at++)
        give_block(&blocks[at], at % (LAST_ORDER + 1), mark + at);
}

/* What this CPU keeps for itself, so that it does not count as lost. */
static void give_back(void *argument)
{
    (void)argument;
    frame_cache_drain();
}

KTEST(smp, blocks_of_all_cpus_do_not_overlap_and_all_come_back)
{
    struct buddy_stats before, after;
    NEEDS_TWO();
    wrong = 0;
    on_every_cpu(0, give_back, NULL);
    slab_reap();
    buddy_stats(BUDDY_ANY_NODE, &before);
    uint64_t free_before = buddy_free_frames();
    on_every_cpu(0, use_blocks, NULL);
    EXPECT(wrong == 0);
    on_every_cpu(0, give_back, NULL);
    slab_reap();
    buddy_stats(BUDDY_ANY_NODE, &after);
    EXPECT(buddy_free_frames() + (after.metadata - before.metadata) == free_before);
}

static void keep_frames(void *argument)
{
    void *frames[64];
    size_t count = frame_alloc_bulk(frames, ARRAY_LEN(frames));
    (void)argument;
    frame_free_bulk(frames, count);
}

KTEST(smp, what_idle_cpus_keep_is_given_back_when_memory_is_short)
{
    NEEDS_TWO();
    struct buddy_stats stats;
    on_every_cpu(0, keep_frames, NULL);
    buddy_stats(BUDDY_ANY_NODE, &stats);
    EXPECT(stats.cached > 0);
    shrink_memory(UINT32_MAX); /* more than there is, so that all are asked */
    buddy_stats(BUDDY_ANY_NODE, &stats);
    EXPECT(stats.cached == 0);
}

static void use_ranges(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 10; i++) {
        void *range;
        if (vrange_map_memory(3 * PAGE_SIZE, VRANGE_MEMORY, "test", &range) != STATUS_OK)
            continue;
        volatile uint64_t *words = range;
        uint64_t mark = (uintptr_t)&words ^ i;
        words[0] = words[1024] = mark;
        if (words[0] != mark || words[1024] != mark)
            note_wrong();
        vrange_unmap(range);
    }
}

KTEST(smp, ranges_may_come_and_go_on_all_cpus_at_once)
{
    NEEDS_TWO();
    wrong = 0;
    on_every_cpu(8, use_ranges, NULL);
    EXPECT(wrong == 0);
}

/* ---- locks, clock, timers ---- */

static struct spinlock lock = SPINLOCK("test", LOCK_TEST);
static uint64_t guarded;

static void count_with_lock(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 100; i++) {
        spin_lock(&lock);
        guarded++;
        if (spin_owner(&lock) != PERCPU_MINE(cpu_number))
            note_wrong();
        spin_unlock(&lock);
        if (spin_is_mine(&lock))
            note_wrong();
    }
}

KTEST(smp, a_lock_lets_one_in_at_a_time_and_knows_whom)
{
    NEEDS_TWO();
    guarded = wrong = 0;
    unsigned int cpus = on_every_cpu(4, count_with_lock, NULL);
    EXPECT(guarded == cpus * 100);
    EXPECT(wrong == 0);
    EXPECT(spin_owner(&lock) == SPIN_NOBODY);
}

/* As mm's are; and fair, whatever this machine is. */
static struct spinlock polling_lock = SPINLOCK("test polling", LOCK_TEST, LOCK_POLICY_MM);
static struct spinlock fair_lock = SPINLOCK("test fair", LOCK_TEST, .polls_calls = true);
static uint32_t served_calls; /* atomic */

/* The holder wants an answer of all CPUs, also of those that wait for the lock with interrupts masked. */
static void call_with_lock(void *argument)
{
    struct spinlock *held = argument;
    for (unsigned int i = 0; i < 10; i++) {
        irq_flags_t outside = local_irq_save();
        if (i % 2 == 0)
            local_irq_restore(outside);
        bool on = local_irq_is_enabled();
        spin_lock(held);
        guarded++;
        if (local_irq_is_enabled())
            note_wrong();
        ipi_call_all(count_call, &served_calls);
        spin_unlock(held);
        if (local_irq_is_enabled() != on)
            note_wrong();
        local_irq_restore(outside);
    }
}

KTEST(smp, waiters_of_a_polling_lock_serve_calls)
{
    NEEDS_TWO();
    guarded = wrong = served_calls = 0;
    unsigned int cpus = on_every_cpu(4, call_with_lock, &polling_lock);
    cpus += on_every_cpu(4, call_with_lock, &fair_lock);
    EXPECT(guarded == cpus * 10);
    EXPECT(served_calls == guarded * ipi_online_count());
    EXPECT(wrong == 0);
    EXPECT(spin_owner(&polling_lock) == SPIN_NOBODY && spin_owner(&fair_lock) == SPIN_NOBODY);
}

static uint64_t latest_ns; /* atomic: the latest time that any CPU has read */

static void read_clocks(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < 2000; i++) {
        uint64_t before = __atomic_load_n(&latest_ns, __ATOMIC_ACQUIRE);
        uint64_t now = clock_now_ns();
        if (now < before)
            note_wrong();
        while (now > before && !__atomic_compare_exchange_n(&latest_ns, &before, now, true, __ATOMIC_RELEASE,
                                                            __ATOMIC_RELAXED))
            ;
    }
}

KTEST(smp, time_does_not_go_back_from_one_cpu_to_another)
{
    NEEDS_TWO();
    wrong = 0;
    latest_ns = 0;
    on_every_cpu(0, read_clocks, NULL);
    EXPECT(wrong == 0);
}

/* ---- timers of all at once ---- */

#define TIMERS             16
#define TIMERS_APART_NS    100000
#define TIMERS_PATIENCE_NS 10000000000ULL

struct own_timers {
    struct timer timers[TIMERS];
    unsigned int cpu;
    uint32_t fired; /* atomic */
    uint64_t deadline_ns;
};

static void fire(struct timer *timer, void *context)
{
    struct own_timers *own = context;
    (void)timer;
    if (clock_now_ns() < own->deadline_ns)
        note_wrong();
    if (!clockevent_is_shared() && PERCPU_MINE(cpu_number) != own->cpu)
        note_wrong();
    count_call(&own->fired);
}

/* Half of them are cancelled and some moved, perhaps when they have fired; none fires twice, or is lost. */
static void use_timers(void *argument)
{
    struct own_timers *own = kcalloc(1, sizeof(*own));
    uint32_t expected = TIMERS;
    (void)argument;
    if (!own)
        return;
    own->cpu = PERCPU_MINE(cpu_number);
    own->deadline_ns = clock_now_ns() + 10000;
    for (unsigned int i = 0; i < TIMERS; i++) {
        timer_init(&own->timers[i], fire, own);
        timer_arm(&own->timers[i], own->deadline_ns + i * TIMERS_APART_NS);
    }
    for (unsigned int i = 0; i < TIMERS; i += 2)
        expected -= timer_cancel_wait(&own->timers[i]);
    for (unsigned int i = 1; i < TIMERS; i += 4)
        expected += !timer_arm(&own->timers[i], own->deadline_ns);
    uint64_t end_ns = clock_now_ns() + TIMERS_PATIENCE_NS;
    while (__atomic_load_n(&own->fired, __ATOMIC_RELAXED) < expected && clock_now_ns() < end_ns)
        timer_sleep_until(clock_now_ns() + 100000);
    for (unsigned int i = 0; i < TIMERS; i++)
        if (timer_cancel_wait(&own->timers[i]) != 0)
            note_wrong();
    if (own->fired != expected)
        note_wrong();
    kfree(own);
}

KTEST(smp, timers_of_all_cpus_fire_once_each)
{
    NEEDS_TWO();
    wrong = 0;
    on_every_cpu(0, use_timers, NULL);
    EXPECT(wrong == 0);
}

static void sleep_a_little(void *argument)
{
    uint64_t end_ns = clock_now_ns() + 1000000;
    timer_sleep_until(end_ns);
    if (clock_now_ns() < end_ns)
        note_wrong();
    count_call(argument);
}

KTEST(smp, every_cpu_has_timers)
{
    NEEDS_TWO();
    wrong = calls = 0;
    unsigned int cpus = on_every_cpu(0, sleep_a_little, &calls);
    EXPECT(calls == cpus);
    EXPECT(wrong == 0);
}

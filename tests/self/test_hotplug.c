/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Processors that go offline and online: their work continues on others, which are not affected.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <lib/string.h>
#include <smp/hotplug.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>

#include "on_every_cpu.h"

/* The number of CPUs tried, from the second on: on a busy host hundreds take minutes. */
#define CPUS_MOST 8

/* Return: the next CPU after @cpu to take offline; 0 when there is none. */
static unsigned int next_cpu(unsigned int cpu)
{
    unsigned int next = next_online_cpu(cpu);
    return next <= CPUS_MOST ? next : 0;
}

static bool is_online(unsigned int cpu)
{
    struct cpu_set online;
    ipi_online(&online);
    return cpu_set_has(&online, cpu);
}

KTEST(smp, a_cpu_goes_offline_and_online_again)
{
    NEEDS_TWO();
    unsigned int count = ipi_online_count();
    for (unsigned int cpu = 0; (cpu = next_cpu(cpu)) != 0;) {
        uint32_t calls = 0;
        struct work work = { .run = count_call, .argument = &calls };
        ASSERT_THAT(cpu_offline(cpu) == STATUS_OK);
        EXPECT(!is_online(cpu));
        EXPECT(ipi_online_count() == count - 1);
        ipi_call_all(count_call, &calls);
        EXPECT(calls == count - 1);
        ipi_call_one(cpu, count_call, &calls);
        EXPECT(!idle_queue_work(cpu, &work));
        EXPECT(!ipi_post(cpu, &work));
        EXPECT(calls == count - 1);
        EXPECT(cpu_offline(cpu) == STATUS_NOT_FOUND);

        ASSERT_THAT(cpu_online(cpu) == STATUS_OK);
        EXPECT(is_online(cpu));
        ipi_call_one(cpu, count_call, &calls);
        EXPECT(on_cpu(cpu, count_call, &calls));
        EXPECT(ipi_post(cpu, &work));
        ipi_wait(cpu, &work);
        EXPECT(calls == count + 2);
        EXPECT(cpu_online(cpu) == STATUS_EXISTS);
    }
    EXPECT(ipi_online_count() == count);
}

KTEST(smp, the_first_cpu_stays_online)
{
    EXPECT(cpu_offline(0) == STATUS_UNSUPPORTED);
    EXPECT(cpu_online(0) == STATUS_EXISTS);
    EXPECT(cpu_offline(percpu_count()) == STATUS_NOT_FOUND);
    EXPECT(cpu_online(percpu_count()) == STATUS_NOT_FOUND);
    EXPECT(is_online(0));
}

/* Of CPUs that firmware lists and that do not exist: with absentcpu=. */
KTEST(smp, a_cpu_that_did_not_start_gets_no_work)
{
    uint32_t calls = 0;
    struct work work = { .run = count_call, .argument = &calls };
    for (unsigned int cpu = 1; cpu < percpu_count(); cpu++) {
        if (is_online(cpu))
            continue;
        EXPECT(!idle_queue_work(cpu, &work));
        EXPECT(!ipi_post(cpu, &work));
        ipi_call_one(cpu, count_call, &calls);
    }
    EXPECT(calls == 0);
}

/* ---- timers ---- */

#define TIMERS     32
#define LATER_NS   (100 * NS_PER_MS)
#define TIMEOUT_NS (5 * NS_PER_SECOND)

static struct {
    struct timer timers[TIMERS];
    uint64_t deadline_ns;
    uint32_t fired, on_first; /* atomic */
} armed;

static void fire(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
    if (clock_now_ns() < armed.deadline_ns)
        note_wrong();
    if (PERCPU_MINE(cpu_number) == 0)
        __atomic_fetch_add(&armed.on_first, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&armed.fired, 1, __ATOMIC_RELAXED);
}

static void prepare_timers(uint64_t delay_ns)
{
    for (unsigned int i = 0; i < TIMERS; i++)
        timer_init(&armed.timers[i], fire, NULL);
    armed.fired = armed.on_first = 0;
    armed.deadline_ns = clock_now_ns() + delay_ns;
}

static void arm_all(void *argument)
{
    (void)argument;
    for (unsigned int i = 0; i < TIMERS; i++)
        timer_arm(&armed.timers[i], armed.deadline_ns + i);
}

/* Without arming one here, which would arm the hardware for the others, too. */
static void wait_for_timers(void)
{
    while (__atomic_load_n(&armed.fired, __ATOMIC_RELAXED) < TIMERS &&
           clock_now_ns() < armed.deadline_ns + TIMEOUT_NS)
        cpu_relax();
}

KTEST(smp, timers_of_an_offline_cpu_are_not_lost)
{
    NEEDS_TWO();
    if (!timer_interrupts() || clockevent_is_shared())
        SKIP_TEST("CPUs have no timers of their own");
    unsigned int cpu = next_cpu(0);
    wrong = 0;
    prepare_timers(LATER_NS);
    ASSERT_THAT(on_cpu(cpu, arm_all, NULL));
    ASSERT_THAT(cpu_offline(cpu) == STATUS_OK);
    bool was_in_time = clock_now_ns() < armed.deadline_ns;
    wait_for_timers();
    EXPECT(armed.fired == TIMERS);
    /* If the host delayed it, they fired on the old CPU. */
    EXPECT(!was_in_time || armed.on_first == TIMERS);
    EXPECT(wrong == 0);
    ASSERT_THAT(cpu_online(cpu) == STATUS_OK);
    prepare_timers(0);
    ASSERT_THAT(on_cpu(cpu, arm_all, NULL));
    while (__atomic_load_n(&armed.fired, __ATOMIC_RELAXED) < TIMERS)
        timer_sleep_until(clock_now_ns() + 100 * NS_PER_US);
    EXPECT(armed.on_first == 0);
}

/* Does not return before it is allowed to, and leaves armed timers. */
static bool may_end; /* atomic */

static void be_busy_and_arm(void *argument)
{
    while (!__atomic_load_n(&may_end, __ATOMIC_ACQUIRE))
        timer_sleep_until(clock_now_ns() + 1 * NS_PER_MS);
    arm_all(argument);
}

KTEST(smp, a_busy_cpu_goes_offline_after_its_work)
{
    struct work work = { .run = be_busy_and_arm };
    NEEDS_TWO();
    if (!timer_interrupts() || clockevent_is_shared())
        SKIP_TEST("CPUs have no timers of their own");
    unsigned int cpu = next_cpu(0);
    may_end = false;
    wrong = 0;
    ASSERT_THAT(idle_queue_work(cpu, &work));
    EXPECT(cpu_offline(cpu) == STATUS_TIMEOUT);
    EXPECT(is_online(cpu));
    EXPECT(cpu_online(cpu) == STATUS_EXISTS);
    prepare_timers(LATER_NS);
    __atomic_store_n(&may_end, true, __ATOMIC_RELEASE);
    wait_for_timers();
    EXPECT(armed.fired == TIMERS);
    while (is_online(cpu))
        timer_sleep_until(clock_now_ns() + 100 * NS_PER_US);
    EXPECT(work_is_done(&work));
    ASSERT_THAT(cpu_online(cpu) == STATUS_OK);
    EXPECT(wrong == 0);
}

/* ---- memory ---- */

#define FRAMES  64
#define OBJECTS 8 /* fewer than a magazine holds: none gets as far as the depot, where all CPUs' are */

static void leave_memory_in_caches(void *argument)
{
    static void *frames[FRAMES], *objects[OBJECTS];
    struct slab_cache *cache = argument;
    for (unsigned int i = 0; i < FRAMES; i++)
        frames[i] = frame_alloc();
    for (unsigned int i = 0; i < FRAMES; i++)
        if (frames[i])
            frame_free(frames[i]);
    for (unsigned int i = 0; i < OBJECTS; i++)
        objects[i] = slab_alloc(cache);
    for (unsigned int i = 0; i < OBJECTS; i++)
        if (objects[i])
            slab_free(cache, objects[i]);
}

/* Objects that no slab has, of the test's own cache, which one CPU uses. */
static uint64_t objects_kept(void)
{
    struct slab_stats stats;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        if (strcmp(stats.name, "hotplug") == 0)
            return stats.cached;
    return 0;
}

static size_t frames_kept_by(unsigned int cpu)
{
    const struct frame_cache *cache = PORT_OF(frame_cache, cpu);
    return (size_t)(cache->stack.top - (void **)cache->slots);
}

KTEST(smp, an_offline_cpu_keeps_no_memory)
{
    NEEDS_TWO();
    unsigned int cpu = next_cpu(0);
    /* Not checked, or freed memory would be in quarantine. */
    bool are_checked = slab_checks_new_caches;
    slab_checks_new_caches = false;
    struct slab_cache *cache = slab_cache_create("hotplug", 64, 0, NULL);
    slab_checks_new_caches = are_checked;
    ASSERT_THAT(cache != NULL);
    EXPECT(on_cpu(cpu, leave_memory_in_caches, cache));
    EXPECT(frames_kept_by(cpu) > 0);
    EXPECT(objects_kept() > 0);
    EXPECT(cpu_offline(cpu) == STATUS_OK);
    EXPECT(frames_kept_by(cpu) == 0);
    slab_reap(); /* of what is in depots, not of what another CPU has */
    EXPECT(objects_kept() == 0);
    EXPECT(cpu_online(cpu) == STATUS_OK);
    EXPECT(on_cpu(cpu, leave_memory_in_caches, cache));
    EXPECT(slab_cache_destroy(cache) == STATUS_OK);
}

/* ---- load ---- */

#define ROUNDS 10

static struct {
    bool is_over;     /* atomic */
    uint32_t working; /* atomic: CPUs under load */
} load;

static void load_memory(void)
{
    void *range, *objects[16];
    for (unsigned int i = 0; i < ARRAY_LEN(objects); i++)
        objects[i] = kmalloc(32u << i % 8);
    if (vrange_map_memory(4096, 0, "load", &range) == STATUS_OK) {
        *(volatile uint64_t *)range = 1;
        vrange_unmap(range); /* a shootdown */
    }
    for (unsigned int i = 0; i < ARRAY_LEN(objects); i++)
        kfree(objects[i]);
}

/* Calls all, also with interrupts off: each that is called is called once, and no CPU waits for one that has
   left. */
static void load_calls(bool are_off)
{
    uint32_t reached = 0, most = ipi_online_count() + 1;
    irq_flags_t state = { 0 };
    if (are_off)
        state = local_irq_save();
    ipi_call_all(count_call, &reached);
    if (are_off)
        local_irq_restore(state);
    if (reached == 0 || reached > most)
        note_wrong();
}

static void be_loaded(void *argument)
{
    (void)argument;
    __atomic_fetch_add(&load.working, 1, __ATOMIC_RELAXED);
    for (unsigned int turn = 0; !__atomic_load_n(&load.is_over, __ATOMIC_RELAXED); turn++) {
        load_memory();
        load_calls(turn % 2);
    }
}

/* The second CPU goes offline and online under load, while the others work. */
static void come_and_go(unsigned int cpu)
{
    for (unsigned int i = 0; i < ROUNDS; i++) {
        static uint32_t done;
        static struct work work[4];
        unsigned int given = 0;
        done = 0;
        for (unsigned int n = 0; n < ARRAY_LEN(work); n++) {
            work[n] = (struct work){ .run = count_call, .argument = &done };
            given += idle_queue_work(cpu, &work[n]);
        }
        EXPECT(given == ARRAY_LEN(work));
        ASSERT_THAT(cpu_offline(cpu) == STATUS_OK);
        /* All queued work is done. */
        EXPECT(done == given);
        ASSERT_THAT(cpu_online(cpu) == STATUS_OK);
    }
}

KTEST(smp, a_cpu_goes_offline_and_online_under_load)
{
    static struct work work[4];
    unsigned int given = 0, cpu = next_cpu(0), other = cpu;
    NEEDS_TWO();
    wrong = 0;
    load.is_over = false;
    load.working = 0;
    while (given < ARRAY_LEN(work) && (other = next_cpu(other)) != 0) {
        work[given] = (struct work){ .run = be_loaded };
        given += idle_queue_work(other, &work[given]);
    }
    while (__atomic_load_n(&load.working, __ATOMIC_RELAXED) < given)
        timer_sleep_until(clock_now_ns() + 100 * NS_PER_US);
    come_and_go(cpu);
    __atomic_store_n(&load.is_over, true, __ATOMIC_RELAXED);
    for (unsigned int i = 0; i < given; i++)
        idle_wait_for_work(&work[i]);
    EXPECT(wrong == 0);
}

/* ---- page tables freed while a CPU is being started ---- */

/* Not large pages, so that the range has page tables for itself. */
#define DEVICE_ADDRESS 0x10000001000ULL
#define DEVICE_SIZE    (4u << 20)
#define REMAP_EVERY_NS (30 * NS_PER_US)

static struct {
    void *range; /* NULL: it is not there just now */
    unsigned int unmapped;
    uint32_t is_over; /* atomic */
} remapped;

static void map_or_unmap(struct timer *timer, void *context)
{
    (void)context;
    uint64_t start_ns = clock_now_ns();
    if (__atomic_load_n(&remapped.is_over, __ATOMIC_RELAXED))
        return;
    if (remapped.range) {
        vrange_unmap(remapped.range);
        remapped.range = NULL;
        remapped.unmapped++;
    } else if (vrange_map_device(phys(DEVICE_ADDRESS), DEVICE_SIZE, PAGE_UNCACHED, "test", &remapped.range) !=
               STATUS_OK) {
        remapped.range = NULL;
    }
    /* Most of the time is left to the interrupted thread, also where the shootdown takes milliseconds. */
    uint64_t end_ns = clock_now_ns();
    timer_arm(timer, end_ns + REMAP_EVERY_NS + 4 * (end_ns - start_ns));
}

/* The handler runs on the CPU that starts the other one. It cannot wait for that one: it would wait for
   itself. */
KTEST(smp, a_handler_frees_ranges_while_its_cpu_starts_another)
{
    NEEDS_TWO();
    unsigned int cpu = next_cpu(0);
    struct timer timer;
    remapped.range = NULL;
    remapped.unmapped = 0;
    for (unsigned int round = 0; round < 10; round++) {
        remapped.is_over = 0;
        ASSERT_THAT(cpu_offline(cpu) == STATUS_OK);
        timer_init(&timer, map_or_unmap, NULL);
        timer_arm(&timer, clock_now_ns());
        EXPECT(cpu_online(cpu) == STATUS_OK);
        __atomic_store_n(&remapped.is_over, 1, __ATOMIC_RELAXED);
        timer_cancel_wait(&timer);
        EXPECT(is_online(cpu));
    }
    if (remapped.range)
        vrange_unmap(remapped.range);
}

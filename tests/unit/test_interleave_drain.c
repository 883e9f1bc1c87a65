/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interleavings of the real frame caches with the real shrinker that drains those of other CPUs by
 * cross-calls (smp/processors.c, smp/inbox.h): no frame gets two owners or is lost, and no request is refused
 * while other CPUs rest and have frames in their caches.
 *
 * A CPU serves calls where an interrupt could come: at each point of its own code, and while it waits, also
 * after its last operation. Not while the buddy lock is held: the call would wait for it first, which changes
 * nothing. tests/models/frame_caches.pml is the model of the same.
 *
 * BROKEN_DRAIN: a CPU drains other CPUs' caches itself. BROKEN_ANSWER: a call is answered before it is run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/mm/shrink.h>
#include <smp/inbox.h>

#include "buddy_invariants.h"
#include "buddy_machine.h"
#include "interleave.h"

#define CPUS_MAX 3
#define POOL     6 /* frames that the CPUs pass around; all others are in use for good */
#define LIMIT    4 /* of a CPU's cache */

/* Seeds that are tried each time, besides the one of this run; a seed that finds a fault is added. */
static const uint64_t kept_seeds[] = { 2, 31, 777 };

static unsigned int cpus; /* they are 1 .. cpus; 0 prepares and checks */

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

/* ---- cross-calls ---- */

static struct call calls[1 + CPUS_MAX];
static struct inbox inboxes[1 + CPUS_MAX];
static bool is_serving[1 + CPUS_MAX]; /* interrupts are off */
static unsigned int acts_as[1 + CPUS_MAX];

static void on_cpu(unsigned int cpu)
{
    hosted_cpu = acts_as[cpu + 1];
}

static void serve(unsigned int me)
{
    for (uint64_t callers = inbox_take(&inboxes[me], 0); callers != 0; callers &= callers - 1) {
        struct call *call = &calls[__builtin_ctzll(callers)];
#ifdef BROKEN_ANSWER
        struct call copy = *call;
        __atomic_fetch_sub(&call->left, 1, __ATOMIC_RELEASE);
        copy.function(copy.argument);
#else
        call_serve(call);
#endif
    }
}

static void serve_if_interrupted(unsigned int cpu)
{
    unsigned int me = cpu + 1;
    if (is_serving[me] || buddy.lock.state != PORT_LOCK_FREE)
        return;
    is_serving[me] = true;
    serve(me);
    is_serving[me] = false;
}

#ifdef BROKEN_DRAIN
static void call_all(call_fn *function, void *argument)
{
    unsigned int me = hosted_cpu;
    for (unsigned int cpu = 0; cpu <= cpus; cpu++) {
        hosted_cpu = acts_as[me] = cpu;
        function(argument);
    }
    hosted_cpu = acts_as[me] = me;
}
#else
static void call_all(call_fn *function, void *argument)
{
    unsigned int me = hosted_cpu;
    struct call *call = &calls[me];
    if (!interleave.is_running)
        return;
    assert_false(is_serving[me]);
    is_serving[me] = true;
    call_start(call, function, argument, cpus - 1);
    for (unsigned int cpu = 1; cpu <= cpus; cpu++)
        if (cpu != me)
            assert_int_not_equal(inbox_post(&inboxes[cpu], me), INBOX_REFUSED);
    function(argument);
    while (!call_is_done(call)) {
        serve(me);
        interleave_wait();
    }
    is_serving[me] = false;
}
#endif

static uint64_t drain_frames(struct shrinker *shrinker, uint64_t frames)
{
    (void)shrinker;
    return frame_cache_collect(call_all, frames);
}

static struct shrinker drain = { .name = "CPUs' caches", .cost = 1, .shrink = drain_frames };

/* ---- owners ---- */

static void *pool[POOL];
static unsigned int owners[POOL]; /* number of the CPU, 0: none */
static unsigned int started, under_way, resting;

static struct {
    void *pages[POOL];
    unsigned int count;
} held[1 + CPUS_MAX];

static unsigned int *owner_of(const void *page)
{
    for (unsigned int i = 0; i < POOL; i++)
        if (pool[i] == page)
            return &owners[i];
    fail_msg("a frame that was in use for good was allocated");
    return NULL;
}

static unsigned int owned_count(void)
{
    unsigned int count = 0;
    for (unsigned int i = 0; i < POOL; i++)
        count += owners[i] != 0;
    return count;
}

static void take(unsigned int me)
{
    bool others_rest = under_way++ == 0;
    unsigned int mine = ++started;
    void *page = frame_alloc();
    under_way--;
    if (!page) {
        /* Others that were in the middle of something may have held what is free. */
        assert_false(others_rest && started == mine && owned_count() < POOL);
        return;
    }
    assert_int_equal(*owner_of(page), 0);
    *owner_of(page) = me;
    held[me].pages[held[me].count++] = page;
}

static void give(unsigned int me, unsigned int index)
{
    void *page = held[me].pages[index];
    held[me].pages[index] = held[me].pages[--held[me].count];
    *owner_of(page) = 0;
    under_way++;
    started++;
    frame_free(page);
    under_way--;
}

/* An idle CPU serves calls. */
static void rest(void)
{
    resting++;
    while (resting < cpus)
        interleave_wait();
}

/* ---- at rest ---- */

static uint64_t free_at_start; /* without the pool */

static void drain_all(void)
{
    for (hosted_cpu = 0; hosted_cpu <= CPUS_MAX; hosted_cpu++)
        frame_cache_drain();
    hosted_cpu = 0;
}

static void check_at_rest(void)
{
    drain_all();
    assert_int_equal(buddy.free, free_at_start + POOL - owned_count());
    for (unsigned int cpu = 1; cpu <= CPUS_MAX; cpu++)
        assert_int_equal(inboxes[cpu].words[0], 0);
    check_buddy_invariants();
    assert_int_equal(hosted_wrong_count, 0);
}

/* All of the pool is free, and in no cache. */
static void begin(void)
{
    for (unsigned int cpu = 0; cpu <= CPUS_MAX; cpu++) {
        while (held[cpu].count > 0)
            give(cpu, held[cpu].count - 1);
        is_serving[cpu] = false;
        acts_as[cpu] = cpu;
    }
    drain_all();
    buddy_reset_cpus();
    started = under_way = resting = 0;
}

/* @count frames become free, in the CPU's cache. */
static void fill_cache(unsigned int cpu, unsigned int count)
{
    hosted_cpu = cpu;
    unsigned int before = held[cpu].count;
    while (held[cpu].count < before + count)
        take(cpu);
    while (held[cpu].count > before)
        give(cpu, held[cpu].count - 1);
    hosted_cpu = 0;
}

static void hold(unsigned int cpu, unsigned int count)
{
    for (hosted_cpu = cpu; count > 0; count--)
        take(cpu);
    hosted_cpu = 0;
}

/* ---- the machine ---- */

static void set_up(unsigned int cpu_count)
{
    static void *all[4 * CHUNK_FRAMES];
    unsigned int count = 0;
    interleave.switched = NULL;
    cpus = cpu_count;
    hosted_cpu = 0;
    hosted_cpu_count = 1 + CPUS_MAX;
    machine_begin();
    machine_range(MIB(2), MIB(6), MEMMAP_USABLE);
    machine_early_is_low = true;
    machine_range(MIB(16), MIB(18), MEMMAP_USABLE);
    assert_int_equal(machine_start(), STATUS_OK);
    frame_cache_set_limit(0);
    memset(held, 0, sizeof(held));
    if (!drain.link.next)
        shrinker_add(&drain);
    /* The first ones, which no reserve is in the way of. The pool's are in two words. */
    while ((all[count] = frame_alloc()) != NULL)
        count++;
    for (unsigned int order = 10; order-- > 0;)
        while (phys_is_valid(buddy_alloc(order, BUDDY_URGENT)))
            ;
    assert_true(count > 128);
    free_at_start = buddy.free;
    for (unsigned int i = 0; i < POOL; i++) {
        pool[i] = all[i < POOL / 2 ? i : 64 + i];
        owners[i] = 0;
        frame_free(pool[i]);
    }
    frame_cache_set_limit(LIMIT);
    for (unsigned int cpu = 1; cpu <= CPUS_MAX; cpu++) {
        calls[cpu] = (struct call){ 0 };
        inboxes[cpu] = (struct inbox){ .is_open = true };
    }
    begin();
    interleave.switched = on_cpu;
    interleave.interrupt = serve_if_interrupted;
}

/* ---- all interleavings of a few operations ---- */

static const struct script {
    const char *name;
    /* What each CPU has at first: in its cache, and in use. */
    uint8_t cached[2], held[2];
    const char *operations[2]; /* t: take, g: give */
    unsigned int bound;        /* of interruptions */
} scripts[] = {
    { "all that an idle CPU keeps is asked for", { 0, 4 }, { 0, 0 }, { "tttttt", "" }, 1 },
    { "both run out of memory", { 2, 2 }, { 1, 1 }, { "ttt", "ttt" }, 1 },
    { "frames come back while another runs out of memory", { 0, 1 }, { 0, 3 }, { "ttt", "ggtg" }, 2 },
    { "a full cache is shrunk while it is drained", { 0, 4 }, { 0, 2 }, { "ttt", "ggt" }, 1 },
};
static const struct script *script;

static void prepare_script(void)
{
    begin();
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        fill_cache(cpu + 1, script->cached[cpu]);
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        hold(cpu + 1, script->held[cpu]);
    for (unsigned int cpu = 0; cpu < 2; cpu++)
        fill_cache(cpu + 1, script->cached[cpu]);
}

static void run_script(unsigned int cpu)
{
    for (const char *operation = script->operations[cpu]; *operation; operation++) {
        interleave_point();
        if (*operation == 't')
            take(cpu + 1);
        else if (held[cpu + 1].count > 0)
            give(cpu + 1, 0);
    }
    rest();
}

static void two_cpus_drain_each_other_and_lose_no_frame_in_any_schedule(void **state)
{
    (void)state;
    set_up(2);
    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        script = &scripts[i];
        printf("%s: %lu schedules\n", script->name,
               interleave_all(2, script->bound, prepare_script, run_script, check_at_rest));
    }
    begin();
}

/* ---- random ---- */

#define OPERATIONS 8

static void prepare_random(void)
{
    begin();
    for (unsigned int cpu = 1; cpu <= cpus; cpu++) {
        unsigned int left = POOL - owned_count();
        hold(cpu, seed_below(left < 3 ? left + 1 : 3));
    }
    fill_cache(1 + seed_below(cpus), POOL - owned_count() < LIMIT ? POOL - owned_count() : LIMIT);
}

static void run_random(unsigned int cpu)
{
    unsigned int me = cpu + 1;
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        interleave_point();
        if (held[me].count > 0 && seed_below(5) < 2)
            give(me, seed_below(held[me].count));
        else
            take(me);
    }
    rest();
}

static void three_cpus_drain_each_other_and_lose_no_frame_in_random_schedules(void **state)
{
    (void)state;
    set_up(3);
    for (size_t i = 0; i <= ARRAY_LEN(kept_seeds); i++) {
        if (i < ARRAY_LEN(kept_seeds))
            seed_state = kept_seeds[i];
        else
            seed_from_environment();
        interleave_random(3, 5000, prepare_random, run_random, check_at_rest);
    }
    begin();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_cpus_drain_each_other_and_lose_no_frame_in_any_schedule),
        cmocka_unit_test(three_cpus_drain_each_other_and_lose_no_frame_in_random_schedules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

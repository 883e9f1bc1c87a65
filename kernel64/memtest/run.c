/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A step is queued to the idle loops of the other CPUs, and done by this CPU for its own share; then it waits
 * for the others. Between two pieces of 1 MiB it polls the keyboard and shows the progress, and each CPU
 * looks whether to stop. A share is a contiguous part of the memory, the same in each step, so that what a
 * CPU moves stays its own.
 *
 * A CPU counts errors in its own record, which the BSP reads after the step. Nothing is locked, and nothing
 * is allocated from memtest_prepare() to the end: there may be no memory.
 */
#include <memtest/run.h>

#include <ashlar/bits.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>
#include <ashlar/time_units.h>
#include <cpu/percpu.h>
#include <memtest/memory.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>

#define POLL_NS   (10 * NS_PER_MS)
/* A step's overhead, in units of work, so that steps that touch no memory count, too. */
#define STEP_WORK 1

/* One CPU's; written by it alone during a step. */
struct share {
    struct work work;
    unsigned int cpu;
    uint64_t start, end; /* position in the memory, bytes */
    uint64_t busy_ns;    /* in this step */
    uint64_t done;       /* bytes of this step; atomic */
    uint64_t errors;     /* of this step; atomic */
    uint64_t bits;
    phys_t lowest, highest;
    struct memtest_error kept[MEMTEST_ERRORS_KEPT];
    unsigned int kept_count; /* of this step */
};

static struct {
    struct share *shares; /* the BSP's is the first */
    unsigned int count;
    uint64_t bytes;
    bool is_stopping;         /* atomic */
    struct memtest_step step; /* constant while the shares do it */
    const struct memtest_request *request;
    struct memtest_result *result;
    struct memtest_progress progress;
    uint64_t pass_start_ns, next_poll_ns;
    uint64_t waits_ns, waited_ns; /* of MEMTEST_WAIT: in a pass, and so far */
    uint64_t traffic, busy_ns;    /* of the run so far */
} run;

/* ---- a share ---- */

static void note_error(void *context, phys_t address, uint64_t expected, uint64_t found)
{
    struct share *share = context;
    memtest_mark(address);
    if (share->errors == 0 || phys_is_below(address, share->lowest))
        share->lowest = address;
    if (share->errors == 0 || phys_is_below(share->highest, address))
        share->highest = address;
    share->bits |= expected ^ found;
    if (share->kept_count < MEMTEST_ERRORS_KEPT)
        share->kept[share->kept_count++] =
            (struct memtest_error){ address, expected, found, run.progress.pattern, share->cpu };
    __atomic_store_n(&share->errors, share->errors + 1, __ATOMIC_RELAXED);
}

static bool is_stopping(void)
{
    return __atomic_load_n(&run.is_stopping, __ATOMIC_RELAXED);
}

static void poll(void);

static void do_share(void *context)
{
    struct share *share = context;
    bool is_down = run.step.action == MEMTEST_INVERT_DOWN;
    enum memtest_size size = memtest_action_size(run.step.action);
    uint64_t position = is_down ? share->end : share->start, end = is_down ? share->start : share->end;
    uint64_t start_ns = clock_now_ns();
    struct memtest_piece memory;
    while (!is_stopping() && memtest_next_piece(&position, end, is_down, size, &memory)) {
        if (memtest_spoil)
            memtest_spoil(&run.step, &memory);
        memtest_sweep(&run.step, &memory, note_error, share);
        __atomic_store_n(&share->done, share->done + memory.count * sizeof(uint64_t), __ATOMIC_RELAXED);
        if (share == run.shares)
            poll();
    }
    share->busy_ns = clock_now_ns() - start_ns;
}

/* ---- progress ---- */

static uint64_t twentieths_of(uint64_t bytes, enum memtest_action action)
{
    return bytes / 20 * memtest_action_traffic(action);
}

/* Of a step: bytes of traffic. Waits are counted apart, in time. */
static uint64_t work_of(const struct memtest_step *step)
{
    return STEP_WORK + twentieths_of(run.bytes, step->action);
}

static uint64_t work_of_pass(void)
{
    uint64_t sum = 0;
    for (unsigned int pattern = 0; pattern < MEMTEST_PATTERNS; pattern++) {
        if (!(run.request->patterns & BIT(pattern)))
            continue;
        for (unsigned int i = 0; i < memtest_pattern_steps(pattern); i++) {
            struct memtest_step step = memtest_pattern_step(pattern, i, 0);
            sum += work_of(&step);
            run.waits_ns += step.action == MEMTEST_WAIT ? run.request->wait_ns : 0;
        }
    }
    return sum;
}

static uint64_t errors_of_step(void)
{
    uint64_t sum = 0;
    for (unsigned int i = 0; i < run.count; i++)
        sum += __atomic_load_n(&run.shares[i].errors, __ATOMIC_RELAXED);
    return sum;
}

/* a * b / c without overflow of the product's upper half for what is measured here. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
    while (a > UINT32_MAX || b > UINT32_MAX) {
        if (a > b)
            a /= 2, c /= 2;
        else
            b /= 2, c /= 2;
    }
    return a * b / (c ? c : 1);
}

static void poll(void)
{
    struct memtest_progress *progress = &run.progress;
    uint64_t now_ns = clock_now_ns(), done = 0;
    if (now_ns < run.next_poll_ns)
        return;
    run.next_poll_ns = now_ns + POLL_NS;
    for (unsigned int i = 0; i < run.count; i++)
        done += __atomic_load_n(&run.shares[i].done, __ATOMIC_RELAXED);
    struct memtest_progress seen = *progress;
    seen.done += twentieths_of(done, run.step.action);
    seen.errors += errors_of_step();
    seen.core_rate = run.busy_ns ? scale(run.traffic, NS_PER_SECOND, run.busy_ns) : 0;
    seen.left_ns = UINT64_MAX;
    uint64_t busy_ns = now_ns - run.pass_start_ns - run.waited_ns;
    if (busy_ns > NS_PER_SECOND && seen.done > 0)
        seen.left_ns = scale(busy_ns, seen.all > seen.done ? seen.all - seen.done : 0, seen.done) +
                       run.waits_ns - run.waited_ns;
    if (!run.request->poll(&seen))
        __atomic_store_n(&run.is_stopping, true, __ATOMIC_RELAXED);
}

/* ---- steps ---- */

static void wait_alone(void)
{
    uint64_t start_ns = clock_now_ns(), before_ns = run.waited_ns, past_ns = 0;
    while (!is_stopping() && past_ns < run.request->wait_ns) {
        timer_sleep_until(clock_now_ns() + POLL_NS);
        past_ns = clock_now_ns() - start_ns;
        run.waited_ns = before_ns + (past_ns < run.request->wait_ns ? past_ns : run.request->wait_ns);
        poll();
    }
}

static bool is_known(const struct memtest_result *result, phys_t address)
{
    for (unsigned int i = 0; i < result->first_count; i++)
        if (phys_is_equal(result->first[i].address, address))
            return true;
    return false;
}

static void collect(struct share *share)
{
    struct memtest_result *result = run.result;
    struct memtest_pattern_result *pattern = &result->patterns[run.progress.pattern];
    pattern->busy_ns += share->busy_ns;
    run.busy_ns += share->busy_ns;
    if (share->errors == 0)
        return;
    if (result->errors == 0 || phys_is_below(share->lowest, result->lowest))
        result->lowest = share->lowest;
    if (result->errors == 0 || phys_is_below(result->highest, share->highest))
        result->highest = share->highest;
    result->bits |= share->bits;
    result->errors += share->errors;
    pattern->errors += share->errors;
    run.progress.errors += share->errors;
    for (unsigned int i = 0; i < share->kept_count && result->first_count < MEMTEST_ERRORS_KEPT; i++) {
        if (is_known(result, share->kept[i].address))
            continue;
        result->first[result->first_count++] = share->kept[i];
        run.request->error(&share->kept[i]);
    }
}

static void do_step(void)
{
    uint64_t done = 0;
    for (unsigned int i = 0; i < run.count; i++) {
        struct share *share = &run.shares[i];
        share->errors = share->done = share->busy_ns = share->bits = share->kept_count = 0;
        share->work = (struct work){ .run = do_share, .argument = share };
    }
    /* A CPU that has gone offline has its share done here. */
    for (unsigned int i = 1; i < run.count; i++)
        if (!idle_queue_work(run.shares[i].cpu, &run.shares[i].work))
            run.shares[i].work.is_done = true, do_share(&run.shares[i]);
    do_share(&run.shares[0]);
    for (unsigned int i = 1; i < run.count; i++) {
        while (!work_is_done(&run.shares[i].work)) {
            timer_sleep_until(clock_now_ns() + NS_PER_MS);
            poll();
        }
    }
    for (unsigned int i = 0; i < run.count; i++) {
        done += run.shares[i].done;
        collect(&run.shares[i]);
    }
    uint64_t traffic = twentieths_of(done, run.step.action);
    run.result->patterns[run.progress.pattern].bytes += traffic;
    run.traffic += traffic;
}

static void do_pattern(unsigned int pattern, uint64_t seed)
{
    run.progress.pattern = pattern;
    for (unsigned int i = 0; i < memtest_pattern_steps(pattern) && !is_stopping(); i++) {
        run.step = memtest_pattern_step(pattern, i, seed);
        if (run.step.action == MEMTEST_WAIT)
            wait_alone();
        else
            do_step();
        run.progress.done += work_of(&run.step);
    }
    if (!is_stopping())
        run.request->ended(pattern, run.progress.pass);
}

/* ---- a run ---- */

static bool find_cpus(void)
{
    struct cpu_set online;
    unsigned int cpus = percpu_count();
    run.shares = kcalloc(cpus, sizeof(*run.shares));
    if (!run.shares)
        return false;
    ipi_online(&online);
    run.count = 0;
    run.shares[run.count++].cpu = PERCPU_MINE(cpu_number);
    for (unsigned int cpu = 0; cpu < cpus; cpu++)
        if (cpu != PERCPU_MINE(cpu_number) && cpu_set_has(&online, cpu))
            run.shares[run.count++].cpu = cpu;
    return true;
}

status_t memtest_prepare(uint64_t limit_bytes, bool all, uint64_t *bytes)
{
    if (!find_cpus())
        return STATUS_NO_MEMORY;
    if (all) {
        /* What CPUs and slabs keep for later becomes free. */
        slab_reap();
        (void)frame_cache_collect(ipi_call_all, UINT64_MAX);
    }
    run.bytes = *bytes = memtest_take(limit_bytes, all);
    uint64_t pages = run.bytes / PAGE_SIZE;
    for (unsigned int i = 0; i < run.count; i++) {
        run.shares[i].start = pages * i / run.count * PAGE_SIZE;
        run.shares[i].end = pages * (i + 1) / run.count * PAGE_SIZE;
    }
    if (run.bytes > 0)
        return STATUS_OK;
    (void)memtest_give();
    kfree(run.shares);
    return STATUS_NO_MEMORY;
}

void memtest_test(const struct memtest_request *request, struct memtest_result *result)
{
    *result = (struct memtest_result){ .bytes = run.bytes, .cpus = run.count };
    run.request = request;
    run.result = result;
    run.is_stopping = false;
    run.traffic = run.busy_ns = run.next_poll_ns = run.waits_ns = 0;
    run.progress = (struct memtest_progress){ .all = work_of_pass() };
    for (uint64_t pass = 0; pass < request->passes && !is_stopping(); pass++) {
        run.progress.pass = pass + 1;
        run.progress.done = run.waited_ns = 0;
        run.pass_start_ns = clock_now_ns();
        for (unsigned int pattern = 0; pattern < MEMTEST_PATTERNS && !is_stopping(); pattern++)
            if (request->patterns & BIT(pattern))
                do_pattern(pattern, request->seed + pass);
        result->passes += !is_stopping();
    }
    result->is_stopped = is_stopping();
    result->isolated = memtest_give();
    kfree(run.shares);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clock with threads that are CPUs: readers of the time while its rate and its counter change, and a
 * counter that wraps while several widen it.
 *
 * The release of publishing an epoch, and each acquire of a reader, have been made relaxed, one at a time,
 * and the thread sanitizer has reported it. The acquire and the release of the wide count order it with a
 * read of the counter, which is a device or an instruction: no sanitizer sees that, and as x86 moves no
 * load before a load or a locked instruction, no run can. Deliberate faults have been detected: a split
 * exchange of the count goes backwards, and a change can mix two epochs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <time/clock.h>

#include "litmus.h"

/* ---- what the clock needs of other files; not used by these tests ---- */

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void))
{
    (void)nanoseconds_since_boot, (void)nanoseconds_now;
}

void verify_failed(const char *expression, const char *file, int line)
{
    printf("%s:%d: %s\n", file, line, expression);
    abort();
}

/* ---- time, as all see it ---- */

#define READERS 3

static uint64_t latest_ns; /* the latest time that any thread has read */
static unsigned int is_over;

/* What one has read, another that begins later does not undercut. */
static void read_once(void)
{
    uint64_t before = __atomic_load_n(&latest_ns, __ATOMIC_RELAXED), now = clock_now_ns();
    MUST(now >= before);
    while (now > before &&
           !__atomic_compare_exchange_n(&latest_ns, &before, now, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
        ;
}

/* ---- a narrow counter ---- */

#define STEPS 400000

static uint64_t steps; /* what the counter has counted; each reading finds a few more */

static uint64_t read_steps(struct clock_counter *self)
{
    return relaxed_add(&steps, 1 + seed_below(200)) & clock_counter_mask(self);
}

static struct clock_counter narrow = { "pit", 1000000000, 16, read_steps };

static void read_often(unsigned int thread)
{
    (void)thread;
    for (unsigned int i = 0; i < STEPS; i++)
        read_once();
}

static void a_counter_widened_by_all_cpus_never_goes_backwards_or_misses_a_wrap(void **state)
{
    (void)state;
    uint64_t start_ns = clock_now_ns();
    clock_set_counter(&narrow);
    uint64_t start = relaxed_load(&steps);
    latest_ns = start_ns;
    litmus_run(READERS, read_often);
    /* A nanosecond a step. The last reading found all that was counted before it, with every wrap. */
    uint64_t counted = relaxed_load(&steps) - start, shown = clock_now_ns() - start_ns;
    printf("%lu rounds\n", (unsigned long)(counted >> 16));
    assert_true(counted >> 16 > 100);
    assert_in_range(shown, counted, counted + 1000000000);
}

/* ---- changes ---- */

static void read_or_change(unsigned int thread)
{
    if (thread < READERS) {
        while (!relaxed_load(&is_over)) {
            read_once();
            uint64_t ns = clock_nanoseconds(cpu_read_tsc_ordered());
            (void)clock_tick_of(ns + 1000);
        }
        return;
    }
    /* Time runs faster after each: a reader that is delayed inside a read returns the old rate's time, which
       would be ahead of a slower one's. One change has been made before, and one comes after. */
    for (unsigned int i = 2; i < CLOCK_CHANGES_MAX; i++) {
        unsigned int turns = 0;
        for (uint64_t goal = relaxed_load(&latest_ns) + 100000; relaxed_load(&latest_ns) < goal;)
            litmus_wait(&turns);
        clock_set_tsc_rate(4000000000 / i);
    }
    relaxed_store(&is_over, 1);
}

static void a_reader_during_a_switch_reads_one_clock_or_the_other(void **state)
{
    (void)state;
    clock_set_tsc_rate(4000000000);
    is_over = 0;
    latest_ns = clock_now_ns();
    litmus_run(READERS + 1, read_or_change);
    assert_true(clock_now_ns() >= latest_ns);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_during_a_switch_reads_one_clock_or_the_other),
        cmocka_unit_test(a_counter_widened_by_all_cpus_never_goes_backwards_or_misses_a_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

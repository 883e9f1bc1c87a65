/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The self-test runner: `test` prints KTAP version 1. A failed expectation is a diagnostic line
 * before the result, because the line of the result is known only when the test has ended.
 * Source: Linux, Documentation/dev-tools/ktap.rst, "The Kernel Test Anything Protocol (KTAP), version 1".
 */
#include <ashlar/ktest.h>

#include <ashlar/command.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/slab.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <power/verdict.h>

/* The running test. Expectations may fail on several CPUs at once; they only set these. */
static struct {
    bool has_failed;
    const char *skip_reason;
} running;

/* Failed expectations are not printed. */
static bool is_quiet;

/* Limit of runs of one test, each with a different request failing. */
#define SWEEP_MAX 400

/* Shows that the sweep makes progress. */
#define SWEEP_LINE_EVERY 50

bool ktest_expect(bool held, const char *expression, const char *file, int line)
{
    if (!held) {
        __atomic_store_n(&running.has_failed, true, __ATOMIC_RELAXED);
        if (!is_quiet)
            print("# %s:%d: %s\n", file, line, expression);
    }
    return held;
}

void ktest_skip(const char *reason)
{
    running.skip_reason = reason;
}

static enum test_outcome run_one(const struct ktest *test, unsigned int number)
{
    running.has_failed = false;
    running.skip_reason = NULL;
    test->run();

    enum test_outcome outcome = TEST_PASSED;
    if (running.has_failed)
        outcome = TEST_FAILED; /* also if it was skipped afterwards */
    else if (running.skip_reason)
        outcome = TEST_SKIPPED;
    verdict_count(outcome, test->name);
    /* In one call: no log line of another CPU gets into it. */
    print_styled(outcome == TEST_FAILED ? STYLE_ERROR : STYLE_PLAIN, "%s %u %s%s%s\n",
                 outcome == TEST_FAILED ? "not ok" : "ok", number, test->name,
                 outcome == TEST_SKIPPED ? " # SKIP " : "",
                 outcome == TEST_SKIPPED ? running.skip_reason : "");
    return outcome;
}

static unsigned int count_matches(const char *pattern)
{
    unsigned int count = 0;
    for (const struct ktest *test = __ktests_start; test < __ktests_end; test++)
        count += string_matches(pattern, test->name);
    return count;
}

static void list(const char *pattern)
{
    for (const struct ktest *test = __ktests_start; test < __ktests_end; test++)
        if (string_matches(pattern, test->name))
            print("%s\n", test->name);
}

static const char *test_names(unsigned int index)
{
    return index < (size_t)(__ktests_end - __ktests_start) ? __ktests_start[index].name : NULL;
}

/* ---- with failing allocations ---- */

#define SMALLEST_OBJECT 16 /* bytes, of kmalloc() */

/* Frames that are free or the buddy allocator's own, after all caches were shrunk. */
static uint64_t reclaimable_frames(void)
{
    struct buddy_stats stats;
    slab_reap();
    frame_cache_drain();
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

/* Runs a test with its nth request failing. Return: the frames lost. */
static int64_t run_failing(const struct ktest *test, uint64_t nth, struct fault_counts *counts)
{
    struct fault_plan plan = { .nth = nth };
    uint64_t before = reclaimable_frames();
    fault_arm(&plan);
    test->run();
    *counts = fault_counts();
    fault_arm(NULL);
    return (int64_t)(before - reclaimable_frames());
}

/* The same, often enough that even the smallest lost object fills a frame. */
static int64_t run_failing_often(const struct ktest *test, uint64_t nth, struct fault_counts *counts)
{
    int64_t leaked = 0;
    for (unsigned int i = 0; i < PAGE_SIZE / SMALLEST_OBJECT && leaked <= 0; i++)
        leaked += run_failing(test, nth, counts);
    return leaked;
}

/*
 * A test's expectations may fail without memory, but it must free all it allocated. A frame may be lost in
 * one run, because a permanent object was allocated in it; a frame lost in every run is leaked.
 */
static enum test_outcome sweep_one(const struct ktest *test, unsigned int number)
{
    struct fault_counts counts = { .failed = 1 };
    uint64_t nth;
    int64_t leaked = 0;
    is_quiet = true;
    for (nth = 1; counts.failed > 0 && leaked <= 0 && nth <= SWEEP_MAX; nth++) {
        if (nth % SWEEP_LINE_EVERY == 0)
            print("# %s: request %lu\n", test->name, nth);
        leaked = run_failing(test, nth, &counts);
        if (leaked > 0)
            leaked = run_failing_often(test, nth, &counts);
    }
    is_quiet = false;
    print("# %s: with requests 1 to %lu failing, one a run\n", test->name, nth - 1);
    if (leaked > 0)
        print("# with the last of them, %ld frames leaked\n", leaked);
    enum test_outcome outcome = leaked > 0 ? TEST_FAILED : TEST_PASSED;
    verdict_count(outcome, test->name);
    print_styled(leaked > 0 ? STYLE_ERROR : STYLE_PLAIN, "%s %u %s\n", leaked > 0 ? "not ok" : "ok", number,
                 test->name);
    return outcome;
}

/* A failed test is reported by the verdict; the command fails only when it cannot run tests. */
static status_t command_test(int argc, char **argv)
{
    bool lists = argc > 1 && strcmp(argv[1], "-l") == 0;
    bool sweeps = argc > 1 && strcmp(argv[1], "-f") == 0;
    int first = lists || sweeps ? 2 : 1;
    const char *pattern = argc > first ? argv[first] : "*";
    unsigned int number = 0, totals[TEST_OUTCOMES] = { 0 };

    if (!arguments_count(argc, argv, 0, first))
        return STATUS_INVALID;
    unsigned int count = count_matches(pattern);
    if (count == 0) {
        print_styled(STYLE_ERROR, "no self-test named %s; 'test -l' lists them\n", pattern);
        return STATUS_NOT_FOUND;
    }
    if (lists) {
        list(pattern);
        return STATUS_OK;
    }
    print("KTAP version 1\n1..%u\n", count);
    for (const struct ktest *test = __ktests_start; test < __ktests_end && !print_is_stopped(); test++)
        if (string_matches(pattern, test->name))
            totals[(sweeps ? sweep_one : run_one)(test, ++number)]++;
    print("# totals: %u passed, %u failed, %u skipped\n", totals[TEST_PASSED], totals[TEST_FAILED],
          totals[TEST_SKIPPED]);
    return STATUS_OK;
}
COMMAND_WITH_WORDS(test, command_test, .group = GROUP_TESTS, .arguments = "[-l|-f] [GLOB]",
                   .help = "run the self-tests, with each allocation failing once (-f), or list them (-l)",
                   .example = "test memmap*", .see_also = "bench memtest crash", .words = test_names);

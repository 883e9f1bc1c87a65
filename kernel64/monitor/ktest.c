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
#include <log/print.h>
#include <power/verdict.h>

/* The test that runs now. Expectations may fail on several CPUs at once; they only ever set these. */
static struct {
    bool has_failed;
    const char *skip_reason;
} running;

/* Failed expectations are no news. */
static bool is_quiet;

/* Runs of one test, in each of which another request fails; of a test that makes more, the first so many. */
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

static void run_one(const struct ktest *test, unsigned number)
{
    running.has_failed = false;
    running.skip_reason = NULL;
    test->run();

    enum test_outcome outcome = TEST_PASSED;
    if (running.has_failed)
        outcome = TEST_FAILED; /* also when it was skipped after that */
    else if (running.skip_reason)
        outcome = TEST_SKIPPED;
    verdict_count(outcome);
    /* At once: no log line of another CPU comes in between. */
    print("%s %u %s%s%s\n", outcome == TEST_FAILED ? "not ok" : "ok", number, test->name,
          outcome == TEST_SKIPPED ? " # SKIP " : "", outcome == TEST_SKIPPED ? running.skip_reason : "");
}

static unsigned count_matches(const char *pattern)
{
    unsigned count = 0;
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

static const char *test_names(unsigned index)
{
    return index < (size_t)(__ktests_end - __ktests_start) ? __ktests_start[index].name : NULL;
}

/* ---- with failing allocations ---- */

#define SMALLEST_OBJECT 16 /* bytes, of kmalloc() */

/* Frames that are free or the buddy allocator's own, when nothing is kept that could be given back. */
static uint64_t reclaimable_frames(void)
{
    struct buddy_stats stats;
    slab_reap();
    frame_cache_drain();
    buddy_stats(BUDDY_ANY_NODE, &stats);
    return buddy_free_frames() + stats.metadata;
}

/* Runs a test with its nth request failing. Return: how many frames it kept. */
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

/* The same, so often that even the smallest lost object would fill another frame. */
static int64_t run_failing_often(const struct ktest *test, uint64_t nth, struct fault_counts *counts)
{
    int64_t leaked = 0;
    for (unsigned int i = 0; i < PAGE_SIZE / SMALLEST_OBJECT && leaked <= 0; i++)
        leaked += run_failing(test, nth, counts);
    return leaked;
}

/*
 * What a test expects need not hold when it gets no memory; that it leaves all as it was must. A frame may
 * stay behind once, because something that lasts has moved into it; what stays behind each time is lost.
 */
static void sweep_one(const struct ktest *test, unsigned number)
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
    print("# %s: with requests 1 to %lu failing in turn\n", test->name, nth - 1);
    if (leaked > 0)
        print("# with the last of them, %ld frames did not come back\n", leaked);
    verdict_count(leaked > 0 ? TEST_FAILED : TEST_PASSED);
    print("%s %u %s\n", leaked > 0 ? "not ok" : "ok", number, test->name);
}

/* A test that failed is the verdict's affair; the command fails only when it could not do its work. */
static status_t command_test(int argc, char **argv)
{
    bool lists = argc > 1 && strcmp(argv[1], "-l") == 0;
    bool sweeps = argc > 1 && strcmp(argv[1], "-f") == 0;
    int first = lists || sweeps ? 2 : 1;
    const char *pattern = argc > first ? argv[first] : "*";
    unsigned number = 0;

    if (argc > first + 1)
        return STATUS_INVALID;
    unsigned count = count_matches(pattern);
    if (count == 0) {
        print("no self-test is called %s; test -l lists them\n", pattern);
        return STATUS_NOT_FOUND;
    }
    if (lists) {
        list(pattern);
        return STATUS_OK;
    }
    print("KTAP version 1\n1..%u\n", count);
    for (const struct ktest *test = __ktests_start; test < __ktests_end; test++)
        if (string_matches(pattern, test->name))
            (sweeps ? sweep_one : run_one)(test, ++number);
    return STATUS_OK;
}
COMMAND_WITH_WORDS(test, "[-l|-f] [GLOB]",
                   "run the self-tests, with each allocation failing once (-f), or list them (-l)",
                   command_test, test_names);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The self-test runner: `test` prints KTAP version 1. A failed expectation is a diagnostic line
 * before the result, because the line of the result is known only when the test has ended.
 * Source: Linux, Documentation/dev-tools/ktap.rst, "The Kernel Test Anything Protocol (KTAP), version 1".
 */
#include <ashlar/ktest.h>

#include <ashlar/command.h>
#include <diag/log.h>
#include <diag/verdict.h>
#include <lib/string.h>

/* The test that runs now. Expectations may fail on several CPUs at once; they only ever set these. */
static struct {
    bool has_failed;
    const char *skip_reason;
} running;

bool ktest_expect(bool held, const char *expression, const char *file, int line)
{
    if (!held) {
        __atomic_store_n(&running.has_failed, true, __ATOMIC_RELAXED);
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
    print("%s %u %s", outcome == TEST_FAILED ? "not ok" : "ok", number, test->name);
    if (outcome == TEST_SKIPPED)
        print(" # SKIP %s", running.skip_reason);
    print("\n");
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

/* A test that failed is the verdict's affair; the command fails only when it could not do its work. */
static status_t command_test(int argc, char **argv)
{
    bool lists = argc > 1 && strcmp(argv[1], "-l") == 0;
    int first = lists ? 2 : 1;
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
            run_one(test, ++number);
    return STATUS_OK;
}
COMMAND_WITH_WORDS(test, "[-l] [GLOB]", "run the self-tests, or list them (-l)", command_test, test_names);

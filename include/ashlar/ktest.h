/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Self-tests that run on the machine: `test [GLOB]` in the monitor prints them as KTAP 1.
 *
 *     KTEST(memmap, reserved_memory_survives)
 *     {
 *         EXPECT(checksum == before);
 *     }
 *
 * The name is "memmap.reserved_memory_survives". A failed EXPECT is recorded with file and line and
 * the test continues; ASSERT_THAT returns from the test. The linker collects the entries, sorted by name,
 * between __ktests_start and __ktests_end.
 *
 * Context of all: thread, interrupts on or off, on the CPU that runs the test.
 */
#include <ashlar/types.h>

struct ktest {
    const char *name;
    void (*run)(void);
};

#define KTEST(suite, claim)                                                                                  \
    static void ktest_##suite##_##claim(void);                                                               \
    static const struct ktest ktest_entry_##suite##_##claim USED SECTION(".ktests." #suite "." #claim)       \
        ALIGNED(sizeof(void *)) = { #suite "." #claim, ktest_##suite##_##claim };                            \
    static void ktest_##suite##_##claim(void)

extern const struct ktest __ktests_start[], __ktests_end[];

/* Called by the macros below, on the CPU that runs the test. */
bool ktest_expect(bool held, const char *expression, const char *file, int line);
/* Marks the running test as skipped, with the reason that KTAP prints after "# SKIP". */
void ktest_skip(const char *reason);

#define EXPECT(x) ((void)ktest_expect((x), #x, __FILE__, __LINE__))
#define ASSERT_THAT(x)                                                                                       \
    do {                                                                                                     \
        if (!ktest_expect((x), #x, __FILE__, __LINE__))                                                      \
            return;                                                                                          \
    } while (0)
#define SKIP_TEST(reason)                                                                                    \
    do {                                                                                                     \
        ktest_skip(reason);                                                                                  \
        return;                                                                                              \
    } while (0)

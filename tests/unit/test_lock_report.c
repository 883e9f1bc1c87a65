/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lock reports: when, how often, and about which CPU. The test replaces the clock, the log, and the panic.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>

#include <lib/format.h>
#include <lib/machine_ops.h>
#include <log/log.h>
#include <panic/panic.h>
#include <sync/lock_report.h>

static uint64_t now_ns = 5;
static unsigned int lines;
static char said[1024];
static jmp_buf panicked;

static uint64_t read_ticks(void)
{
    return now_ns * 2;
}

uint64_t log_nanoseconds(uint64_t ticks)
{
    return ticks / 2;
}

static unsigned int number_of_cpu(void)
{
    return 7;
}

struct machine_ops machine_ops = { .cpu = number_of_cpu, .ticks = read_ticks };

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    va_list arguments;
    assert_int_equal(level, LOG_WARN);
    assert_string_equal(subsystem, "sync");
    va_start(arguments, format);
    format_buffer_v(said, sizeof(said), format, arguments);
    va_end(arguments);
    lines++;
}

void panic(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(said, sizeof(said), format, arguments);
    va_end(arguments);
    longjmp(panicked, 1);
}

static struct spinlock lock = SPINLOCK("zone", LOCK_BUDDY);
static uint32_t holder; /* number of the thread that holds it */

static void *take(void *unused)
{
    spin_lock(&lock);
    holder = (uint32_t)(spin_me() >> SPIN_CPU_SHIFT);
    return unused;
}

static void have_it_held(void)
{
    pthread_t thread;
    lock.word = 0;
    assert_int_equal(pthread_create(&thread, NULL, take, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static struct lock_wait start_wait(bool is_first)
{
    struct lock_wait wait = { .lock = &lock, .caller = (const void *)0x1234, .is_first = is_first };
    lines = 0;
    now_ns += 3;
    lock_watch(&wait);
    assert_int_equal(lines, 0);
    return wait;
}

static void expect_waited(unsigned long seconds)
{
    char expected[256];
    snprintf(expected, sizeof(expected),
             "lock \"zone\" (%p): CPU 7 has waited %lu s in 0x1234; held by CPU %u", (void *)&lock, seconds,
             holder);
    assert_string_equal(said, expected);
}

static void the_first_waiter_reports_the_owner_after_a_second(void **state)
{
    (void)state;
    have_it_held();
    struct lock_wait wait = start_wait(true);
    now_ns += 999999999;
    lock_watch(&wait);
    assert_int_equal(lines, 0);
    now_ns += 1;
    lock_watch(&wait);
    assert_int_equal(lines, 1);
    expect_waited(1);
}

static void a_long_wait_is_reported_once(void **state)
{
    (void)state;
    have_it_held();
    struct lock_wait wait = start_wait(true);
    for (unsigned int i = 0; i < 5; i++) {
        now_ns += 2000000000;
        lock_watch(&wait);
    }
    assert_int_equal(lines, 1);
}

static void other_waiters_report_after_ten_times_as_long(void **state)
{
    (void)state;
    have_it_held();
    struct lock_wait wait = start_wait(false);
    now_ns += 9999999999;
    lock_watch(&wait);
    assert_int_equal(lines, 0);
    now_ns += 1;
    lock_watch(&wait);
    expect_waited(10);
}

static void a_free_lock_is_reported_as_not_held(void **state)
{
    (void)state;
    lock.word = 0;
    struct lock_wait wait = start_wait(true);
    now_ns += 1000000000;
    lock_watch(&wait);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(said, "; not held"));
}

static void taking_a_lock_twice_panics(void **state)
{
    char expected[256];
    (void)state;
    if (setjmp(panicked) == 0)
        lock_panic_recursive(&lock, true, (const void *)0x1234);
    snprintf(expected, sizeof(expected), "lock \"zone\" (%p): CPU 7 takes it in 0x1234, but holds it already",
             (void *)&lock);
    assert_string_equal(said, expected);
    if (setjmp(panicked) == 0)
        lock_panic_recursive(&lock, false, (const void *)0x1234);
    assert_non_null(strstr(said, "but waits for it already"));
}

static void taking_a_lock_twice_is_not_reported_as_an_inversion(void **state)
{
    struct lock_held held = { .lock = &lock, .kind = lock.kind, .stack = { 0x111 } };
    struct lock_held taken = { .lock = &lock, .kind = lock.kind, .stack = { 0x211 } };
    (void)state;
    lock.word = 0;
    if (setjmp(panicked) == 0)
        lock_panic_order(&held, &taken);
    assert_non_null(strstr(said, "CPU 7 takes it in 0x211, but waits for it already"));
    lock.word = SPIN_FLAGS | spin_me();
    if (setjmp(panicked) == 0)
        lock_panic_order(&held, &taken);
    assert_non_null(strstr(said, "CPU 7 takes it in 0x211, but holds it already"));
    lock.word = 0;
}

static void releasing_another_cpus_lock_panics(void **state)
{
    (void)state;
    have_it_held();
    if (setjmp(panicked) == 0)
        spin_unlock(&lock);
    char expected[64];
    snprintf(expected, sizeof(expected), "lock \"zone\" (%p): CPU 7 should hold it in ", (void *)&lock);
    assert_memory_equal(said, expected, strlen(expected));
    snprintf(expected, sizeof(expected), ", but it is held by CPU %u", holder);
    assert_non_null(strstr(said, expected));
}

static void an_inversion_is_reported_with_both_stacks(void **state)
{
    static const struct lock_kind early = { .name = "early", .class = LOCK_IRQ_LINES };
    static const struct lock_kind late = { .name = "late", .class = LOCK_PIT };
    struct lock_held held = { .lock = (void *)0x100, .kind = &late, .stack = { 0x111, 0x112 } };
    struct lock_held taken = { .lock = (void *)0x200, .kind = &early, .stack = { 0x211 } };
    (void)state;
    if (setjmp(panicked) == 0)
        lock_panic_order(&held, &taken);
    assert_string_equal(said,
                        "lock order: CPU 7 takes \"early\" (0x200, class irq lines) while it holds \"late\" "
                        "(0x100, class pit), which may be taken only after it\n"
                        "  \"late\" was taken by:\n    0x111\n    0x112\n"
                        "  \"early\" is being taken by:\n    0x211");
}

static void a_lock_without_a_class_is_reported(void **state)
{
    struct lock_held taken = { .lock = (void *)0x200, .stack = { 0x211 } };
    (void)state;
    if (setjmp(panicked) == 0)
        lock_panic_order(NULL, &taken);
    assert_string_equal(said, "lock (0x200): CPU 7 takes it, but nothing has initialised it; taken by:\n"
                              "    0x211");
}

static void report(enum context_use use, const struct lock_held *held)
{
    static const struct lock_held here = { .stack = { 0x211 } };
    if (setjmp(panicked) == 0)
        lock_panic_context(use, held, &here);
}

static void what_a_lock_forbids_is_reported_with_both_stacks_and_the_reason(void **state)
{
    static const struct lock_kind late = { .name = "late", .class = LOCK_PIT };
    static const struct lock_kind node = { .name = "node", .class = LOCK_SLAB_NODE, .polls_calls = true };
    struct lock_held held = { .lock = (void *)0x100, .kind = &late, .stack = { 0x111 } };
    (void)state;
    report(CONTEXT_CALLS, &held);
    assert_string_equal(said,
                        "context: CPU 7 calls other CPUs while it holds \"late\" (0x100, class pit), but its "
                        "waiters do not poll cross-calls: do it before the lock is taken, or after it is "
                        "released\n  \"late\" was taken by:\n    0x111\n"
                        "  it calls other CPUs in:\n    0x211");
    report(CONTEXT_SLEEPS, &held);
    assert_non_null(
        strstr(said, "sleeps while it holds \"late\" (0x100, class pit), but all CPUs that want"));
    held.kind = &node;
    report(CONTEXT_ALLOCATES, &held);
    assert_non_null(strstr(said,
                           "allocates or frees memory while it holds \"node\" (0x100, class slab node), "
                           "but that takes a lock of a class before its own"));
}

static void what_a_cross_call_forbids_is_reported(void **state)
{
    struct lock_held held = { .lock = &context_called, .kind = &context_called, .stack = { 0x111 } };
    (void)state;
    report(CONTEXT_ALLOCATES, &held);
    assert_non_null(strstr(said, "CPU 7 allocates or frees memory in a cross-call"));
    assert_non_null(strstr(said, "\n  the cross-call was begun by:\n    0x111\n"));
}

static void sleep_with_interrupts_masked_is_reported(void **state)
{
    (void)state;
    report(CONTEXT_SLEEPS, NULL);
    assert_string_equal(said, "context: CPU 7 sleeps with interrupts masked, so none would wake it\n"
                              "  it sleeps in:\n    0x211");
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_waiter_reports_the_owner_after_a_second),
        TEST(a_long_wait_is_reported_once),
        TEST(other_waiters_report_after_ten_times_as_long),
        TEST(a_free_lock_is_reported_as_not_held),
        TEST(taking_a_lock_twice_panics),
        cmocka_unit_test(taking_a_lock_twice_is_not_reported_as_an_inversion),
        TEST(releasing_another_cpus_lock_panics),
        TEST(an_inversion_is_reported_with_both_stacks),
        TEST(a_lock_without_a_class_is_reported),
        TEST(what_a_lock_forbids_is_reported_with_both_stacks_and_the_reason),
        TEST(what_a_cross_call_forbids_is_reported),
        TEST(sleep_with_interrupts_masked_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

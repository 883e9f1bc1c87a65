/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of locks: after how long, once, and about whom. The test is the clock, the log, and where a
 * panic leads.
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
static unsigned lines;
static char said[LOG_LINE_MAX];
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

static struct spinlock lock;
static uint32_t holder; /* number of the thread that holds it */

static void *take(void *unused)
{
    spin_lock(&lock);
    holder = spin_me() - 1;
    return unused;
}

static void have_it_held(void)
{
    pthread_t thread;
    lock = (struct spinlock){ 0 };
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
    char expected[LOG_LINE_MAX];
    snprintf(expected, sizeof(expected),
             "CPU 7 has waited %lu s for the lock at %p, in 0x1234; CPU %u holds it", seconds, (void *)&lock,
             holder);
    assert_string_equal(said, expected);
}

static void the_first_says_after_a_second_who_holds_it(void **state)
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

static void it_is_said_once(void **state)
{
    (void)state;
    have_it_held();
    struct lock_wait wait = start_wait(true);
    for (unsigned i = 0; i < 5; i++) {
        now_ns += 2000000000;
        lock_watch(&wait);
    }
    assert_int_equal(lines, 1);
}

static void the_others_have_ten_times_the_patience(void **state)
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

static void a_lock_that_nobody_holds_is_said_to_be_so(void **state)
{
    (void)state;
    lock = (struct spinlock){ 0 };
    struct lock_wait wait = start_wait(true);
    now_ns += 1000000000;
    lock_watch(&wait);
    assert_int_equal(lines, 1);
    assert_non_null(strstr(said, "; nobody holds it"));
}

static void its_own_lock_ends_a_cpu(void **state)
{
    char expected[LOG_LINE_MAX];
    (void)state;
    if (setjmp(panicked) == 0)
        lock_panic_mine(&lock, true, (const void *)0x1234);
    snprintf(expected, sizeof(expected),
             "CPU 7 wants the lock at %p, in 0x1234, but holds it already: it would wait for itself",
             (void *)&lock);
    assert_string_equal(said, expected);
    if (setjmp(panicked) == 0)
        lock_panic_mine(&lock, false, (const void *)0x1234);
    assert_non_null(strstr(said, "but waits for it already"));
}

static void a_lock_given_back_by_another_ends_it(void **state)
{
    (void)state;
    have_it_held();
    if (setjmp(panicked) == 0)
        spin_unlock(&lock, (irq_flags_t){ 0 });
    char expected[64];
    snprintf(expected, sizeof(expected), "CPU 7 should hold the lock at %p, in ", (void *)&lock);
    assert_memory_equal(said, expected, strlen(expected));
    snprintf(expected, sizeof(expected), ", but CPU %u holds it", holder);
    assert_non_null(strstr(said, expected));
}

#define TEST(name) cmocka_unit_test(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_says_after_a_second_who_holds_it),
        TEST(it_is_said_once),
        TEST(the_others_have_ten_times_the_patience),
        TEST(a_lock_that_nobody_holds_is_said_to_be_so),
        TEST(its_own_lock_ends_a_cpu),
        TEST(a_lock_given_back_by_another_ends_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

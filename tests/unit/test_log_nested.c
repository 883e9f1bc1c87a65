/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log when something else logs meanwhile: an interrupt, an NMI, a console, another CPU.
 */
#include <log_machine.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void interrupts_are_off_while_a_console_writes_and_restored_after(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    for (int on = 0; on < 2; on++) {
        hosted_irqs_disabled = !on;
        log_info("s", "text");
        assert_int_equal(local_irq_is_enabled(), on);
        print("text");
        assert_int_equal(local_irq_is_enabled(), on);
        log_replay(LOG_DEBUG, NULL);
        assert_int_equal(local_irq_is_enabled(), on);
    }
    assert_false(fake->saw_irqs_enabled);
}

static void log_from_inside(void)
{
    log_error("nmi", "inside");
    print("printed inside\n");
}

static void a_line_logged_in_the_middle_of_another_is_shown_without_waiting(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    fake->inside = log_from_inside;
    looks = 0;
    log_info("outer", "line");
    assert_int_equal(shown(fake, "nmi: inside\n"), 1);
    assert_int_equal(shown(fake, "printed inside\n"), 1);
    assert_in_range(looks, 1, 10);
    /* Not in the ring, which counts it as lost; the interrupted line is whole. */
    clear(fake);
    log_replay(LOG_DEBUG, NULL);
    assert_int_equal(shown(fake, "nmi: inside"), 0);
    assert_int_equal(shown(fake, "[1 lines not stored]\n"), 1);
    assert_int_equal(shown(fake, "outer: line\n"), 1);
    log_info("outer", "afterwards");
    clear(fake);
    log_replay(LOG_DEBUG, NULL);
    assert_int_equal(shown(fake, "outer: afterwards\n"), 1);
}

static unsigned int looks_while_stuck[2];

static void log_from_another_cpu(void)
{
    cpu = 1;
    for (int i = 0; i < 2; i++) {
        looks = 0;
        log_error("other", "line %d", i);
        looks_while_stuck[i] = looks;
    }
    cpu = 0;
}

static void a_stopped_lock_owner_is_waited_for_once(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    step = 1ULL << 28;
    for (int round = 0; round < 2; round++) {
        fake->inside = log_from_another_cpu;
        log_info("holder", "line");
        assert_in_range(looks_while_stuck[0], 10, 1000);
        assert_in_range(looks_while_stuck[1], 1, 5);
    }
    assert_int_equal(shown(fake, "other: line 0\n"), 2);
    assert_int_equal(shown(fake, "other: line 1\n"), 2);
}

static unsigned int left;

static void log_between(void)
{
    if (left == 0)
        return;
    log_info("between", "line %u", --left);
}

static void lines_logged_during_a_replay_are_shown_once(void **state)
{
    (void)state;
    struct fake *early = attach("early");
    clear(early);
    left = 5;
    between = log_between;
    struct fake *late = attach("late");
    between = NULL;
    for (unsigned int i = 0; i < 5; i++) {
        char line[32];
        snprintf(line, sizeof(line), "between: line %u\n", i);
        assert_int_equal(shown(early, line), 1);
        assert_int_equal(shown(late, line), 1);
    }
    clear(early);
    left = 5;
    between = log_between;
    log_replay(LOG_DEBUG, NULL);
    between = NULL;
    /* Five earlier ones, from the ring, and five as they are logged. */
    assert_int_equal(shown(early, "between: line "), 10);
}

static void flood_between(void)
{
    between = NULL;
    for (unsigned int i = 0; i < 3000; i++)
        log_info("push", "out %u.", i);
}

static void an_overtaken_replay_continues_with_the_oldest_line(void **state)
{
    (void)state;
    log_info("before", "line");
    between = flood_between;
    struct fake *fake = attach("late");
    assert_int_equal(shown(fake, "push: out 2999.\n"), 1);
    assert_int_equal(shown(fake, "push: out 0.\n"), 0);
    unsigned int pieces = shown(fake, "push: out "), whole = shown(fake, ".\n");
    assert_true(pieces > 1000);
    assert_int_equal(pieces, whole);
}

static void begin_report(unsigned int number, struct output_held *held)
{
    cpu = number;
    assert_true(output_hold(held));
    print("report of CPU %u\n", number);
}

static void end_report(unsigned int number, struct output_held held)
{
    cpu = number;
    output_release(held);
}

/* A hypervisor halts a CPU in the middle of its report for longer than another CPU waits for it. */
static void a_report_that_does_not_wait_for_another_leaves_its_lock_alone(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    struct output_held first, second;
    begin_report(0, &first);
    step = 1ULL << 28;
    begin_report(1, &second);
    end_report(1, second);
    end_report(0, first);
    assert_int_equal(shown(fake, "report of CPU 0\n"), 1);
    assert_int_equal(shown(fake, "report of CPU 1\n"), 1);
    /* The lock is free: a line is kept. */
    cpu = 1;
    looks = 0;
    log_info("after", "both reports");
    assert_in_range(looks, 0, 5);
    clear(fake);
    log_replay(LOG_DEBUG, NULL);
    assert_int_equal(shown(fake, "after: both reports\n"), 1);
    assert_true(local_irq_is_enabled());
}

static bool refuse_to_print(size_t rows)
{
    (void)rows;
    return false;
}

/* Nor is the pager called for the rest of the first report, which may be an NMI's in the monitor itself. */
static void a_report_is_printed_whole_after_another_did_not_wait_for_it(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    struct output_held first, second;
    print_set_observer(refuse_to_print, 80);
    begin_report(0, &first);
    step = 1ULL << 28;
    begin_report(1, &second);
    cpu = 0;
    print("the rest of the first\n");
    print_text("and its end\n", 12);
    end_report(1, second);
    cpu = 0;
    print("after the second\n");
    end_report(0, first);
    assert_int_equal(shown(fake, "the rest of the first\nand its end\n"), 1);
    assert_int_equal(shown(fake, "after the second\n"), 1);
    print("dropped by the pager\n");
    assert_int_equal(shown(fake, "dropped"), 0);
    print_set_observer(NULL, 0);
}

/* Each CPU's counter is behind that of the one before it. */
static uint64_t read_skewed(void)
{
    return __builtin_ia32_rdtsc() - cpu * 10000000;
}

#define WRITERS    4
#define LINES_EACH 100

static void *write_lines(void *number)
{
    cpu = (unsigned int)(uintptr_t)number;
    for (unsigned int i = 0; i < LINES_EACH; i++)
        log_info("thread", "<%u:%u>", cpu, i);
    return NULL;
}

static void lines_from_several_cpus_stay_whole_and_in_order_per_cpu(void **state)
{
    (void)state;
    pthread_t writers[WRITERS];
    struct fake *early = attach("early");
    clear(early);
    log_set_clock(times_three, read_skewed);
    threads = true;
    for (uintptr_t i = 0; i < WRITERS; i++)
        assert_int_equal(pthread_create(&writers[i], NULL, write_lines, (void *)(i + 1)), 0);
    struct fake *late = attach("late");
    for (unsigned int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    threads = false;

    struct fake *both[] = { early, late };
    for (unsigned int f = 0; f < 2; f++) {
        unsigned int next[WRITERS + 1] = { 0 };
        if (f == 0)
            assert_int_equal(check_stamps(early->text), WRITERS * LINES_EACH);
        for (char *at = both[f]->text; (at = strstr(at, "thread: ")) != NULL; at++) {
            unsigned int who, number, length = 0;
            sscanf(at, "thread: <%u:%u>%n", &who, &number, (int *)&length);
            assert_true(length > 0 && at[length] == '\n');
            assert_in_range(who, 1, WRITERS);
            assert_int_equal(number, next[who]++);
        }
        for (unsigned int i = 1; i <= WRITERS; i++)
            assert_int_equal(next[i], LINES_EACH);
    }
}

/* An interrupt logs while a report's line is written in parts. */
static void lines_logged_while_others_are_deferred_are_shown_after_them(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    clear(fake);
    log_defer();
    print_text("{\"a\":1", 6);
    log_info("hold", "first");
    log_debug("hold", "quiet");
    print_text("}\n", 2);
    log_warn("hold", "second");
    assert_string_equal(fake->text, "{\"a\":1}\n");
    log_show_deferred();
    const char *first = strstr(fake->text, "hold: first\n"), *second = strstr(fake->text, "hold: second\n");
    assert_true(first && second && first < second);
    assert_int_equal(shown(fake, "hold: "), 2);
    log_info("hold", "third");
    assert_int_equal(shown(fake, "hold: "), 3);
    /* A panic in between shows what was held. */
    log_defer();
    log_info("hold", "fourth");
    assert_int_equal(shown(fake, "hold: "), 3);
    log_settle();
    assert_int_equal(shown(fake, "hold: "), 4);
    log_show_deferred();
    log_info("hold", "fifth");
    assert_int_equal(shown(fake, "hold: "), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(interrupts_are_off_while_a_console_writes_and_restored_after),
        TEST(a_line_logged_in_the_middle_of_another_is_shown_without_waiting),
        TEST(a_stopped_lock_owner_is_waited_for_once),
        TEST(a_report_that_does_not_wait_for_another_leaves_its_lock_alone),
        TEST(a_report_is_printed_whole_after_another_did_not_wait_for_it),
        TEST(lines_logged_during_a_replay_are_shown_once),
        TEST(an_overtaken_replay_continues_with_the_oldest_line),
        TEST(lines_from_several_cpus_stay_whole_and_in_order_per_cpu),
        TEST(lines_logged_while_others_are_deferred_are_shown_after_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

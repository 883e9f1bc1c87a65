/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log on a pretended machine: the test is the clock, the CPUs, the interrupts and the
 * consoles. The log cannot be reset, so each test silences the consoles of those before it and
 * looks only for its own lines.
 */
#include <ashlar/sync/irqflags.h>
#include <lib/machine_ops.h>
#include <log/log.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* ---- the machine ---- */

static void (*between)(void); /* runs where interrupts come back on: as an interrupt would */
static uint64_t now, step;    /* the clock, and how far each look at it moves it */
static unsigned looks;        /* at the clock */
static _Thread_local unsigned cpu;
static bool threads;

void hosted_irqs_enabled(void)
{
    if (!threads && between)
        between();
}

static uint64_t read_ticks(void)
{
    if (threads)
        return __builtin_ia32_rdtsc();
    looks++;
    return now += step;
}

static unsigned int number_of_cpu(void)
{
    return cpu;
}

struct machine_ops machine_ops = {
    .cpu = number_of_cpu,
    .ticks = read_ticks,
};

struct fake {
    struct console console;
    char text[1 << 19];
    size_t length;
    bool saw_irqs_enabled;
    unsigned settles;
    void (*inside)(void); /* runs inside write(), once: as an NMI would */
};

static void record(struct console *self, const char *text, size_t length)
{
    struct fake *fake = container_of(self, struct fake, console);
    void (*inside)(void) = fake->inside;

    fake->saw_irqs_enabled |= local_irq_is_enabled();
    assert_true(fake->length + length < sizeof(fake->text));
    memcpy(fake->text + fake->length, text, length);
    fake->length += length;
    fake->text[fake->length] = 0;
    fake->inside = NULL;
    if (inside)
        inside();
}

static void silence(struct console *self, const char *text, size_t length)
{
    (void)self, (void)text, (void)length;
}

static void count_settle(struct console *self)
{
    struct fake *fake = container_of(self, struct fake, console);
    fake->saw_irqs_enabled |= local_irq_is_enabled();
    fake->settles++;
}

static struct fake fakes[32];
static unsigned fakes_used;

static struct fake *attach(const char *name)
{
    struct fake *fake = &fakes[fakes_used++];
    fake->console = (struct console){ .name = name, .write = record };
    log_attach(&fake->console);
    return fake;
}

static int begin(void **state)
{
    (void)state;
    for (unsigned i = 0; i < fakes_used; i++)
        fakes[i].console.write = silence;
    hosted_irqs_disabled = false;
    between = NULL;
    now = step = 0;
    cpu = 0;
    log_set_threshold(LOG_INFO);
    log_set_clock(NULL, NULL);
    return 0;
}

static void clear(struct fake *fake)
{
    fake->length = 0;
    fake->text[0] = 0;
}

/* How often @what stands in what the console was shown. */
static unsigned shown(const struct fake *fake, const char *what)
{
    unsigned count = 0;
    for (const char *at = fake->text; (at = strstr(at, what)) != NULL; at++)
        count++;
    return count;
}

/* ---- lines ---- */

static void a_line_has_time_cpu_subsystem_and_text(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    clear(fake);
    now = 1234567890;
    cpu = 3;
    log_info("mm", "%d frames", 5);
    assert_string_equal(fake->text, "[    1.234567] cpu3 mm: 5 frames\n");
}

static void a_console_that_comes_late_sees_each_line_once_in_order(void **state)
{
    (void)state;
    log_info("late", "first");
    struct fake *early = attach("early");
    log_info("late", "second");
    struct fake *late = attach("late");
    log_info("late", "third");
    for (unsigned i = 0; i < 2; i++) {
        struct fake *fake = i ? late : early;
        char *first = strstr(fake->text, "late: first\n"), *second = strstr(fake->text, "late: second\n"),
             *third = strstr(fake->text, "late: third\n");
        assert_true(first && first < second && second < third);
        assert_int_equal(shown(fake, "late: "), 3);
    }
}

static void the_threshold_keeps_lines_off_the_consoles_but_in_the_ring(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    log_debug("quiet", "one");
    log_info("quiet", "two");
    log_set_threshold(LOG_ERROR);
    log_warn("quiet", "three");
    log_error("quiet", "four");
    assert_int_equal(shown(fake, "quiet: "), 2);
    assert_int_equal(shown(fake, "two") + shown(fake, "four"), 2);

    struct fake *late = attach("late");
    assert_int_equal(shown(late, "quiet: "), 1);
    clear(fake);
    log_replay();
    assert_int_equal(shown(fake, "quiet: "), 4);
}

static uint64_t times_three(uint64_t ticks)
{
    return 3 * ticks;
}

static uint64_t clock_ns;

static uint64_t read_clock(void)
{
    return clock_ns;
}

static void a_clock_that_comes_late_corrects_the_lines_before_it(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    now = 2000000000;
    log_info("clock", "tick");
    assert_non_null(strstr(fake->text, "[    2.000000] cpu0 clock: tick\n"));
    log_set_clock(times_three, read_clock);
    fake = attach("late");
    assert_non_null(strstr(fake->text, "[    6.000000] cpu0 clock: tick\n"));
}

/* Of all lines of a text; whole ones. Return: how many. */
static unsigned check_stamps(const char *text)
{
    unsigned long last_us = 0;
    unsigned count = 0;
    for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
        unsigned long seconds, micros;
        if (sscanf(line, "[%lu.%lu]", &seconds, &micros) != 2)
            continue;
        assert_true(seconds * 1000000 + micros >= last_us);
        last_us = seconds * 1000000 + micros;
        count++;
    }
    return count;
}

static void a_clock_that_steps_back_shows_in_no_time_stamp(void **state)
{
    static const uint64_t steps_ns[] = { 50000000000, 49999999000, 0, 50000001000, 70000000000, 65000000000 };
    (void)state;
    struct fake *fake = attach("fake");
    log_set_clock(times_three, read_clock);
    clear(fake);
    for (size_t i = 0; i < ARRAY_LEN(steps_ns); i++) {
        clock_ns = steps_ns[i];
        log_info("step", "%u", (unsigned)i);
    }
    assert_int_equal(check_stamps(fake->text), ARRAY_LEN(steps_ns));
    assert_non_null(strstr(fake->text, "[   50.000000] cpu0 step: 2\n"));
    assert_non_null(strstr(fake->text, "[   70.000000] cpu0 step: 5\n"));
}

static uint64_t rate = 3; /* nanoseconds a tick */

static uint64_t by_rate(uint64_t ticks)
{
    return ticks * rate;
}

/* What had been stamped by a first idea of the rate stays where it was, before what is stamped since. */
static void a_rate_that_changes_moves_no_line_past_another(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    now = 100000001000;
    log_info("rate", "first");
    now = 100000002000;
    log_info("rate", "second");
    rate = 3;
    clock_ns = 300000006500;
    log_set_clock(by_rate, read_clock);
    log_info("rate", "third");
    rate = 5; /* the second line's tick is now a later time than the third's */
    clear(fake);
    log_replay();
    const char *second = strstr(fake->text, "rate: second");
    assert_true(second && strstr(second, "rate: third"));
    assert_non_null(strstr(fake->text, "[  300.000003] cpu0 rate: first\n"));
    assert_non_null(strstr(fake->text, "[  300.000006] cpu0 rate: second\n"));
}

static void a_line_that_is_too_long_is_cut_and_says_so(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    for (unsigned length = LOG_LINE_MAX - 20; length < LOG_LINE_MAX + 20; length++) {
        char text[LOG_LINE_MAX + 20];
        memset(text, 'x', length);
        text[length] = 0;
        clear(fake);
        log_info("s", "%s", text);
        size_t prefix = strlen("[    0.000000] cpu0 ");
        bool cut = strstr(fake->text, "xxx...\n") != NULL;
        assert_int_equal(cut, length + 3 >= LOG_LINE_MAX);
        assert_int_equal(fake->length, prefix + (cut ? LOG_LINE_MAX - 1 : length + 3) + 1);
    }
    char subsystem[2 * LOG_LINE_MAX];
    memset(subsystem, 'y', sizeof(subsystem));
    subsystem[sizeof(subsystem) - 1] = 0;
    log_info(subsystem, "text");
    assert_non_null(strstr(fake->text, "yyy...\n"));
}

static void a_line_is_one_line_of_plain_ascii(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    clear(fake);
    log_info("s", "%s", "a\x1b[31m\xc3\xa9\x7f\r~ \nb");
    assert_string_equal(fake->text + strlen("[    0.000000] cpu0 "), "s: a?[31m????~  b\n");
}

static void a_full_ring_drops_its_oldest_lines_whole(void **state)
{
    (void)state;
    const unsigned count = 5000;
    for (unsigned i = 0; i < count; i++)
        log_info("flood", "%u %.*s", i, (int)(i % 37), "-------------------------------------");
    struct fake *fake = attach("late");

    unsigned long gone;
    int consumed;
    assert_int_equal(sscanf(fake->text, "[%lu older lines are gone]\n%n", &gone, &consumed), 1);
    unsigned next = count, lines = 0;
    size_t bytes = 0;
    for (char *line = strtok(fake->text + consumed, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned number;
        char *text = strstr(line, "flood: ");
        if (lines == 0 && strstr(line, "lines were not kept]"))
            continue;
        assert_non_null(text);
        assert_int_equal(sscanf(text, "flood: %u ", &number), 1);
        if (lines > 0)
            assert_int_equal(number, next);
        next = number + 1;
        assert_int_equal(strspn(strrchr(line, ' ') + 1, "-"), number % 37);
        bytes += strlen(text);
        lines++;
    }
    assert_int_equal(next, count);
    assert_true(gone >= count - lines);
    /* 16 bytes of head a line: the ring is full but for less than a line. */
    assert_in_range(bytes + 16 * lines, 65536 - 80, 65536);
}

/* ---- who else is there ---- */

static void interrupts_are_off_while_a_console_writes_and_then_as_they_were(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    for (int on = 0; on < 2; on++) {
        hosted_irqs_disabled = !on;
        log_info("s", "text");
        assert_int_equal(local_irq_is_enabled(), on);
        print("text");
        assert_int_equal(local_irq_is_enabled(), on);
        log_replay();
        assert_int_equal(local_irq_is_enabled(), on);
    }
    assert_false(fake->saw_irqs_enabled);
}

static void log_from_inside(void)
{
    log_error("nmi", "inside");
    print("printed inside\n");
}

static void what_interrupts_the_log_is_seen_and_not_waited_for(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    fake->inside = log_from_inside;
    looks = 0;
    log_info("outer", "line");
    assert_int_equal(shown(fake, "nmi: inside\n"), 1);
    assert_int_equal(shown(fake, "printed inside\n"), 1);
    assert_in_range(looks, 1, 10);
    /* Not in the ring, and the ring says so; the interrupted line is there whole. */
    clear(fake);
    log_replay();
    assert_int_equal(shown(fake, "nmi: inside"), 0);
    assert_int_equal(shown(fake, "[1 lines were not kept]\n"), 1);
    assert_int_equal(shown(fake, "outer: line\n"), 1);
    log_info("outer", "afterwards");
    clear(fake);
    log_replay();
    assert_int_equal(shown(fake, "outer: afterwards\n"), 1);
}

static unsigned looks_while_stuck[2];

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

static void a_holder_that_stopped_is_waited_for_once(void **state)
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

static unsigned left;

static void log_between(void)
{
    if (left == 0)
        return;
    log_info("between", "line %u", --left);
}

static void lines_that_come_during_a_replay_are_shown_once(void **state)
{
    (void)state;
    struct fake *early = attach("early");
    clear(early);
    left = 5;
    between = log_between;
    struct fake *late = attach("late");
    between = NULL;
    for (unsigned i = 0; i < 5; i++) {
        char line[32];
        snprintf(line, sizeof(line), "between: line %u\n", i);
        assert_int_equal(shown(early, line), 1);
        assert_int_equal(shown(late, line), 1);
    }
    clear(early);
    left = 5;
    between = log_between;
    log_replay();
    between = NULL;
    /* Five from before, out of the ring, and five as they come. */
    assert_int_equal(shown(early, "between: line "), 10);
}

static void flood_between(void)
{
    between = NULL;
    for (unsigned i = 0; i < 3000; i++)
        log_info("push", "out %u.", i);
}

static void a_replay_that_is_overtaken_goes_on_with_the_oldest_line(void **state)
{
    (void)state;
    log_info("before", "line");
    between = flood_between;
    struct fake *fake = attach("late");
    assert_int_equal(shown(fake, "push: out 2999.\n"), 1);
    assert_int_equal(shown(fake, "push: out 0.\n"), 0);
    unsigned pieces = shown(fake, "push: out "), whole = shown(fake, ".\n");
    assert_true(pieces > 1000);
    assert_int_equal(pieces, whole);
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
    cpu = (unsigned)(uintptr_t)number;
    for (unsigned i = 0; i < LINES_EACH; i++)
        log_info("thread", "<%u:%u>", cpu, i);
    return NULL;
}

static void lines_from_several_cpus_stay_whole_and_in_the_order_of_each(void **state)
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
    for (unsigned i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
    threads = false;

    struct fake *both[] = { early, late };
    for (unsigned f = 0; f < 2; f++) {
        unsigned next[WRITERS + 1] = { 0 };
        if (f == 0)
            assert_int_equal(check_stamps(early->text), WRITERS * LINES_EACH);
        for (char *at = both[f]->text; (at = strstr(at, "thread: ")) != NULL; at++) {
            unsigned who, number, length = 0;
            sscanf(at, "thread: <%u:%u>%n", &who, &number, (int *)&length);
            assert_true(length > 0 && at[length] == '\n');
            assert_in_range(who, 1, WRITERS);
            assert_int_equal(number, next[who]++);
        }
        for (unsigned i = 1; i <= WRITERS; i++)
            assert_int_equal(next[i], LINES_EACH);
    }
}

/* An interrupt logs while a report's line is written in parts. */
static void what_is_logged_while_lines_are_deferred_comes_behind_them(void **state)
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

/* ---- print ---- */

static void printed_text_goes_to_all_consoles_and_not_into_the_ring(void **state)
{
    (void)state;
    struct fake *one = attach("one"), *two = attach("two");
    clear(one), clear(two);
    char text[1000];
    memset(text, 'z', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    print("<%s%d>\n", text, 7);
    print_text("as it is%", 8);
    assert_int_equal(one->length, strlen(text) + 4 + 8);
    assert_int_equal(shown(one, "z7>\nas it is"), 1);
    assert_string_equal(one->text, two->text);
    clear(one);
    log_replay();
    assert_int_equal(shown(one, "zzz"), 0);
}

/* ---- settling ---- */

static struct fake *attach_with_settle(const char *name)
{
    struct fake *fake = attach(name);
    fake->console.settle = count_settle;
    clear(fake);
    fake->saw_irqs_enabled = false;
    return fake;
}

static void settling_reaches_each_console_once(void **state)
{
    (void)state;
    struct fake *first = attach_with_settle("first"), *without = attach("without");
    struct fake *last = attach_with_settle("last"), *gone = attach_with_settle("gone");
    log_detach(&gone->console);
    log_settle();
    assert_int_equal(first->settles, 1);
    assert_int_equal(without->settles, 0);
    assert_int_equal(last->settles, 1);
    assert_int_equal(gone->settles, 0);
    assert_false(first->saw_irqs_enabled);
    assert_true(local_irq_is_enabled());
}

/* A panic while a line is written: the consoles settle all the same. */
static void settling_does_not_wait_for_what_it_interrupted(void **state)
{
    (void)state;
    struct fake *fake = attach_with_settle("settled");
    fake->inside = log_settle;
    looks = 0;
    log_line(LOG_INFO, "test", "interrupted");
    assert_int_equal(fake->settles, 1);
    assert_in_range(looks, 1, 10);
}

#define TEST(name) cmocka_unit_test_setup(name, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_has_time_cpu_subsystem_and_text),
        TEST(a_console_that_comes_late_sees_each_line_once_in_order),
        TEST(the_threshold_keeps_lines_off_the_consoles_but_in_the_ring),
        TEST(a_clock_that_comes_late_corrects_the_lines_before_it),
        TEST(a_clock_that_steps_back_shows_in_no_time_stamp),
        TEST(a_rate_that_changes_moves_no_line_past_another),
        TEST(a_line_that_is_too_long_is_cut_and_says_so),
        TEST(a_line_is_one_line_of_plain_ascii),
        TEST(interrupts_are_off_while_a_console_writes_and_then_as_they_were),
        TEST(what_interrupts_the_log_is_seen_and_not_waited_for),
        TEST(a_holder_that_stopped_is_waited_for_once),
        TEST(lines_that_come_during_a_replay_are_shown_once),
        TEST(a_full_ring_drops_its_oldest_lines_whole),
        TEST(a_replay_that_is_overtaken_goes_on_with_the_oldest_line),
        TEST(lines_from_several_cpus_stay_whole_and_in_the_order_of_each),
        TEST(what_is_logged_while_lines_are_deferred_comes_behind_them),
        TEST(printed_text_goes_to_all_consoles_and_not_into_the_ring),
        TEST(settling_reaches_each_console_once),
        TEST(settling_does_not_wait_for_what_it_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

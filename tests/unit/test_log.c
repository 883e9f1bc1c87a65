/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log: lines, their time stamps, the ring, and the consoles.
 */
#include <log_machine.h>

#include <stdio.h>
#include <string.h>

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

static void a_console_attached_late_shows_each_line_once_in_order(void **state)
{
    (void)state;
    log_info("late", "first");
    struct fake *early = attach("early");
    log_info("late", "second");
    struct fake *late = attach("late");
    log_info("late", "third");
    for (unsigned int i = 0; i < 2; i++) {
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
    assert_int_equal(log_count(LOG_WARN) + log_count(LOG_ERROR), 2);
    clear(fake);
    log_replay(LOG_DEBUG, NULL);
    assert_int_equal(shown(fake, "quiet: "), 4);
}

static void a_replay_is_limited_to_a_level_and_a_word(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    uint64_t warnings = log_count(LOG_WARN), errors = log_count(LOG_ERROR);
    log_debug("sieve", "Alpha");
    log_warn("sieve", "beta");
    log_warn("sieve", "alphabet");
    assert_int_equal(log_count(LOG_WARN) - warnings, 2);
    assert_int_equal(log_count(LOG_ERROR), errors);
    clear(fake);
    log_replay(LOG_WARN, "sieve");
    assert_int_equal(shown(fake, "sieve: "), 2);
    clear(fake);
    log_replay(LOG_DEBUG, "aLPHA");
    assert_int_equal(shown(fake, "lpha"), 2);
    assert_int_equal(shown(fake, "beta"), 0);
    clear(fake);
    log_replay(LOG_DEBUG, "alphabets");
    assert_string_equal(fake->text, "");
}

static uint64_t clock_ns;

static uint64_t read_clock(void)
{
    return clock_ns;
}

static void a_clock_set_late_corrects_earlier_lines(void **state)
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

static void time_stamps_never_go_backwards_with_the_clock(void **state)
{
    static const uint64_t steps_ns[] = { 50000000000, 49999999000, 0, 50000001000, 70000000000, 65000000000 };
    (void)state;
    struct fake *fake = attach("fake");
    log_set_clock(times_three, read_clock);
    clear(fake);
    for (size_t i = 0; i < ARRAY_LEN(steps_ns); i++) {
        clock_ns = steps_ns[i];
        log_info("step", "%u", (unsigned int)i);
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
static void a_refined_rate_reorders_no_lines(void **state)
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
    log_replay(LOG_DEBUG, NULL);
    const char *second = strstr(fake->text, "rate: second");
    assert_true(second && strstr(second, "rate: third"));
    assert_non_null(strstr(fake->text, "[  300.000003] cpu0 rate: first\n"));
    assert_non_null(strstr(fake->text, "[  300.000006] cpu0 rate: second\n"));
}

static void a_long_line_is_truncated_and_marked(void **state)
{
    (void)state;
    struct fake *fake = attach("fake");
    for (unsigned int length = LOG_LINE_MAX - 20; length < LOG_LINE_MAX + 20; length++) {
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

/* The prefix of all lines here is "[    0.000000] cpu0 " and has 20 columns. */
static void on_a_screen_rows_end_between_words(void **state)
{
    (void)state;
    struct fake *screen = attach_screen("screen", 40), *terminal = attach("terminal");
    log_info("rows", "one two three four five six seven eight nine ten eleven");
    assert_int_equal(shown(screen, "cpu0 rows: one two three\nfour five six seven eight nine ten\neleven\n"),
                     1);
    assert_int_equal(shown(terminal, "rows: one two three four five six seven eight nine ten eleven\n"), 1);
    struct fake *late = attach_screen("late", 60);
    assert_int_equal(shown(late, "cpu0 rows: one two three four five six seven\neight nine ten eleven\n"), 1);
}

static void a_row_that_a_line_fills_is_not_broken_and_one_column_more_is(void **state)
{
    (void)state;
    struct fake *screen = attach_screen("screen", 40);
    log_info("fill", "1234567 901234");
    log_info("over", "1234567 9012345");
    assert_int_equal(shown(screen, "cpu0 fill: 1234567 901234\n"), 1);
    assert_int_equal(shown(screen, "cpu0 over: 1234567\n9012345\n"), 1);
}

static void a_word_wider_than_the_screen_is_left_to_the_screen(void **state)
{
    (void)state;
    struct fake *screen = attach_screen("screen", 24), *narrowest = attach_screen("narrowest", 20);
    clear(screen);
    log_info("w", "%s end", "0123456789012345678901234567890123456789");
    assert_string_equal(screen->text, narrowest->text + narrowest->length - screen->length);
    assert_int_equal(shown(screen, "cpu0\nw:\n0123456789012345678901234567890123456789\nend\n"), 1);
}

static size_t rows_asked;

static bool add_rows(size_t rows)
{
    rows_asked += rows;
    return true;
}

static void the_pager_counts_the_rows_of_a_replay_as_they_are_broken(void **state)
{
    (void)state;
    struct fake *screen = attach_screen("screen", 40);
    log_info("paged", "one two three four five six seven eight nine ten eleven");
    log_info("paged", "%s", "0123456789012345678901234567890123456789012345678901234567890123456789");
    rows_asked = 0;
    clear(screen);
    print_set_observer(add_rows, 40);
    log_replay(LOG_DEBUG, "paged");
    print_set_observer(NULL, 0);
    assert_int_equal(rows_asked, 3 + 3);
    assert_int_equal(shown(screen, "\n"), 3 + 2);
}

static void a_full_ring_drops_its_oldest_lines_whole(void **state)
{
    (void)state;
    const unsigned int count = 5000;
    for (unsigned int i = 0; i < count; i++)
        log_info("flood", "%u %.*s", i, (int)(i % 37), "-------------------------------------");
    struct fake *fake = attach("late");

    unsigned long gone;
    int consumed;
    assert_int_equal(sscanf(fake->text, "[%lu older lines dropped]\n%n", &gone, &consumed), 1);
    unsigned int next = count, lines = 0;
    size_t bytes = 0;
    for (char *line = strtok(fake->text + consumed, "\n"); line; line = strtok(NULL, "\n")) {
        unsigned int number;
        char *text = strstr(line, "flood: ");
        if (lines == 0 && strstr(line, "lines not stored]"))
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

/* ---- print ---- */

static void printed_text_is_written_to_all_consoles_and_not_to_the_ring(void **state)
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
    log_replay(LOG_DEBUG, NULL);
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

static void settling_flushes_each_console_once(void **state)
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
static void settling_does_not_wait_for_the_code_it_interrupted(void **state)
{
    (void)state;
    struct fake *fake = attach_with_settle("settled");
    fake->inside = log_settle;
    looks = 0;
    log_line(LOG_INFO, "test", "interrupted");
    assert_int_equal(fake->settles, 1);
    assert_in_range(looks, 1, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_has_time_cpu_subsystem_and_text),
        TEST(a_console_attached_late_shows_each_line_once_in_order),
        TEST(the_threshold_keeps_lines_off_the_consoles_but_in_the_ring),
        TEST(a_replay_is_limited_to_a_level_and_a_word),
        TEST(a_clock_set_late_corrects_earlier_lines),
        TEST(time_stamps_never_go_backwards_with_the_clock),
        TEST(a_refined_rate_reorders_no_lines),
        TEST(a_long_line_is_truncated_and_marked),
        TEST(a_line_is_one_line_of_plain_ascii),
        TEST(on_a_screen_rows_end_between_words),
        TEST(a_row_that_a_line_fills_is_not_broken_and_one_column_more_is),
        TEST(a_word_wider_than_the_screen_is_left_to_the_screen),
        TEST(the_pager_counts_the_rows_of_a_replay_as_they_are_broken),
        TEST(a_full_ring_drops_its_oldest_lines_whole),
        TEST(printed_text_is_written_to_all_consoles_and_not_to_the_ring),
        TEST(settling_flushes_each_console_once),
        TEST(settling_does_not_wait_for_the_code_it_interrupted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

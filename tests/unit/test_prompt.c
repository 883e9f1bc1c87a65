/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A prompt on the consoles while log lines and reports come.
 */
#include <log_machine.h>

#include <string.h>

#define ERASED "\r        \r"
#define AGAIN  "\r--More--"

/* The console's text without the stamps of lines. */
static void check(struct fake *fake, const char *wanted)
{
    char text[256];
    size_t length = 0;
    for (const char *at = fake->text; *at; at++) {
        if (*at == '[')
            at = strchr(at, ']') + 2;
        assert_true(length < sizeof(text) - 1);
        text[length++] = *at;
    }
    text[length] = '\0';
    assert_string_equal(text, wanted);
    clear(fake);
}

/* Return: a new console, which shows the prompt and no more. */
static struct fake *attach_with_prompt(void)
{
    struct fake *fake = attach("fake");
    clear(fake);
    output_show_prompt("--More--");
    return fake;
}

static void a_log_line_goes_before_the_prompt(void **state)
{
    (void)state;
    struct fake *fake = attach_with_prompt();
    log_info("s", "one");
    log_info("s", "two");
    log_debug("s", "not shown");
    output_erase_prompt();
    log_info("s", "three");
    output_erase_prompt();
    check(fake,
          "--More--" ERASED "cpu0 s: one\n" AGAIN ERASED "cpu0 s: two\n" AGAIN ERASED "cpu0 s: three\n");
}

static void a_report_goes_before_the_prompt(void **state)
{
    (void)state;
    struct output_held held;
    struct fake *fake = attach_with_prompt();
    assert_true(output_hold(&held));
    print("report\n");
    log_info("s", "inside");
    output_release(held);
    check(fake, "--More--" ERASED "report\ncpu0 s: inside\n" AGAIN);
    output_erase_prompt();
    check(fake, ERASED);
}

/* A panic ends paging in the middle of a report, which lasts for good. */
static void the_prompt_does_not_come_back_in_a_report_that_lasts(void **state)
{
    (void)state;
    struct output_held held;
    struct fake *fake = attach_with_prompt();
    assert_true(output_hold(&held));
    print_set_observer(NULL, 0);
    log_info("s", "inside");
    check(fake, "--More--" ERASED "cpu0 s: inside\n");
    output_release(held);
    check(fake, "");
}

static void a_console_that_is_attached_meanwhile_gets_whole_lines(void **state)
{
    (void)state;
    (void)attach_with_prompt();
    log_info("s", "last");
    struct fake *later = attach("later");
    assert_int_equal(shown(later, "--More--"), 0);
    assert_int_equal(shown(later, "s: last\n"), 1);
    output_erase_prompt();
}

/* ---- a line that is typed ---- */

static void edit(const char *text)
{
    output_edit_prompt(text, strlen(text));
}

/* Return: a new console, which shows a prompt and "help", with the cursor on the 'l'. */
static struct fake *attach_with_typed_text(void)
{
    struct fake *fake = attach("fake");
    clear(fake);
    output_show_prompt("> ");
    edit("hel");
    edit("\b\b\b");
    edit("help");
    edit("\b\b");
    check(fake, "> hel\b\b\bhelp\b\b");
    return fake;
}

#define TYPED_ERASED "\r      \r"
#define TYPED_AGAIN  "\r> help\b\b"

static void what_was_typed_is_shown_again_with_its_cursor(void **state)
{
    (void)state;
    struct fake *fake = attach_with_typed_text();
    log_info("s", "one");
    log_info("s", "two");
    check(fake, TYPED_ERASED "cpu0 s: one\n" TYPED_AGAIN TYPED_ERASED "cpu0 s: two\n" TYPED_AGAIN);
    edit("L");
    edit("P!");
    log_info("s", "three");
    check(fake, "LP!\r       \rcpu0 s: three\n\r> heLP!");
    output_erase_prompt();
}

/* The new line is that of the command, whose output log lines do not erase. */
static void a_newline_ends_the_prompt(void **state)
{
    (void)state;
    struct fake *fake = attach_with_typed_text();
    edit("\n");
    log_info("s", "one");
    edit("x");
    output_erase_prompt();
    check(fake, "\ncpu0 s: one\nx");
    output_show_prompt("> ");
    edit("a\f");
    log_info("s", "two");
    output_show_prompt("> ");
    log_info("s", "three");
    check(fake, "> a\fcpu0 s: two\n> \r  \rcpu0 s: three\n\r> ");
    output_erase_prompt();
}

/* Of a CPU whose wait for the reporter timed out. */
static void edits_in_a_report_are_shown_after_it(void **state)
{
    (void)state;
    struct output_held held;
    struct fake *fake = attach_with_typed_text();
    assert_true(output_hold(&held));
    edit("LP!");
    edit("\b");
    log_info("s", "inside");
    output_release(held);
    check(fake, TYPED_ERASED "cpu0 s: inside\n\r> heLP!\b");
    output_erase_prompt();
}

/* As an NMI that logs while a console is written to: no wait, no loss. */
static void log_inside(void)
{
    log_info("s", "inside");
}

static void a_log_line_within_an_edit_loses_nothing(void **state)
{
    (void)state;
    struct fake *fake = attach_with_typed_text();
    fake->inside = log_inside;
    edit("L");
    check(fake, "L\r      \rcpu0 s: inside\n\r> heLp\b");
    log_info("s", "after");
    check(fake, "\r      \rcpu0 s: after\n\r> heLp\b");
    output_erase_prompt();
}

static void a_row_that_is_too_long_is_cut_where_it_is_shown_again(void **state)
{
    char typed[OUTPUT_PROMPT_MAX + 2], wanted[OUTPUT_PROMPT_MAX + 1] = "> ";
    struct fake *fake = attach("fake");
    (void)state;
    memset(typed, 'x', sizeof(typed));
    memset(wanted + 2, 'x', sizeof(wanted) - 3);
    wanted[sizeof(wanted) - 1] = '\0';
    output_show_prompt("> ");
    output_edit_prompt(typed, sizeof(typed));
    clear(fake);
    log_info("s", "one");
    const char *again = strstr(fake->text, "\n\r");
    assert_non_null(again);
    assert_string_equal(again + 2, wanted);
    output_erase_prompt();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_line_goes_before_the_prompt),
        TEST(a_report_goes_before_the_prompt),
        TEST(the_prompt_does_not_come_back_in_a_report_that_lasts),
        TEST(a_console_that_is_attached_meanwhile_gets_whole_lines),
        TEST(what_was_typed_is_shown_again_with_its_cursor),
        TEST(a_newline_ends_the_prompt),
        TEST(edits_in_a_report_are_shown_after_it),
        TEST(a_log_line_within_an_edit_loses_nothing),
        TEST(a_row_that_is_too_long_is_cut_where_it_is_shown_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

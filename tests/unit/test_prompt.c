/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A prompt on the consoles while log lines and reports come.
 */
#include <log_machine.h>

#include <string.h>

#define ERASED "\r        \r"

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
          "--More--" ERASED "cpu0 s: one\n--More--" ERASED "cpu0 s: two\n--More--" ERASED "cpu0 s: three\n");
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
    check(fake, "--More--" ERASED "report\ncpu0 s: inside\n--More--");
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_log_line_goes_before_the_prompt),
        TEST(a_report_goes_before_the_prompt),
        TEST(the_prompt_does_not_come_back_in_a_report_that_lasts),
        TEST(a_console_that_is_attached_meanwhile_gets_whole_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

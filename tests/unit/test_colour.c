/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which text is in colour on which console: the log on screens alone, the monitor also on a terminal that has
 * sent an escape sequence, and nothing anywhere else.
 */
#include <log_machine.h>

static struct fake *screen, *terminal, *line;

static int attach_each(void **state)
{
    begin(state);
    screen = attach("screen");
    screen->console.is_screen = true;
    terminal = attach("terminal");
    terminal->console.is_terminal = true;
    line = attach("line");
    return 0;
}

static void expect_styles(enum text_style on_screen, enum text_style on_terminal)
{
    assert_int_equal(screen->style, on_screen);
    assert_int_equal(terminal->style, on_terminal);
    assert_int_equal(line->style, STYLE_PLAIN);
}

static void the_log_is_in_colour_on_screens_only(void **state)
{
    (void)state;
    log_error("s", "wrong");
    expect_styles(STYLE_ERROR, STYLE_PLAIN);
    log_warn("s", "odd");
    expect_styles(STYLE_WARNING, STYLE_PLAIN);
    log_info("s", "fine");
    expect_styles(STYLE_PLAIN, STYLE_PLAIN);
    log_warn("s", "odd");
    log_replay(LOG_WARN, NULL);
    expect_styles(STYLE_WARNING, STYLE_PLAIN);
}

/* It is shown the earlier lines. */
static void a_console_attached_late_has_the_same_colours(void **state)
{
    (void)state;
    log_error("s", "wrong");
    for (unsigned int i = 0; i < 2; i++) {
        struct fake *late = i == 0 ? screen : terminal;
        log_detach(&late->console);
        late->style = STYLE_HEADLINE;
        log_attach(&late->console);
    }
    expect_styles(STYLE_ERROR, STYLE_PLAIN);
}

static void the_monitor_is_in_colour_on_a_terminal_too(void **state)
{
    (void)state;
    print_styled(STYLE_HEADLINE, "Ashlar");
    expect_styles(STYLE_HEADLINE, STYLE_HEADLINE);
    output_show_prompt("--More--");
    expect_styles(STYLE_PROMPT, STYLE_PROMPT);
    output_erase_prompt();
    expect_styles(STYLE_PLAIN, STYLE_PLAIN);
    print_styled(STYLE_ERROR, "no");
    print("plain");
    expect_styles(STYLE_PLAIN, STYLE_PLAIN);
}

static void without_colours_all_is_plain(void **state)
{
    (void)state;
    output_set_colours(false);
    log_error("s", "wrong");
    print_styled(STYLE_ERROR, "no");
    expect_styles(STYLE_PLAIN, STYLE_PLAIN);
    output_set_colours(true);
    print_styled(STYLE_ERROR, "no");
    expect_styles(STYLE_ERROR, STYLE_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_log_is_in_colour_on_screens_only, attach_each),
        cmocka_unit_test_setup(a_console_attached_late_has_the_same_colours, attach_each),
        cmocka_unit_test_setup(the_monitor_is_in_colour_on_a_terminal_too, attach_each),
        cmocka_unit_test_setup(without_colours_all_is_plain, attach_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

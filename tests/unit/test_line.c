/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line editor against a dumb terminal: after every key the screen must show the prompt, the
 * window of the line around the cursor, and blanks, with the screen's cursor at the line's.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <lib/string.h>
#include <monitor/line.h>
#include <stdio.h>
#include <string.h>

#include "seed.h"

size_t string_copy(char *to, size_t size, const char *from)
{
    return (size_t)snprintf(to, size, "%s", from);
}

#define PROMPT  "> "
#define CTRL(c) (0x1f & (c))

/* One row of a terminal that supports '\b' and newline. */
struct terminal {
    char row[256];
    size_t column, columns;
    unsigned int newlines, clears;
};

static void type_out(void *context, const char *text, size_t length)
{
    struct terminal *terminal = context;

    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\b') {
            assert_true(terminal->column > 0);
            terminal->column--;
        } else if (text[i] == '\n' || text[i] == '\f') {
            terminal->newlines += text[i] == '\n';
            terminal->clears += text[i] == '\f';
            memset(terminal->row, ' ', sizeof(terminal->row));
            terminal->column = 0;
        } else {
            assert_in_range(text[i], 0x20, 0x7e);
            terminal->row[terminal->column++] = text[i];
            /* The last column is never written: terminals differ in where the cursor moves then. */
            assert_true(terminal->column < terminal->columns);
        }
    }
}

static void check_screen(const struct line *line, const struct terminal *terminal)
{
    char wanted[sizeof(terminal->row)];
    size_t shown = line->length - line->view < line->width ? line->length - line->view : line->width;

    assert_int_equal(strlen(line->text), line->length);
    assert_true(line->cursor >= line->view && line->cursor - line->view < line->width);
    memset(wanted, ' ', sizeof(wanted));
    memcpy(wanted, PROMPT, strlen(PROMPT));
    memcpy(wanted + strlen(PROMPT), line->text + line->view, shown);
    assert_memory_equal(terminal->row, wanted, sizeof(wanted));
    assert_int_equal(terminal->column, strlen(PROMPT) + line->cursor - line->view);
}

static struct line line;
static struct terminal terminal;

static void begin(size_t columns)
{
    terminal = (struct terminal){ .columns = columns };
    memset(terminal.row, ' ', sizeof(terminal.row));
    line_init(&line, type_out, type_out, &terminal, PROMPT, columns);
    line_start(&line);
}

static void type(const char *keys)
{
    for (; *keys; keys++) {
        assert_int_equal(line_feed(&line, *keys), LINE_EDITING);
        check_screen(&line, &terminal);
    }
}

static void press(int key)
{
    assert_int_equal(line_feed(&line, key), LINE_EDITING);
    check_screen(&line, &terminal);
}

static void check_line(const char *text, size_t cursor)
{
    assert_string_equal(line.text, text);
    assert_int_equal(line.cursor, cursor);
}

struct example {
    const char *typed;
    int keys[4];
    const char *text;
    size_t cursor;
};

static void keys_edit_as_people_expect(void **state)
{
    static const struct example examples[] = {
        { "abc", { CTRL('A') }, "abc", 0 },
        { "abc", { KEY_HOME, CTRL('E') }, "abc", 3 },
        { "abc", { KEY_HOME, KEY_END }, "abc", 3 },
        { "abc", { CTRL('B') }, "abc", 2 },
        { "abc", { KEY_LEFT, KEY_LEFT, CTRL('F') }, "abc", 2 },
        { "abc", { KEY_RIGHT }, "abc", 3 },
        { "abc", { KEY_HOME, KEY_LEFT, 'x' }, "xabc", 1 },
        { "abc", { '\b' }, "ab", 2 },
        { "abc", { KEY_HOME, '\b' }, "abc", 0 },
        { "abc", { KEY_LEFT, 0x7f }, "ac", 1 },
        { "abc", { KEY_HOME, CTRL('D') }, "bc", 0 },
        { "abc", { KEY_HOME, KEY_RIGHT, KEY_DELETE }, "ac", 1 },
        { "abc", { CTRL('D') }, "abc", 3 },
        { "abc", { KEY_HOME, KEY_RIGHT, CTRL('K') }, "a", 1 },
        { "abc", { KEY_LEFT, CTRL('U') }, "c", 0 },
        { "peek 1  ", { CTRL('W') }, "peek ", 5 },
        { "peek 12", { KEY_LEFT, CTRL('W') }, "peek 2", 5 },
        { "", { CTRL('W') }, "", 0 },
        { "abc", { CTRL('T') }, "acb", 3 },
        { "abc", { KEY_LEFT, KEY_LEFT, CTRL('T') }, "bac", 2 },
        { "abc", { KEY_HOME, CTRL('T') }, "abc", 0 },
        { "a", { CTRL('T') }, "a", 1 },
        { "abc", { KEY_INSERT, KEY_PAGE_UP, CTRL('G') }, "abc", 3 },
    };
    (void)state;

    for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
        begin(80);
        type(examples[i].typed);
        for (size_t j = 0; j < 4 && examples[i].keys[j]; j++)
            press(examples[i].keys[j]);
        check_line(examples[i].text, examples[i].cursor);
    }
}

static void other_keys_are_events(void **state)
{
    (void)state;
    begin(80);
    assert_int_equal(line_feed(&line, CTRL('P')), LINE_PREVIOUS);
    assert_int_equal(line_feed(&line, KEY_UP), LINE_PREVIOUS);
    assert_int_equal(line_feed(&line, CTRL('N')), LINE_NEXT);
    assert_int_equal(line_feed(&line, KEY_DOWN), LINE_NEXT);
    assert_int_equal(line_feed(&line, '\t'), LINE_COMPLETE);
}

static void enter_keeps_the_line_and_starts_a_new_row(void **state)
{
    (void)state;
    begin(80);
    type("abc");
    press(KEY_HOME);
    assert_int_equal(line_feed(&line, '\r'), LINE_ENTERED);
    assert_string_equal(line.text, "abc");
    assert_int_equal(terminal.newlines, 1);
    assert_int_equal(terminal.column, 0);
}

static void control_c_empties_the_line(void **state)
{
    (void)state;
    begin(80);
    type("abc");
    assert_int_equal(line_feed(&line, CTRL('C')), LINE_CANCELED);
    assert_string_equal(line.text, "");
    assert_int_equal(terminal.newlines, 1);
}

static void control_l_clears_the_screen_and_redraws_the_line(void **state)
{
    (void)state;
    begin(80);
    type("abc");
    press(KEY_LEFT);
    press(CTRL('L'));
    assert_int_equal(terminal.clears, 1);
}

static void a_full_line_accepts_no_more_characters(void **state)
{
    (void)state;
    begin(80);
    for (size_t i = 0; i < LINE_MAX + 10; i++)
        press('a' + (int)(i % 26));
    assert_int_equal(line.length, LINE_MAX - 1);
    press(KEY_HOME);
    press('x');
    assert_int_equal(line.text[0], 'a');
    assert_false(line_insert(&line, "yz", 2));
    check_screen(&line, &terminal);
}

static void replacing_a_line_redraws_it(void **state)
{
    char big[2 * LINE_MAX];
    (void)state;

    begin(40);
    type("something that is longer than the window of the row");
    line_set(&line, "short");
    check_screen(&line, &terminal);
    check_line("short", 5);
    memset(big, 'b', sizeof(big) - 1);
    big[sizeof(big) - 1] = '\0';
    line_set(&line, big);
    check_screen(&line, &terminal);
    assert_int_equal(line.length, LINE_MAX - 1);
}

static void random_keys_keep_screen_and_line_equal(void **state)
{
    static const int keys[] = { KEY_LEFT,  KEY_LEFT,  KEY_RIGHT, KEY_HOME,  KEY_END,   '\b', CTRL('D'),
                                CTRL('K'), CTRL('U'), CTRL('W'), CTRL('T'), CTRL('L'), ' ',  ' ' };
    (void)state;

    seed_from_environment();
    for (unsigned int round = 0; round < 40; round++) {
        begin(12 + seed_below(70));
        for (unsigned int i = 0; i < 400; i++) {
            /* Keys that delete much are rare, so that lines grow past the window. */
            bool edits = seed_below(8) == 0;
            press(edits ? keys[seed_below((unsigned int)(sizeof(keys) / sizeof(keys[0])))]
                        : 'a' + (int)seed_below(26));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_edit_as_people_expect),
        cmocka_unit_test(other_keys_are_events),
        cmocka_unit_test(enter_keeps_the_line_and_starts_a_new_row),
        cmocka_unit_test(control_c_empties_the_line),
        cmocka_unit_test(control_l_clears_the_screen_and_redraws_the_line),
        cmocka_unit_test(a_full_line_accepts_no_more_characters),
        cmocka_unit_test(replacing_a_line_redraws_it),
        cmocka_unit_test(random_keys_keep_screen_and_line_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

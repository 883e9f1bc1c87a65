/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What terminals send, and the keys it becomes.
 */
#include <ashlar/dev/vt_keys.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

/* Feeds all of @text; the resulting keys, and their number. */
static size_t keys_of(const char *text, size_t length, int keys[])
{
    struct vt_keys decoder = { 0 };
    size_t count = 0;
    for (size_t i = 0; i < length; i++) {
        int key = vt_keys_feed(&decoder, (uint8_t)text[i]);
        if (key != KEY_NONE)
            keys[count++] = key;
    }
    return count;
}

static void expect_keys(const char *text, const int *expected, size_t expected_count)
{
    int keys[64];
    size_t count = keys_of(text, strlen(text), keys);
    assert_int_equal(count, expected_count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(keys[i], expected[i]);
}

#define EXPECT_KEYS(text, ...)                                                                               \
    expect_keys(text, (const int[]){ __VA_ARGS__ }, ARRAY_LEN(((const int[]){ __VA_ARGS__ })))
#define EXPECT_NO_KEYS(text) expect_keys(text, NULL, 0)

static void characters_are_themselves(void **state)
{
    (void)state;
    for (int c = 1; c < 0x7f; c++) {
        if (c == 0x1b || c == '\n')
            continue;
        char text[2] = { (char)c, 0 };
        EXPECT_KEYS(text, c);
    }
}

static void delete_is_backspace(void **state)
{
    (void)state;
    EXPECT_KEYS("\x7f\b", '\b', '\b');
}

static void every_kind_of_line_end_is_one_enter(void **state)
{
    (void)state;
    EXPECT_KEYS("\r", '\r');
    EXPECT_KEYS("\n", '\r');
    EXPECT_KEYS("\r\n", '\r');
    EXPECT_KEYS("a\r\nb", 'a', '\r', 'b');
    EXPECT_KEYS("\r\r", '\r', '\r');
    EXPECT_KEYS("\n\n", '\r', '\r');
    EXPECT_KEYS("\r\n\n", '\r', '\r');
    EXPECT_KEYS("\ra\n", '\r', 'a', '\r');
}

static void eight_bit_bytes_and_nul_are_ignored(void **state)
{
    (void)state;
    EXPECT_KEYS("a\xc3\xa4z", 'a', 'z');
    int keys[4];
    assert_int_equal(keys_of("a\0b", 3, keys), 2);
}

static void arrows_are_decoded_in_both_cursor_modes(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b[A\x1b[B\x1b[C\x1b[D", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT);
    EXPECT_KEYS("\x1bOA\x1bOB\x1bOC\x1bOD", KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT);
}

static void home_and_end_are_decoded_from_every_terminal(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b[H\x1b[F", KEY_HOME, KEY_END);
    EXPECT_KEYS("\x1bOH\x1bOF", KEY_HOME, KEY_END);
    EXPECT_KEYS("\x1b[1~\x1b[4~", KEY_HOME, KEY_END);
    EXPECT_KEYS("\x1b[7~\x1b[8~", KEY_HOME, KEY_END);
}

static void editing_keys_are_decoded(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b[2~\x1b[3~\x1b[5~\x1b[6~", KEY_INSERT, KEY_DELETE, KEY_PAGE_UP, KEY_PAGE_DOWN);
}

static void modifiers_do_not_change_the_key(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b[1;5C", KEY_RIGHT);
    EXPECT_KEYS("\x1b[3;2~", KEY_DELETE);
    EXPECT_KEYS("\x1b[1;5C\x1b[3~", KEY_RIGHT, KEY_DELETE);
}

static void unknown_sequences_are_ignored_whole(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b[15~x", 'x');
    EXPECT_KEYS("\x1b[200~x", 'x');
    EXPECT_KEYS("\x1b[259~x", 'x'); /* 259 is 3 in eight bits: not Delete */
    EXPECT_KEYS("\x1b[[Ax", 'x');
    EXPECT_KEYS("\x1bOPx", 'x');
    EXPECT_KEYS("\x1b[?1;2cx", 'x');
    EXPECT_NO_KEYS("\x1bx");
}

static void a_broken_sequence_does_not_swallow_enter(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b\r", '\r');
    EXPECT_KEYS("\x1b[\r", '\r');
    EXPECT_KEYS("\x1b[1;\rA", '\r', 'A');
    EXPECT_KEYS("\x1bO\r", '\r');
    EXPECT_KEYS("\x1b[[\r", '\r');
    EXPECT_KEYS("\x1b[1\x1b[A", KEY_UP);
}

static void two_escapes_are_one(void **state)
{
    (void)state;
    EXPECT_KEYS("\x1b\x1b[", 0x1b, '[');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_are_themselves),
        cmocka_unit_test(delete_is_backspace),
        cmocka_unit_test(every_kind_of_line_end_is_one_enter),
        cmocka_unit_test(eight_bit_bytes_and_nul_are_ignored),
        cmocka_unit_test(arrows_are_decoded_in_both_cursor_modes),
        cmocka_unit_test(home_and_end_are_decoded_from_every_terminal),
        cmocka_unit_test(editing_keys_are_decoded),
        cmocka_unit_test(modifiers_do_not_change_the_key),
        cmocka_unit_test(unknown_sequences_are_ignored_whole),
        cmocka_unit_test(a_broken_sequence_does_not_swallow_enter),
        cmocka_unit_test(two_escapes_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

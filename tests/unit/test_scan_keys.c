/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scan codes as a keyboard sends them, and the keys they become.
 */
#include <ashlar/dev/keymaps.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

static struct scan_keys decoder;

static int reset(void **state)
{
    (void)state;
    memset(&decoder, 0, sizeof(decoder));
    return 0;
}

/* Feeds @count codes. Return: the resulting key, KEY_NONE if there was none. More than one is an error. */
static int feed(const uint8_t *codes, size_t count)
{
    int key = KEY_NONE;
    for (size_t i = 0; i < count; i++) {
        int next = scan_keys_feed(&decoder, codes[i]);
        assert_true(next == KEY_NONE || key == KEY_NONE);
        if (next != KEY_NONE)
            key = next;
    }
    return key;
}

#define FEED(...) feed((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))

/* A key pressed and released. */
static int stroke(uint8_t code)
{
    return FEED(code, (uint8_t)(code | 0x80));
}

static int extended_stroke(uint8_t code)
{
    return FEED(0xe0, code, 0xe0, (uint8_t)(code | 0x80));
}

static const struct {
    uint8_t first;
    const char *plain, *shifted;
} rows[] = {
    { 0x02, "1234567890-=", "!@#$%^&*()_+" },
    { 0x10, "qwertyuiop[]", "QWERTYUIOP{}" },
    { 0x1e, "asdfghjkl;'`", "ASDFGHJKL:\"~" },
    { 0x2b, "\\zxcvbnm,./", "|ZXCVBNM<>?" },
    { 0x39, " ", " " },
    { 0x56, "\\", "|" },
};

/* With NumLock the keyboard sends a false release of Shift before the key, and a press after it. */
static void shift_and_a_grey_page_key_scroll_the_screen(void **state)
{
    (void)state;
    assert_int_equal(FEED(0x2a), KEY_NONE);
    assert_int_equal(extended_stroke(0x49), KEY_SCROLL_UP);
    assert_int_equal(extended_stroke(0x51), KEY_SCROLL_DOWN);
    assert_int_equal(FEED(0xe0, 0xaa, 0xe0, 0x49, 0xe0, 0xc9, 0xe0, 0x2a), KEY_SCROLL_UP);
    assert_int_equal(extended_stroke(0x48), KEY_UP);
    assert_int_equal(FEED(0xaa), KEY_NONE);
    assert_int_equal(extended_stroke(0x49), KEY_PAGE_UP);
    FEED(0x36);
    assert_int_equal(extended_stroke(0x49), KEY_SCROLL_UP);
    assert_int_equal(extended_stroke(0x51), KEY_SCROLL_DOWN);
    FEED(0xb6);
    assert_int_equal(extended_stroke(0x51), KEY_PAGE_DOWN);
}

static void each_key_types_its_character(void **state)
{
    (void)state;
    for (size_t row = 0; row < ARRAY_LEN(rows); row++)
        for (uint8_t i = 0; rows[row].plain[i]; i++) {
            uint8_t code = (uint8_t)(rows[row].first + i);
            assert_int_equal(stroke(code), rows[row].plain[i]);
            FEED(0x2a);
            assert_int_equal(stroke(code), rows[row].shifted[i]);
            FEED(0xaa, 0x36);
            assert_int_equal(stroke(code), rows[row].shifted[i]);
            FEED(0xb6);
            assert_int_equal(stroke(code), rows[row].plain[i]);
        }
}

static void control_keys_type_their_control_characters(void **state)
{
    (void)state;
    assert_int_equal(stroke(0x01), 0x1b);
    assert_int_equal(stroke(0x0e), '\b');
    assert_int_equal(stroke(0x0f), '\t');
    assert_int_equal(stroke(0x1c), '\r');
    FEED(0x1d); /* the same with Ctrl */
    assert_int_equal(stroke(0x1c), '\r');
    assert_int_equal(stroke(0x0e), '\b');
}

static void a_held_key_repeats(void **state)
{
    (void)state;
    assert_int_equal(FEED(0x1e), 'a');
    assert_int_equal(FEED(0x1e), 'a');
    assert_int_equal(FEED(0x9e), KEY_NONE);
    assert_int_equal(FEED(0xe0, 0x48), KEY_UP);
    assert_int_equal(FEED(0xe0, 0x48), KEY_UP);
}

static void either_shift_key_is_enough(void **state)
{
    (void)state;
    FEED(0x2a, 0x36, 0xaa);
    assert_int_equal(stroke(0x1e), 'A');
    FEED(0xb6);
    assert_int_equal(stroke(0x1e), 'a');
}

static void caps_lock_shifts_letters_only_and_shift_reverses_it(void **state)
{
    (void)state;
    stroke(0x3a);
    assert_int_equal(decoder.locks, SCAN_KEYS_CAPS_LOCK);
    assert_int_equal(stroke(0x1e), 'A');
    assert_int_equal(stroke(0x02), '1');
    FEED(0x2a);
    assert_int_equal(stroke(0x1e), 'a');
    assert_int_equal(stroke(0x02), '!');
    FEED(0xaa);
    stroke(0x3a);
    assert_int_equal(stroke(0x1e), 'a');
}

static void a_held_lock_key_toggles_once(void **state)
{
    (void)state;
    FEED(0x3a, 0x3a, 0x3a, 0x3a, 0xba);
    assert_int_equal(decoder.locks, SCAN_KEYS_CAPS_LOCK);
    FEED(0x3a, 0x3a, 0xba);
    assert_int_equal(decoder.locks, 0);
}

static void ctrl_with_a_letter_is_1_to_26(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        right ? FEED(0xe0, 0x1d) : FEED(0x1d);
        assert_int_equal(stroke(0x1e), 1);  /* A */
        assert_int_equal(stroke(0x2e), 3);  /* C */
        assert_int_equal(stroke(0x2c), 26); /* Z */
        assert_int_equal(stroke(0x02), KEY_NONE);
        assert_int_equal(stroke(0x39), KEY_NONE);
        FEED(0x2a);
        assert_int_equal(stroke(0x1e), 1);
        FEED(0xaa);
        right ? FEED(0xe0, 0x9d) : FEED(0x9d);
        assert_int_equal(stroke(0x1e), 'a');
    }
}

static void alt_with_any_key_types_nothing(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        right ? FEED(0xe0, 0x38) : FEED(0x38);
        assert_int_equal(stroke(0x1e), KEY_NONE);
        assert_int_equal(stroke(0x0f), KEY_NONE);
        assert_int_equal(extended_stroke(0x48), KEY_NONE);
        right ? FEED(0xe0, 0xb8) : FEED(0xb8);
        assert_int_equal(stroke(0x1e), 'a');
    }
}

static void ctrl_alt_del_requests_a_reboot(void **state)
{
    (void)state;
    for (int right = 0; right < 2; right++) {
        right ? FEED(0xe0, 0x38) : FEED(0x38);
        assert_int_equal(extended_stroke(0x53), KEY_NONE);
        right ? FEED(0xe0, 0x1d) : FEED(0x1d);
        assert_int_equal(extended_stroke(0x53), KEY_RESTART);
        assert_int_equal(stroke(0x53), KEY_RESTART);
        assert_int_equal(stroke(0x52), KEY_NONE);
        right ? FEED(0xe0, 0xb8) : FEED(0xb8);
        assert_int_equal(extended_stroke(0x53), KEY_DELETE);
        right ? FEED(0xe0, 0x9d) : FEED(0x9d);
    }
}

static const struct {
    uint8_t code;
    int key;
    char digit;
} keypad[] = {
    { 0x47, KEY_HOME, '7' },   { 0x48, KEY_UP, '8' },        { 0x49, KEY_PAGE_UP, '9' },
    { 0x4b, KEY_LEFT, '4' },   { 0x4d, KEY_RIGHT, '6' },     { 0x4f, KEY_END, '1' },
    { 0x50, KEY_DOWN, '2' },   { 0x51, KEY_PAGE_DOWN, '3' }, { 0x52, KEY_INSERT, '0' },
    { 0x53, KEY_DELETE, '.' },
};

static void grey_keys_ignore_lock_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keypad); i++) {
        reset(NULL);
        assert_int_equal(extended_stroke(keypad[i].code), keypad[i].key);
        FEED(0xe0, 0x2a);
        assert_int_equal(stroke(0x1e), 'a');
        FEED(0xe0, 0xaa);
        stroke(0x45);
        /* With NumLock the keyboard sends fake Shift codes around the key. */
        assert_int_equal(FEED(0xe0, 0x2a, 0xe0, keypad[i].code, 0xe0, keypad[i].code | 0x80, 0xe0, 0xaa),
                         keypad[i].key);
        assert_int_equal(stroke(0x1e), 'a');
        FEED(0x2a, 0xe0, 0xaa);
        assert_int_equal(stroke(0x1e), 'A');
        int with_shift = keypad[i].key == KEY_PAGE_UP     ? KEY_SCROLL_UP
                         : keypad[i].key == KEY_PAGE_DOWN ? KEY_SCROLL_DOWN
                                                          : keypad[i].key;
        assert_int_equal(FEED(0xe0, 0xaa, 0xe0, keypad[i].code, 0xe0, keypad[i].code | 0x80, 0xe0, 0x2a),
                         with_shift);
        assert_int_equal(stroke(0x1e), 'A');
    }
}

static void num_lock_and_shift_select_keypad_digits_or_movement(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(keypad); i++) {
        reset(NULL);
        assert_int_equal(stroke(keypad[i].code), keypad[i].key);
        FEED(0x2a);
        assert_int_equal(stroke(keypad[i].code), keypad[i].digit);
        FEED(0xaa);
        stroke(0x45);
        assert_int_equal(stroke(keypad[i].code), keypad[i].digit);
        FEED(0x2a);
        assert_int_equal(stroke(keypad[i].code), keypad[i].key);
    }
}

static void keypad_operators_type_themselves(void **state)
{
    (void)state;
    for (int num_lock = 0; num_lock < 2; num_lock++) {
        assert_int_equal(stroke(0x37), '*');
        assert_int_equal(stroke(0x4a), '-');
        assert_int_equal(stroke(0x4e), '+');
        assert_int_equal(extended_stroke(0x35), '/');
        assert_int_equal(extended_stroke(0x1c), '\r');
        assert_int_equal(extended_stroke(0x4a), KEY_NONE); /* no keyboard has it */
        assert_int_equal(stroke(0x4c), num_lock ? '5' : KEY_NONE);
        stroke(0x45);
    }
}

static void pause_types_nothing_and_is_not_num_lock(void **state)
{
    (void)state;
    assert_int_equal(FEED(0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5), KEY_NONE);
    assert_int_equal(decoder.locks, 0);
    assert_int_equal(stroke(0x1e), 'a');
}

static void unmapped_keys_type_nothing(void **state)
{
    (void)state;
    for (uint8_t code = 0x3b; code <= 0x44; code++) /* F1 to F10 */
        assert_int_equal(stroke(code), KEY_NONE);
    assert_int_equal(stroke(0x57), KEY_NONE);
    assert_int_equal(stroke(0x58), KEY_NONE);
    assert_int_equal(FEED(0xe0, 0x2a, 0xe0, 0x37, 0xe0, 0xb7, 0xe0, 0xaa), KEY_NONE); /* PrintScreen */
    assert_int_equal(extended_stroke(0x5b), KEY_NONE);
    assert_int_equal(stroke(0x1e), 'a');
}

static void random_codes_produce_only_valid_keys(void **state)
{
    (void)state;
    uint32_t random = 12345;
    for (int i = 0; i < 1000000; i++) {
        random = random * 1664525 + 1013904223;
        int key = scan_keys_feed(&decoder, (uint8_t)(random >> 24));
        assert_true(key == KEY_NONE || (key > 0 && key < 0x7f) || (key >= KEY_UP && key <= KEY_SCROLL_DOWN));
    }
}

#define TEST(claim) cmocka_unit_test_setup(claim, reset)

static const struct keymap *find_keymap(const char *name)
{
    const struct keymap *keymap = NULL;
    for (unsigned int i = 0; (keymap = keymap_at(i)) != NULL && strcmp(keymap->name, name) != 0; i++)
        ;
    assert_non_null(keymap);
    return keymap;
}

static void a_layout_has_other_letters_and_a_third_level(void **state)
{
    (void)state;
    decoder.keymap = find_keymap("de");
    assert_int_equal(stroke(0x15), 'z');
    assert_int_equal(stroke(0x2c), 'y');
    assert_int_equal(stroke(0x27), KEY_NONE); /* an umlaut */
    assert_int_equal(stroke(0x56), '<');
    assert_int_equal(stroke(0x1c), '\r');
    FEED(0x2a);
    assert_int_equal(stroke(0x08), '/');
    FEED(0xaa);
    stroke(0x3a);
    assert_int_equal(stroke(0x15), 'Z');
    stroke(0x3a);
    FEED(0x1d);
    assert_int_equal(stroke(0x2c), 'y' & 0x1f);
    FEED(0x9d);
    /* AltGr; the left Alt types nothing, and Ctrl with AltGr neither. */
    FEED(0xe0, 0x38);
    assert_int_equal(stroke(0x10), '@');
    assert_int_equal(stroke(0x56), '|');
    assert_int_equal(stroke(0x1e), KEY_NONE);
    FEED(0x1d);
    assert_int_equal(stroke(0x10), KEY_NONE);
    assert_int_equal(FEED(0x53), KEY_RESTART);
    FEED(0xd3, 0x9d, 0xe0, 0xb8, 0x38);
    assert_int_equal(stroke(0x10), KEY_NONE);
    FEED(0xb8);
}

static void each_layout_is_complete(void **state)
{
    const struct keymap *keymap;
    (void)state;
    for (unsigned int i = 0; (keymap = keymap_at(i)) != NULL; i++) {
        char typed[3 * KEYMAP_KEYS + 1];
        assert_int_equal(strlen(keymap->plain), KEYMAP_KEYS);
        assert_int_equal(strlen(keymap->shifted), KEYMAP_KEYS);
        assert_true(!keymap->alt_graph || strlen(keymap->alt_graph) == KEYMAP_KEYS);
        snprintf(typed, sizeof(typed), "%s%s%s", keymap->plain, keymap->shifted,
                 keymap->alt_graph ? keymap->alt_graph : "");
        for (const char *c = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-./;:|"; *c; c++)
            if (!strchr(typed, *c))
                fail_msg("%s types no '%c'", keymap->name, *c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_key_types_its_character),
        TEST(a_layout_has_other_letters_and_a_third_level),
        TEST(each_layout_is_complete),
        TEST(shift_and_a_grey_page_key_scroll_the_screen),
        TEST(control_keys_type_their_control_characters),
        TEST(a_held_key_repeats),
        TEST(either_shift_key_is_enough),
        TEST(caps_lock_shifts_letters_only_and_shift_reverses_it),
        TEST(a_held_lock_key_toggles_once),
        TEST(ctrl_with_a_letter_is_1_to_26),
        TEST(alt_with_any_key_types_nothing),
        TEST(ctrl_alt_del_requests_a_reboot),
        TEST(grey_keys_ignore_lock_keys),
        TEST(num_lock_and_shift_select_keypad_digits_or_movement),
        TEST(keypad_operators_type_themselves),
        TEST(pause_types_nothing_and_is_not_num_lock),
        TEST(unmapped_keys_type_nothing),
        TEST(random_codes_produce_only_valid_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Finding, setting up and polling a PS/2 keyboard, against the model of one. */
#include "ps2_model.h"

static void a_missing_controller_is_detected(void **state)
{
    (void)state;
    static const uint8_t reads[] = { 0xff, 0x00, 0x02, 0x01 };
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        plug_in(state);
        device.has_controller = false;
        device.absent_reads = reads[i];
        assert_int_equal(ps2_init(&keyboard), STATUS_NOT_FOUND);
        /* All ones mean at once that nothing is there. */
        assert_in_range(device.accesses, 1, reads[i] == 0xff ? 1 : 100000);
    }
}

static void a_controller_that_accepts_no_byte_is_given_up(void **state)
{
    (void)state;
    device.never_takes = true;
    assert_int_equal(ps2_init(&keyboard), STATUS_NOT_FOUND);
    assert_in_range(device.accesses, 1, 100000);
}

static void a_controller_that_never_stops_sending_is_given_up(void **state)
{
    (void)state;
    device.never_ends = true;
    assert_int_equal(ps2_init(&keyboard), STATUS_NOT_FOUND);
    assert_in_range(device.accesses, 1, 100000);
}

static void a_missing_keyboard_is_reported_and_can_be_plugged_in_later(void **state)
{
    (void)state;
    device.has_keyboard = false;
    assert_int_equal(ps2_init(&keyboard), STATUS_TIMEOUT);
    assert_in_range(device.accesses, 1, 200000);
    assert_int_equal(poll(), KEY_NONE);
    device.has_keyboard = true;
    move_key(0, false);
    assert_int_equal(poll(), 'a');
}

static void keys_are_equal_with_and_without_translation(void **state)
{
    (void)state;
    for (int translates = 0; translates < 2; translates++)
        for (uint8_t set = 1; set <= 2; set++) {
            plug_in(state);
            device.can_translate = translates;
            device.scan_set = set;
            assert_int_equal(ps2_init(&keyboard), STATUS_OK);
            for (size_t key = 0; key < 4; key++) {
                move_key(key, false);
                move_key(key, true);
                assert_int_equal(poll(), 'a' + (int)key);
                assert_int_equal(poll(), KEY_NONE);
            }
        }
}

static void the_keyboard_is_enabled_and_interrupts_and_mouse_disabled(void **state)
{
    (void)state;
    device.config = 0x17;
    device.is_scanning = false;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_int_equal(device.config, 0x64);
    assert_true(device.is_scanning);
}

static void keys_typed_before_are_dropped(void **state)
{
    (void)state;
    move_key(1, false);
    give(0x55, true);
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_int_equal(poll(), KEY_NONE);
}

static void a_command_is_resent_on_request(void **state)
{
    (void)state;
    device.resends = 3;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    plug_in(state);
    /* A keyboard that accepts no command is not retried for ever; it counts as present. */
    device.resends = 1000;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_in_range(1000 - device.resends, 2, 40);
}

/* No command is needed to type: each refused in each way, with and without a controller that translates. */
static void a_keyboard_that_refuses_an_optional_command_still_types(void **state)
{
    static const uint8_t commands[] = { 0xf5, 0xf0, 0xed, 0xf4 };
    static const uint8_t refusals[] = { 0xfe, 0xfc, 0x00 };
    (void)state;
    for (unsigned int i = 0; i < 64; i++) {
        uint8_t command = commands[i % 4];
        bool is_argument = i / 4 % 2, translates = i / 8 % 2;
        if (i / 16 == 3 || (is_argument && command >= 0xf4))
            continue;
        plug_in(state);
        device.can_translate = translates;
        device.refuses = command;
        device.refuses_argument = is_argument;
        device.refusal = refusals[i / 16];
        assert_int_equal(ps2_init(&keyboard), STATUS_OK);
        assert_true(device.refused > 0);
        assert_in_range(device.accesses, 1, 600000);
        /* One that was stopped and does not start again is lost; no keyboard is known to do that. */
        if (command == 0xf4)
            continue;
        for (size_t key = 0; key < 4; key++) {
            move_key(key, false);
            move_key(key, true);
            int typed = KEY_NONE;
            for (unsigned int polls = 0; polls < 4 && typed == KEY_NONE; polls++)
                typed = poll();
            assert_int_equal(typed, 'a' + (int)key);
            while (device.head < device.tail)
                assert_int_equal(poll(), KEY_NONE);
        }
    }
}

static void the_mouse_types_nothing(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    give(0x1e, true);
    give(0x30, true);
    move_key(2, false);
    assert_int_equal(poll(), 'c');
}

static void leds_follow_the_lock_keys(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_int_equal(device.leds, 0);
    give(0x3a, false);
    give(0xba, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.leds, 4);
    move_key(0, false);
    assert_int_equal(poll(), 'A');
    give(0x45, false);
    give(0xc5, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.leds, 6);
    give(0x3a, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.leds, 2);
}

static void a_keyboard_that_refuses_the_led_command_still_types(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    device.resends = 1;
    give(0x3a, false);
    assert_int_equal(poll(), KEY_NONE);
    move_key(3, false);
    assert_int_equal(poll(), 'D');
    /* An unexpected acknowledgement is neither a key nor an LED reply. */
    give(0xfa, false);
    assert_int_equal(poll(), KEY_NONE);
    move_key(3, false);
    assert_int_equal(poll(), 'D');
}

static void a_removed_controller_types_nothing(void **state)
{
    (void)state;
    static const uint8_t reads[] = { 0xff, 0x00, 0x01 };
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    device.has_controller = false;
    for (size_t i = 0; i < ARRAY_LEN(reads); i++) {
        device.absent_reads = reads[i];
        device.accesses = 0;
        int key = poll();
        assert_true(key == KEY_NONE || key == 0x1b);
        assert_in_range(device.accesses, 1, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_controller_is_detected),
        TEST(a_controller_that_accepts_no_byte_is_given_up),
        TEST(a_controller_that_never_stops_sending_is_given_up),
        TEST(a_missing_keyboard_is_reported_and_can_be_plugged_in_later),
        TEST(keys_are_equal_with_and_without_translation),
        TEST(the_keyboard_is_enabled_and_interrupts_and_mouse_disabled),
        TEST(keys_typed_before_are_dropped),
        TEST(a_command_is_resent_on_request),
        TEST(a_keyboard_that_refuses_an_optional_command_still_types),
        TEST(the_mouse_types_nothing),
        TEST(leds_follow_the_lock_keys),
        TEST(a_keyboard_that_refuses_the_led_command_still_types),
        TEST(a_removed_controller_types_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A PS/2 keyboard that interrupts, against the model of one. */
#include "ps2_model.h"

static void start(void)
{
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    while (deliver())
        ;
    assert_int_equal(poll(), KEY_NONE);
    device.claimed = device.unclaimed = 0;
}

/* A key is pressed and released, and each byte interrupts. */
static void type_key(size_t key)
{
    move_key(key, false);
    assert_true(deliver());
    move_key(key, true);
    assert_true(deliver());
}

static void the_first_interrupt_arrives_at_once_and_types_nothing(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_false(keyboard.input.interrupts);
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    assert_int_equal(ps2_interrupt_count(&keyboard), 0);
    assert_true(deliver());
    assert_int_equal(ps2_interrupt_count(&keyboard), 1);
    assert_true(keyboard.input.interrupts);
    assert_false(deliver());
    assert_int_equal(poll(), KEY_NONE);
}

static void only_the_keyboard_interrupt_is_enabled(void **state)
{
    (void)state;
    start();
    assert_int_equal(device.config, 0x65);
    assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_OK);
    assert_int_equal(device.config, 0x64);
    assert_false(keyboard.input.interrupts);
}

static void keys_arrive_by_interrupt_in_order(void **state)
{
    (void)state;
    start();
    move_key(0, false);
    assert_int_equal(poll(), KEY_NONE); /* the controller is not polled */
    assert_true(deliver());
    move_key(0, true);
    assert_true(deliver());
    for (size_t key = 1; key < 4; key++)
        type_key(key);
    for (int key = 'a'; key <= 'd'; key++)
        assert_int_equal(poll(), key);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.claimed, 8);
    assert_int_equal(device.unclaimed, 0);
}

static void interrupts_may_arrive_at_any_time_during_the_switch(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    device.comes_at_any_time = true;
    for (int i = 0; i < 10; i++) {
        uint32_t before = ps2_interrupt_count(&keyboard);
        assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
        while (deliver())
            ;
        assert_true(ps2_interrupt_count(&keyboard) > before);
        move_key(0, false);
        assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_OK);
        assert_int_equal(device.config, 0x64);
        move_key(1, false);
        assert_int_equal(poll(), 'a');
        assert_int_equal(poll(), 'b');
        assert_int_equal(poll(), KEY_NONE);
    }
}

static void a_key_typed_before_does_not_stop_the_next(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    move_key(0, false);
    device.has_edge = false; /* it was raised without a handler */
    device.only_bytes_raise_it = true;
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    assert_int_equal(ps2_interrupt_count(&keyboard), 0);
    assert_true(deliver());
    move_key(1, false);
    assert_true(deliver());
    assert_int_equal(poll(), 'a');
    assert_int_equal(poll(), 'b');
}

/* The byte then goes to the keyboard, and its response is as good. */
static void without_a_loopback_command_the_keyboard_triggers_the_first_interrupt(void **state)
{
    (void)state;
    device.cannot_pretend = true;
    start();
    assert_int_equal(ps2_interrupt_count(&keyboard), 1);

    plug_in(state);
    device.cannot_pretend = true;
    device.has_keyboard = false;
    assert_int_equal(ps2_init(&keyboard), STATUS_TIMEOUT);
    device.has_edge = false; /* by a response during set-up, because firmware's interrupts were enabled */
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    assert_false(deliver());
    assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_OK);
    device.has_keyboard = true;
    move_key(2, false);
    assert_false(deliver());
    assert_int_equal(poll(), 'c');
}

static void a_controller_that_accepts_no_byte_stays_polled(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    device.never_takes = true;
    device.accesses = 0;
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_TIMEOUT);
    assert_in_range(device.accesses, 1, 100000);
    assert_false(keyboard.input.interrupts);
    move_key(1, false);
    assert_int_equal(poll(), 'b');

    plug_in(state);
    start();
    device.never_takes = true;
    assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_TIMEOUT);
    assert_false(keyboard.input.interrupts);
    move_key(1, false);
    assert_int_equal(poll(), 'b');
}

static void a_key_after_many_silent_bytes_is_found_in_one_read(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < 40; i++) {
        give(0x2a, false); /* a shift key that is held */
        assert_true(deliver());
    }
    type_key(0);
    assert_int_equal(poll(), 'A');
}

static void excess_keys_are_dropped_and_typing_continues(void **state)
{
    (void)state;
    start();
    for (int i = 0; i < PS2_RECEIVED_MAX; i++)
        type_key((size_t)i % 4);
    /* Half of the bytes are releases. */
    for (int i = 0; i < PS2_RECEIVED_MAX / 2; i++)
        assert_int_equal(poll(), 'a' + i % 4);
    assert_int_equal(poll(), KEY_NONE);
    type_key(3);
    assert_int_equal(poll(), 'd');
}

static void leds_follow_the_lock_keys_by_interrupt(void **state)
{
    (void)state;
    start();
    give(0x3a, false);
    assert_true(deliver());
    assert_int_equal(poll(), KEY_NONE);
    assert_true(deliver()); /* the keyboard acknowledges the LED command */
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.leds, 4);
    assert_true(deliver());
    assert_int_equal(poll(), KEY_NONE);
    type_key(0);
    assert_int_equal(poll(), 'A');
}

static void the_mouse_types_nothing_by_interrupt(void **state)
{
    (void)state;
    start();
    give(0x1e, true);
    assert_false(deliver());
    assert_false(ps2_interrupt(&keyboard));
    assert_int_equal(poll(), KEY_NONE);
    give(0x1e, true);
    give(0x30, false);
    assert_true(ps2_interrupt(&keyboard));
    assert_int_equal(poll(), 'b');
    assert_int_equal(poll(), KEY_NONE);
}

static void an_interrupt_without_data_is_not_claimed(void **state)
{
    (void)state;
    start();
    uint32_t count = ps2_interrupt_count(&keyboard);
    assert_false(ps2_interrupt(&keyboard));
    assert_int_equal(ps2_interrupt_count(&keyboard), count);
}

static void a_controller_that_never_stops_sending_does_not_block_the_cpu(void **state)
{
    (void)state;
    start();
    device.never_ends = true;
    device.accesses = 0;
    assert_true(ps2_interrupt(&keyboard));
    assert_in_range(device.accesses, 1, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_interrupt_arrives_at_once_and_types_nothing),
        TEST(only_the_keyboard_interrupt_is_enabled),
        TEST(keys_arrive_by_interrupt_in_order),
        TEST(interrupts_may_arrive_at_any_time_during_the_switch),
        TEST(a_key_typed_before_does_not_stop_the_next),
        TEST(without_a_loopback_command_the_keyboard_triggers_the_first_interrupt),
        TEST(a_controller_that_accepts_no_byte_stays_polled),
        TEST(a_key_after_many_silent_bytes_is_found_in_one_read),
        TEST(excess_keys_are_dropped_and_typing_continues),
        TEST(leds_follow_the_lock_keys_by_interrupt),
        TEST(the_mouse_types_nothing_by_interrupt),
        TEST(an_interrupt_without_data_is_not_claimed),
        TEST(a_controller_that_never_stops_sending_does_not_block_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

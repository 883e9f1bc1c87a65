/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of input devices: all are polled until one has a key, the newest first.
 */
#include "expect_death.h"

#include <console/inputs.h>

static int keys[2];

static int poll_first(struct input *self)
{
    (void)self;
    return keys[0];
}

static int poll_second(struct input *self)
{
    (void)self;
    return keys[1];
}

static struct input first = { .name = "first", .poll = poll_first, .interrupts = true };
static struct input second = { .name = "second", .poll = poll_second, .interrupts = true };

static void the_newest_device_with_a_key_gives_it(void **state)
{
    (void)state;
    keys[0] = keys[1] = KEY_NONE;
    assert_int_equal(inputs_poll(), KEY_NONE);
    keys[0] = 'a';
    assert_int_equal(inputs_poll(), 'a');
    keys[1] = 'b';
    assert_int_equal(inputs_poll(), 'b');
}

static void all_interrupt_until_one_is_polled(void **state)
{
    (void)state;
    assert_true(inputs_all_interrupt());
    first.interrupts = false;
    assert_false(inputs_all_interrupt());
    first.interrupts = true;
    inputs_poll_devices();
    assert_false(first.interrupts || second.interrupts);
}

static void input_is_registered_twice(void)
{
    inputs_add(&first);
}

static void a_device_is_registered_once(void **state)
{
    (void)state;
    expect_death(input_is_registered_twice, "console: an input is registered once");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_device_with_a_key_gives_it),
        cmocka_unit_test(all_interrupt_until_one_is_polled),
        cmocka_unit_test(a_device_is_registered_once),
    };
    inputs_add(&first);
    inputs_add(&second);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

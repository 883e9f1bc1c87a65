/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of an 8042 and of a keyboard that speaks scan code sets 1 and 2.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct {
    /* the machine */
    bool has_controller, has_keyboard, can_translate;
    bool cannot_pretend;
    bool never_takes, never_ends; /* the input buffer stays full; the output buffer never empties */
    uint8_t absent_reads;
    unsigned int resends; /* how often the keyboard asks again */

    /* controller */
    uint8_t config;
    bool config_write_due, pretend_due;
    struct {
        uint8_t value;
        bool is_mouse;
    } output[64];
    size_t head, tail;

    /* keyboard */
    uint8_t scan_set, lamps;
    bool is_scanning;
    uint8_t pending_command;

    /* its interrupt: a line whose rising edges are kept, and delivered at once with comes_at_any_time */
    bool is_asserted, has_edge, comes_at_any_time;
    bool only_bytes_raise_it; /* and not a byte that waits while it is enabled */
    unsigned int claimed, unclaimed;

    uint64_t accesses;
} device;

static struct ps2_keyboard keyboard;

static void update_line(void)
{
    bool was_asserted = device.is_asserted;
    device.is_asserted = (device.config & 1) && device.head < device.tail && !device.output[device.head].is_mouse;
    device.has_edge |= device.is_asserted && !was_asserted;
}

/* Return: whether there was an edge to deliver. */
static bool deliver(void)
{
    if (!device.has_edge)
        return false;
    device.has_edge = false;
    if (ps2_interrupt(&keyboard))
        device.claimed++;
    else
        device.unclaimed++;
    return true;
}

/* Before any access of the driver's that is not made with interrupts off. */
static void interrupt_if_possible(void)
{
    bool is_possible = __atomic_load_n(&keyboard.lock.next, __ATOMIC_RELAXED) == keyboard.lock.serving;
    while (device.comes_at_any_time && is_possible && deliver())
        ;
}

static void give(uint8_t value, bool is_mouse)
{
    assert_true(device.tail < ARRAY_LEN(device.output));
    device.output[device.tail].value = value;
    device.output[device.tail++].is_mouse = is_mouse;
    update_line();
}

/* A to D in both sets. */
static const uint8_t set_1[] = { 0x1e, 0x30, 0x2e, 0x20 }, set_2[] = { 0x1c, 0x32, 0x21, 0x23 };

/* From the keyboard, through the translator if it is on. */
static void give_scan_code(uint8_t code, bool is_release)
{
    bool translates = device.config & 0x40;
    if (!translates && is_release && device.scan_set == 2)
        give(0xf0, false);
    uint8_t translated = 0x7f; /* no code that anything else translates to */
    for (size_t i = 0; i < sizeof(set_2); i++)
        if (code == set_2[i])
            translated = set_1[i];
    if (translates)
        code = translated;
    if (is_release && (translates || device.scan_set == 1))
        code |= 0x80;
    give(code, false);
}

/* A key of the four is pressed or released. */
static void move_key(size_t key, bool is_release)
{
    if (device.has_keyboard && device.is_scanning && !(device.config & 0x10))
        give_scan_code(device.scan_set == 1 ? set_1[key] : set_2[key], is_release);
}

static void keyboard_takes(uint8_t byte)
{
    if (!device.has_keyboard)
        return;
    /* What is no command is asked for again, for ever. */
    if (device.resends > 0 || byte == 0xfa) {
        device.resends -= device.resends > 0;
        give(0xfe, false);
        return;
    }
    give(0xfa, false);
    uint8_t command = device.pending_command;
    device.pending_command = 0;
    if (command == 0xed)
        device.lamps = byte;
    else if (command == 0xf0)
        device.scan_set = byte;
    else if (byte == 0xed || byte == 0xf0)
        device.pending_command = byte;
    else if (byte == 0xf4 || byte == 0xf5)
        device.is_scanning = byte == 0xf4;
    else
        fail_msg("unexpected keyboard command %#x", byte);
}

uint8_t io_in8(uint16_t port)
{
    interrupt_if_possible();
    device.accesses++;
    if (!device.has_controller)
        return device.absent_reads;
    if (port == 0x64) {
        bool has_output = device.head < device.tail;
        return (uint8_t)(4 | (has_output || device.never_ends ? 1 : 0) | (device.never_takes ? 2 : 0) |
                         (has_output && device.output[device.head].is_mouse ? 0x20 : 0));
    }
    assert_int_equal(port, 0x60);
    if (device.never_ends && device.head == device.tail)
        return 0;
    assert_true(device.head < device.tail);
    uint8_t value = device.output[device.head++].value;
    /* Between two bytes the line is low. */
    device.is_asserted = false;
    if (device.head == device.tail)
        device.head = device.tail = 0;
    update_line();
    return value;
}

void io_out8(uint16_t port, uint8_t value)
{
    interrupt_if_possible();
    device.accesses++;
    if (!device.has_controller)
        return;
    if (port == 0x60) {
        if (device.config_write_due) {
            bool had_edge = device.has_edge;
            device.config = device.can_translate ? value : value & 0xbf;
            update_line();
            device.has_edge = had_edge || (device.has_edge && !device.only_bytes_raise_it);
        } else if (device.pretend_due) {
            give(value, false);
        } else {
            keyboard_takes(value);
        }
        device.config_write_due = device.pretend_due = false;
        return;
    }
    assert_int_equal(port, 0x64);
    switch (value) {
    case 0x20:
        give(device.config, false);
        break;
    case 0x60:
        device.config_write_due = true;
        break;
    case 0xa7:
        device.config |= 0x20;
        break;
    case 0xad:
        device.config |= 0x10;
        break;
    case 0xae:
        device.config &= 0xef;
        break;
    case 0xd2:
        device.pretend_due = !device.cannot_pretend;
        break;
    default:
        fail_msg("unexpected controller command %#x", value);
    }
}

static int plug_in(void **state)
{
    (void)state;
    memset(&keyboard, 0, sizeof(keyboard));
    memset(&device, 0, sizeof(device));
    device.has_controller = device.has_keyboard = device.can_translate = true;
    device.is_scanning = true;
    device.scan_set = 2;
    device.config = 0x07; /* as firmware leaves it: interrupts on, no translation yet */
    device.lamps = 2;
    return 0;
}

static int poll(void)
{
    return keyboard.input.poll(&keyboard.input);
}

static void a_missing_controller_is_noticed(void **state)
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

static void a_controller_that_takes_nothing_is_left(void **state)
{
    (void)state;
    device.never_takes = true;
    assert_int_equal(ps2_init(&keyboard), STATUS_NOT_FOUND);
    assert_in_range(device.accesses, 1, 100000);
}

static void a_controller_that_never_stops_talking_is_left(void **state)
{
    (void)state;
    device.never_ends = true;
    assert_int_equal(ps2_init(&keyboard), STATUS_NOT_FOUND);
    assert_in_range(device.accesses, 1, 100000);
}

static void a_missing_keyboard_is_said_and_can_be_plugged_in_later(void **state)
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

static void keys_are_the_same_with_and_without_translation(void **state)
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

static void interrupts_and_mouse_are_off_and_the_keyboard_on(void **state)
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

static void a_keyboard_that_asks_again_is_told_again(void **state)
{
    (void)state;
    device.resends = 3;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    plug_in(state);
    device.resends = 1000;
    assert_int_equal(ps2_init(&keyboard), STATUS_TIMEOUT);
    assert_in_range(1000 - device.resends, 2, 10);
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

static void lamps_follow_the_locks(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    assert_int_equal(device.lamps, 0);
    give(0x3a, false);
    give(0xba, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.lamps, 4);
    move_key(0, false);
    assert_int_equal(poll(), 'A');
    give(0x45, false);
    give(0xc5, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.lamps, 6);
    give(0x3a, false);
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.lamps, 2);
}

static void a_keyboard_that_refuses_its_lamps_still_types(void **state)
{
    (void)state;
    assert_int_equal(ps2_init(&keyboard), STATUS_OK);
    device.resends = 1;
    give(0x3a, false);
    assert_int_equal(poll(), KEY_NONE);
    move_key(3, false);
    assert_int_equal(poll(), 'D');
    /* An acknowledgement that nobody waits for is no key and no lamp's. */
    give(0xfa, false);
    assert_int_equal(poll(), KEY_NONE);
    move_key(3, false);
    assert_int_equal(poll(), 'D');
}

static void a_controller_that_went_away_types_nothing(void **state)
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

/* ---- interrupts ---- */

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

static void the_first_interrupt_comes_at_once_and_types_nothing(void **state)
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

static void only_the_keyboards_interrupt_is_on(void **state)
{
    (void)state;
    start();
    assert_int_equal(device.config, 0x65);
    assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_OK);
    assert_int_equal(device.config, 0x64);
    assert_false(keyboard.input.interrupts);
}

static void keys_come_by_interrupt_and_in_order(void **state)
{
    (void)state;
    start();
    move_key(0, false);
    assert_int_equal(poll(), KEY_NONE); /* nobody looks for it */
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

static void interrupts_may_come_at_any_time_while_they_are_switched(void **state)
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
    device.has_edge = false; /* it was raised with nobody listening */
    device.only_bytes_raise_it = true;
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    assert_int_equal(ps2_interrupt_count(&keyboard), 0);
    assert_true(deliver());
    move_key(1, false);
    assert_true(deliver());
    assert_int_equal(poll(), 'a');
    assert_int_equal(poll(), 'b');
}

/* The byte then goes to the keyboard, and its answer serves as well. */
static void a_controller_that_cannot_pretend_leaves_it_to_the_keyboard(void **state)
{
    (void)state;
    device.cannot_pretend = true;
    start();
    assert_int_equal(ps2_interrupt_count(&keyboard), 1);

    plug_in(state);
    device.cannot_pretend = true;
    device.has_keyboard = false;
    assert_int_equal(ps2_init(&keyboard), STATUS_TIMEOUT);
    device.has_edge = false; /* of an answer to the setting up, as the firmware's interrupts were on */
    assert_int_equal(ps2_use_interrupts(&keyboard, true), STATUS_OK);
    assert_false(deliver());
    assert_int_equal(ps2_use_interrupts(&keyboard, false), STATUS_OK);
    device.has_keyboard = true;
    move_key(2, false);
    assert_false(deliver());
    assert_int_equal(poll(), 'c');
}

static void a_controller_that_takes_nothing_stays_polled(void **state)
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

static void a_key_behind_many_that_type_nothing_is_found_at_one_look(void **state)
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

static void more_than_is_remembered_is_dropped_and_typing_goes_on(void **state)
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

static void lamps_follow_the_locks_by_interrupt(void **state)
{
    (void)state;
    start();
    give(0x3a, false);
    assert_true(deliver());
    assert_int_equal(poll(), KEY_NONE);
    assert_true(deliver()); /* the keyboard acknowledges that lamps come */
    assert_int_equal(poll(), KEY_NONE);
    assert_int_equal(device.lamps, 4);
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

static void an_interrupt_that_brings_nothing_is_not_claimed(void **state)
{
    (void)state;
    start();
    uint32_t count = ps2_interrupt_count(&keyboard);
    assert_false(ps2_interrupt(&keyboard));
    assert_int_equal(ps2_interrupt_count(&keyboard), count);
}

static void a_controller_that_never_stops_talking_does_not_hold_the_cpu(void **state)
{
    (void)state;
    start();
    device.never_ends = true;
    device.accesses = 0;
    assert_true(ps2_interrupt(&keyboard));
    assert_in_range(device.accesses, 1, 100);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_missing_controller_is_noticed),
        TEST(a_controller_that_takes_nothing_is_left),
        TEST(a_controller_that_never_stops_talking_is_left),
        TEST(a_missing_keyboard_is_said_and_can_be_plugged_in_later),
        TEST(keys_are_the_same_with_and_without_translation),
        TEST(interrupts_and_mouse_are_off_and_the_keyboard_on),
        TEST(keys_typed_before_are_dropped),
        TEST(a_keyboard_that_asks_again_is_told_again),
        TEST(the_mouse_types_nothing),
        TEST(lamps_follow_the_locks),
        TEST(a_keyboard_that_refuses_its_lamps_still_types),
        TEST(a_controller_that_went_away_types_nothing),
        TEST(the_first_interrupt_comes_at_once_and_types_nothing),
        TEST(only_the_keyboards_interrupt_is_on),
        TEST(keys_come_by_interrupt_and_in_order),
        TEST(interrupts_may_come_at_any_time_while_they_are_switched),
        TEST(a_key_typed_before_does_not_stop_the_next),
        TEST(a_controller_that_cannot_pretend_leaves_it_to_the_keyboard),
        TEST(a_controller_that_takes_nothing_stays_polled),
        TEST(a_key_behind_many_that_type_nothing_is_found_at_one_look),
        TEST(more_than_is_remembered_is_dropped_and_typing_goes_on),
        TEST(lamps_follow_the_locks_by_interrupt),
        TEST(the_mouse_types_nothing_by_interrupt),
        TEST(an_interrupt_that_brings_nothing_is_not_claimed),
        TEST(a_controller_that_never_stops_talking_does_not_hold_the_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An 8042 and a keyboard with scan code sets 1 and 2, for tests of their driver. One test program has one.
 *
 * Its interrupt is a line whose rising edges are kept until the test delivers them, as an interrupt
 * controller does.
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
    unsigned int resends; /* how often the keyboard requests a resend */
    uint8_t refuses;      /* this command, or its argument, by the answer below; 0: none */
    bool refuses_argument;
    uint8_t refusal; /* 0: by silence */

    /* controller */
    uint8_t config;
    bool config_write_due, pretend_due;
    struct {
        uint8_t value;
        bool is_mouse;
    } output[64];
    size_t head, tail;

    /* keyboard */
    uint8_t scan_set, leds;
    bool is_scanning;
    uint8_t pending_command;
    unsigned int refused;

    /* its interrupt */
    bool is_asserted, has_edge;
    bool comes_at_any_time;   /* edges are delivered at once */
    bool only_bytes_raise_it; /* and not a byte that waits while it is enabled */
    unsigned int claimed, unclaimed;

    uint64_t accesses;
} device;

static struct ps2_keyboard keyboard;

static void update_line(void)
{
    bool was_asserted = device.is_asserted;
    device.is_asserted =
        (device.config & 1) && device.head < device.tail && !device.output[device.head].is_mouse;
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
    bool is_possible = spin_owner(&keyboard.lock) == SPIN_NO_OWNER;
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
    /* An invalid command gets a resend request each time. */
    if (device.resends > 0 || byte == 0xfa) {
        device.resends -= device.resends > 0;
        give(0xfe, false);
        return;
    }
    /* A command in place of an argument begins anew. */
    uint8_t command = byte >= 0xed ? 0 : device.pending_command;
    device.pending_command = 0;
    if (device.refuses != 0 && (device.refuses_argument ? command : byte) == device.refuses &&
        (device.refuses_argument || command == 0)) {
        if (device.refusal != 0)
            give(device.refusal, false);
        if (device.refusal == 0xfe)
            device.pending_command = command;
        device.refused++;
        return;
    }
    give(0xfa, false);
    if (command == 0xed)
        device.leds = byte;
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

/* ---- for the tests ---- */

static UNUSED int plug_in(void **state)
{
    (void)state;
    memset(&keyboard, 0, sizeof(keyboard));
    memset(&device, 0, sizeof(device));
    device.has_controller = device.has_keyboard = device.can_translate = true;
    device.is_scanning = true;
    device.scan_set = 2;
    device.config = 0x07; /* as firmware leaves it: interrupts on, no translation yet */
    device.leds = 2;
    return 0;
}

static UNUSED int poll(void)
{
    return keyboard.input.poll(&keyboard.input);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

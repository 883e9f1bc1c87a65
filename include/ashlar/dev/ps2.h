/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A keyboard at the PC's keyboard controller (8042): an input. Polled at first.
 *
 * Not for the mouse at the same controller, which is disabled so that its bytes do not mix with the
 * keyboard's.
 */
#include <ashlar/dev/input.h>
#include <ashlar/dev/scan_keys.h>
#include <ashlar/status.h>
#include <ashlar/sync/spinlock.h>

#define PS2_ISA_INTERRUPT 1
#define PS2_RECEIVED_MAX  64 /* a power of two */

struct ps2_keyboard {
    struct input input;
    struct scan_keys keys;
    uint8_t config;           /* the command byte, as set up: interrupts disabled */
    uint8_t leds;             /* as last sent to the keyboard */
    bool is_led_argument_due; /* the LED command was sent and not acknowledged yet */
    bool speaks_set_2;        /* and the controller does not translate: the driver does */
    bool is_release_due;      /* the last byte was the prefix of a release in set 2 */

    struct spinlock lock;
    /* guarded by lock, and used only with interrupts: */
    uint32_t received_start, received_end; /* both only grow, modulo the ring's size */
    uint32_t interrupts;                   /* that brought a byte, so far */
    uint8_t received[PS2_RECEIVED_MAX];
};

/**
 * ps2_init() - set up the controller and the keyboard.
 * @keyboard: filled in; its input may then be registered.
 *
 * Commands that the keyboard refuses or does not reply to are skipped: none of them is needed to type.
 * Return: STATUS_OK; STATUS_TIMEOUT when there is a controller but no keyboard replied: one that is plugged
 * in later still types, so the input may be registered all the same; STATUS_NOT_FOUND without a controller.
 * Context: any; no concurrent access to the controller.
 * Cost: bounded, about 0.1 s without a keyboard, 0.4 s with one that refuses all commands.
 * Source: IBM PS/2 Hardware Interface Technical Reference, "Keyboard and Auxiliary Device Controller";
 *         Intel 8042 data sheets.
 */
status_t ps2_init(struct ps2_keyboard *keyboard) MUST_CHECK;

/**
 * ps2_use_interrupts() - make the controller interrupt for each byte from the keyboard.
 * @keyboard: from ps2_init().
 * @is_on:    false goes back to polling.
 *
 * The first interrupt arrives at once, for a byte that is not a key: if it does not, the interrupt is not
 * wired, and the caller goes back to polling.
 * Return: STATUS_OK; STATUS_TIMEOUT when the controller accepts no command: it is polled.
 * Context: thread; no concurrent poll(). Bounded, as ps2_init().
 */
status_t ps2_use_interrupts(struct ps2_keyboard *keyboard, bool is_on) MUST_CHECK;

/**
 * ps2_interrupt() - handle an interrupt that may be the keyboard's.
 * @keyboard: from ps2_init().
 *
 * Return: whether a byte from the keyboard was pending.
 * Context: interrupt. Takes the keyboard's lock.
 */
bool ps2_interrupt(struct ps2_keyboard *keyboard);

/* Return: the number of interrupts that brought a byte. Context: any. */
uint32_t ps2_interrupt_count(const struct ps2_keyboard *keyboard);

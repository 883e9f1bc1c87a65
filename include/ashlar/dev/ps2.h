/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A keyboard at the PC's keyboard controller (8042): an input. Polled to begin with.
 *
 * Not for the mouse at the same controller, which is switched off so that its bytes do not mix
 * with the keyboard's.
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
    uint8_t config;           /* of the controller, as set up: without interrupts */
    uint8_t leds;             /* as the keyboard was last told */
    bool is_led_argument_due; /* it was told that they come, and has not acknowledged it */
    bool speaks_set_2;        /* and nobody translates it: its release prefix, below, is ours to keep */
    bool is_release_due;

    struct spinlock lock;
    /* guarded by lock, and used only with interrupts: */
    uint32_t received_start, received_end; /* both only grow, modulo the ring's size */
    uint32_t interrupts;                   /* that were ours, so far */
    uint8_t received[PS2_RECEIVED_MAX];
};

/**
 * ps2_init() - set up the controller and the keyboard.
 * @keyboard: filled in; its input may then be registered.
 *
 * What the keyboard refuses or does not answer is left out: none of it is needed to type.
 * Return: STATUS_OK; STATUS_TIMEOUT when there is a controller but no keyboard answered anything: one that is
 *         plugged in later still types, so the input may be registered all the same; STATUS_NOT_FOUND without
 *         a controller.
 * Context: any; nobody else uses the controller. Bounded: about 0.1 s without a keyboard, 0.4 s with one that
 * refuses all.
 * Source: IBM, "PS/2 Hardware Interface Technical Reference", "Keyboard and Auxiliary Device
 *         Controller"; Intel, "UPI-41AH/42AH Universal Peripheral Interface" for the 8042.
 */
status_t ps2_init(struct ps2_keyboard *keyboard) MUST_CHECK;

/**
 * ps2_use_interrupts() - from now on the controller interrupts for each byte of the keyboard.
 * @is_on: false goes back to polling.
 *
 * A first interrupt comes at once, for a byte that is no key: where none comes, it is not wired, and polling
 * is all there is.
 * Return: STATUS_OK; STATUS_TIMEOUT when the controller takes nothing: it is polled.
 * Context: thread; nobody polls meanwhile. Bounded, as ps2_init().
 */
status_t ps2_use_interrupts(struct ps2_keyboard *keyboard, bool is_on) MUST_CHECK;

/**
 * ps2_interrupt() - an interrupt has come that may be the keyboard's.
 *
 * Return: whether it was. Context: interrupt.
 */
bool ps2_interrupt(struct ps2_keyboard *keyboard);

/* Return: how many interrupts were its so far. */
uint32_t ps2_interrupt_count(const struct ps2_keyboard *keyboard);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A keyboard at the PC's keyboard controller (8042), polled: an input.
 *
 * Not for the mouse at the same controller, which is switched off so that its bytes do not mix
 * with the keyboard's.
 */
#include <ashlar/dev/input.h>
#include <ashlar/dev/scan_keys.h>
#include <ashlar/status.h>

struct ps2_keyboard {
    struct input input;
    struct scan_keys keys;
    uint8_t lamps;          /* as the keyboard was last told */
    bool is_lamp_value_due; /* it was told that they come, and has not acknowledged it */
};

/**
 * ps2_init() - set up the controller and the keyboard.
 * @keyboard: filled in; its input may then be registered.
 *
 * Return: STATUS_OK; STATUS_TIMEOUT when there is a controller but no keyboard answered: one that
 *         is plugged in later, or one that only listens badly, still types, so the input may be
 *         registered all the same; STATUS_NOT_FOUND without a controller.
 * Context: any; nobody else uses the controller. Bounded: about 0.1 s at worst.
 * Source: IBM, "PS/2 Hardware Interface Technical Reference", "Keyboard and Auxiliary Device
 *         Controller"; Intel, "UPI-41AH/42AH Universal Peripheral Interface" for the 8042.
 */
status_t ps2_init(struct ps2_keyboard *keyboard) MUST_CHECK;

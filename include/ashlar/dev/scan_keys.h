/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * From the scan codes of a PC keyboard, set 1, to keys (dev/input.h), by the US layout. Pure.
 */
#include <ashlar/dev/input.h>

/* Bits of scan_keys.locks, in the order of the keyboard's LED command. */
#define SCAN_KEYS_SCROLL_LOCK 1
#define SCAN_KEYS_NUM_LOCK    2
#define SCAN_KEYS_CAPS_LOCK   4

struct scan_keys {
    uint8_t locks;      /* that are on */
    uint8_t locks_held; /* whose key is down, so that its repetition does not count */
    uint8_t modifiers;  /* that are down */
    uint8_t skip;       /* codes to come that mean nothing */
    bool is_extended;   /* the last code was the prefix 0xe0 */
};

/**
 * scan_keys_feed() - the next code from the keyboard.
 * @decoder: all zero at first: no lock on, as laptops want whose NumLock turns letters to digits.
 * @code:    any value.
 *
 * A held key repeats by sending its code again. Ctrl with a letter is 1 to 26 and with another
 * character nothing; Alt with any key is nothing.
 *
 * Return: a key, or KEY_NONE when the code completed none.
 */
int scan_keys_feed(struct scan_keys *decoder, uint8_t code);

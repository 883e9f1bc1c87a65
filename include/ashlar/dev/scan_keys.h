/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Decoder from the scan codes of a PC keyboard, set 1, to keys (dev/input.h). Pure.
 */
#include <ashlar/dev/input.h>

/*
 * A layout: what the keys type that differ between layouts, in the order of their codes: 0x02 .. 0x0d, 0x10
 * .. 0x1b, 0x1e .. 0x29, 0x2b .. 0x35, 0x56. A blank is none, such as a character that is not ASCII.
 */
#define KEYMAP_KEYS 48

struct keymap {
    const char *name;
    const char *plain, *shifted, *alt_graph; /* KEYMAP_KEYS characters each; alt_graph: with AltGr */
};

/* The keyboards of the US; AltGr is a second Alt. */
extern const struct keymap keymap_us;

/* Bits of scan_keys.locks, in the order of the keyboard's LED command. */
#define SCAN_KEYS_SCROLL_LOCK 1
#define SCAN_KEYS_NUM_LOCK    2
#define SCAN_KEYS_CAPS_LOCK   4

struct scan_keys {
    const struct keymap *keymap; /* NULL: keymap_us */
    uint8_t locks;               /* that are on */
    uint8_t locks_held;          /* locks whose key is down: its repetition is ignored */
    uint8_t modifiers;           /* that are down */
    uint8_t skip;                /* number of codes to ignore */
    bool is_extended;            /* the last code was the prefix 0xe0 */
};

/**
 * scan_keys_feed() - decode the next code from the keyboard.
 * @decoder: all zero at first: all locks off, because NumLock turns letters into digits on some laptops.
 * @code:    any value.
 *
 * A held key repeats by sending its code again. Ctrl with a letter is 1 to 26; Ctrl with another character
 * and Alt with any key give no key. Dead keys type their character at once.
 *
 * Return: a key, or KEY_NONE when the code completed none.
 * Context: any; one caller at a time for a decoder.
 */
int scan_keys_feed(struct scan_keys *decoder, uint8_t code);

/* Return: the layout of a decoder; never NULL. Context: any. */
const struct keymap *scan_keys_layout(const struct scan_keys *decoder);

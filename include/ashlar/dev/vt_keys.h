/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Decoder from the bytes that a terminal sends to keys (dev/input.h). Pure; one decoder for each line.
 *
 * Not for keyboards: those send scan codes.
 */
#include <ashlar/dev/input.h>

struct vt_keys {
    uint8_t state;     /* zero: between keys */
    uint8_t parameter; /* first number of a control sequence; 255 when it is 255 or more */
    bool has_parameter_ended;
    bool was_return; /* the last byte was CR, so an LF is its second half */
};

/**
 * vt_keys_feed() - decode the next byte from the terminal.
 * @decoder: all zero at first.
 * @byte:    any value.
 *
 * LF, CR and CR LF are Enter; BS and DEL are Backspace. Escape sequences of the VT220, xterm, rxvt and Linux
 * consoles are decoded to keys, and those that have no key here are dropped whole, as is a character typed
 * with Alt (ESC and the character). A lone ESC cannot be told from the start of a sequence without a clock;
 * it is a key when the next byte is an ESC, too.
 *
 * Return: a key, or KEY_NONE when the byte completed none.
 * Context: any; one caller at a time for a decoder.
 */
int vt_keys_feed(struct vt_keys *decoder, uint8_t byte);

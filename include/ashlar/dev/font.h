/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bitmap fonts, made from console fonts by scripts/build/font.py when the kernel is built.
 *
 * A font is stored line by line and not glyph by glyph, because a console draws a row of text line by line:
 * the top lines of all 128 characters come first, then their second lines.
 */
#include <ashlar/types.h>

#define FONT_CHARACTERS 128 /* 0x20 .. 0x7e have a glyph, the others are blank */

struct font {
    uint8_t width, height; /* pixels; the width a multiple of 8 */
    /* [height][FONT_CHARACTERS][width / 8]; the highest bit is the leftmost pixel. */
    const uint8_t *lines;
};

extern const struct font font_8x16, font_16x32;

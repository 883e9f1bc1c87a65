/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A linear framebuffer, in the mode that the loader has set, as a console.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/font.h>
#include <ashlar/dev/text_grid.h>
#include <ashlar/status.h>

/* A mode as a loader describes it; not validated. */
struct framebuffer_mode {
    uint32_t width, height; /* pixels */
    uint32_t pitch_bytes;   /* from row to row */
    uint8_t bits_per_pixel; /* 8 .. 32; a pixel takes the bytes that hold them */
    /* Direct colour: position of the lowest bit, and bits; all sizes 0 when indexed. */
    uint8_t red_position, red_size, green_position, green_size, blue_position, blue_size;
    /* Indexed colour, 8 bits a pixel: triples red, green, blue. NULL for direct colour. */
    const uint8_t *palette;
    uint32_t palette_count;
};

#define FRAMEBUFFER_MAX_BYTES_PER_PIXEL 4

struct framebuffer {
    struct console console;
    struct text_grid grid;
    const struct font *font;
    uint8_t *pixels;
    uint32_t pitch_bytes;
    uint8_t bytes_per_pixel;
    /* In each style, eight pixels for each byte of a glyph; the first bytes_per_pixel words of each are used.
       Those of a style are filled in when it is first drawn. */
    uint64_t octets[TEXT_STYLES][256][FRAMEBUFFER_MAX_BYTES_PER_PIXEL];
    bool has_octets[TEXT_STYLES];
    uint32_t background, colours[TEXT_STYLES]; /* pixel values */
    /* Position of the cursor's bar; a column past the last: it is not shown. */
    uint16_t bar_row, bar_column;
};

/**
 * framebuffer_memory_size() - how much memory framebuffer_init() needs for a mode.
 * @mode: any values.
 *
 * Return: bytes; four for each character that fits. 0 for an unsupported mode.
 * Context: any.
 */
size_t framebuffer_memory_size(const struct framebuffer_mode *mode);

/**
 * framebuffer_init() - take over the screen and clear it.
 * @framebuffer: filled in; its console may then be registered.
 * @mode:        not used after the call.
 * @pixels:      the video memory, mapped, best write-combining: @mode->height rows a pitch apart. It is
 *               written and never read.
 * @memory, @size_bytes: at least framebuffer_memory_size(@mode), as text_grid_init() takes them.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED for a depth, a colour layout or a size (less than one character) that
 *         is not supported; STATUS_MALFORMED when a row is longer than its pitch. On failure the screen is
 *         left as it was.
 * Context: any.
 * Cost: one store for each 8 bytes of the screen.
 */
status_t framebuffer_init(struct framebuffer *framebuffer, const struct framebuffer_mode *mode, void *pixels,
                          void *memory, size_t size_bytes) MUST_CHECK;

/* As text_grid_scroll(), and draws it. Context: as the console's write(). */
void framebuffer_scroll(struct framebuffer *framebuffer, int rows);

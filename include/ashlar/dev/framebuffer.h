/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A linear framebuffer, in the mode that the loader has set, as a console; pictures are in
 * framebuffer_picture.c.
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
    uint32_t width, height; /* pixels */
    uint8_t bytes_per_pixel;
    bool is_covered; /* by a picture: text is kept, but not drawn */
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

/* A square picture in two colours: modules in rows and columns, as lib/qr_code.h makes them. */
struct framebuffer_picture {
    unsigned int size; /* modules in a row and in a column, 1 or more; with the light border */
    bool (*is_dark)(const void *context, unsigned int column, unsigned int row);
    const void *context;
    const char *label; /* in the last row of characters, truncated at its width; printable ASCII */
};

/**
 * framebuffer_module_pixels() - how large the modules of a picture are shown.
 * @size: of the picture, 1 or more.
 *
 * Return: the pixels of a module's side; 0: the picture does not fit.
 * Context: any.
 */
unsigned int framebuffer_module_pixels(const struct framebuffer *framebuffer, unsigned int size);

/**
 * framebuffer_show_picture() - show a picture in place of the text, as large as it fits.
 * @picture: framebuffer_module_pixels() of its size is not 0. Not used after the call.
 *
 * Text that is written meanwhile is kept. It is drawn, and the picture is gone, after
 * framebuffer_hide_picture(), or the console's settle(): a panic is not covered.
 * Context: as the console's write().
 * Cost: a store for each 8 bytes of the screen, and 8 calls of is_dark() for each 8 pixels of the picture.
 */
void framebuffer_show_picture(struct framebuffer *framebuffer, const struct framebuffer_picture *picture);

/* Shows the text again. Context: as the console's write(). */
void framebuffer_hide_picture(struct framebuffer *framebuffer);

/**
 * framebuffer_put_pixels() - for framebuffer_show_picture(): draw up to eight pixels of a row.
 * @x, @y: of the first one; all are on the screen.
 * @bits:  from the highest: 1 is foreground, in the plain style.
 * @count: 1 .. 8.
 *
 * Context: as the console's write().
 */
void framebuffer_put_pixels(const struct framebuffer *framebuffer, unsigned int x, unsigned int y,
                            uint8_t bits, unsigned int count);

/* For framebuffer_show_picture(): clears the screen, writes @label into its last row, and draws no text until
   framebuffer_hide_picture(). Context: as the console's write(). */
void framebuffer_cover(struct framebuffer *framebuffer, const char *label);

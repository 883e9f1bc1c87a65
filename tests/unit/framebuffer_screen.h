/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A framebuffer in memory, whose content is read pixel by pixel with shifts and masks, and compared with the
 * font's own bits. It is exactly as large as the mode needs and the sanitizer guards its ends; the bytes
 * between the rows must stay as they were.
 */
#include <ashlar/dev/framebuffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PADDING 0xee

static const uint8_t palette[] = { 255, 255, 255, 0,   0,   10,  200, 0, 0, 160, 170, 180, 1,   0,   0,
                                   255, 0,   255, 165, 170, 190, 10,  0, 0, 80,  250, 90,  250, 250, 80 };

static const struct framebuffer_mode modes[] = {
    { 640, 480, 2560, 32, 16, 8, 8, 8, 0, 8, NULL, 0 },
    { 640, 480, 2560, 32, 0, 8, 8, 8, 16, 8, NULL, 0 }, /* blue and red swapped */
    { 645, 490, 2603, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, /* no multiple of a cell, an odd pitch */
    { 640, 480, 2560, 30, 20, 10, 10, 10, 0, 10, NULL, 0 },
    { 800, 600, 2400, 24, 16, 8, 8, 8, 0, 8, NULL, 0 },
    { 333, 217, 1001, 24, 16, 8, 8, 8, 0, 8, NULL, 0 },
    { 640, 480, 1280, 16, 11, 5, 5, 6, 0, 5, NULL, 0 },
    { 641, 481, 1301, 16, 11, 5, 5, 6, 0, 5, NULL, 0 },
    { 640, 480, 1280, 15, 10, 5, 5, 5, 0, 5, NULL, 0 },
    { 320, 200, 321, 8, 0, 0, 0, 0, 0, 0, palette, 10 },
    { 320, 200, 320, 8, 5, 3, 2, 3, 0, 2, NULL, 0 },
    { 8, 16, 32, 32, 16, 8, 8, 8, 0, 8, NULL, 0 },         /* one cell */
    { 15, 31, 30, 16, 11, 5, 5, 6, 0, 5, NULL, 0 },        /* still one */
    { 2560, 1440, 10240, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, /* the large font */
    { 2563, 1300, 7703, 24, 16, 8, 8, 8, 0, 8, NULL, 0 },
};

static struct framebuffer framebuffer;
static struct framebuffer_mode mode;
static uint8_t *pixels;
static void *memory;
static size_t pixels_size;

static inline unsigned int bytes_per_pixel(void)
{
    return (mode.bits_per_pixel + 7u) / 8;
}

static inline int close_screen(void **state)
{
    (void)state;
    free(pixels);
    free(memory);
    pixels = NULL;
    memory = NULL;
    return 0;
}

/* @extra_rows: of memory for rows that have scrolled out. */
static inline void open_screen_with(const struct framebuffer_mode *wanted, unsigned int extra_rows)
{
    close_screen(NULL);
    mode = *wanted;
    pixels_size = (size_t)mode.pitch_bytes * (mode.height - 1) + (size_t)mode.width * bytes_per_pixel();
    pixels = malloc(pixels_size);
    size_t row_size = text_grid_size(mode.width / 8, 1) / 2; /* or less */
    size_t memory_size = framebuffer_memory_size(&mode) + extra_rows * row_size;
    memory = malloc(memory_size);
    assert_true(pixels != NULL && memory != NULL);
    memset(pixels, PADDING, pixels_size);
    assert_int_equal(framebuffer_init(&framebuffer, &mode, pixels, memory, memory_size), STATUS_OK);
}

static inline void open_screen(const struct framebuffer_mode *wanted)
{
    open_screen_with(wanted, 0);
}

static inline void show_styled(enum text_style style, const char *text)
{
    framebuffer.console.style = (uint8_t)style;
    framebuffer.console.write(&framebuffer.console, text, strlen(text));
}

static inline void show(const char *text)
{
    show_styled(STYLE_PLAIN, text);
}

static inline uint32_t pixel(unsigned int x, unsigned int y)
{
    uint32_t value = 0;
    memcpy(&value, pixels + (size_t)y * mode.pitch_bytes + (size_t)x * bytes_per_pixel(), bytes_per_pixel());
    return value;
}

/* In eight bits; and which of palette[] is nearest. */
struct colour {
    int red, green, blue;
    uint32_t index;
};

static const struct colour black = { 0, 0, 0, 4 };

static const struct colour colours[TEXT_STYLES] = {
    [STYLE_PLAIN] = { 0xaa, 0xaa, 0xaa, 3 },  [STYLE_HEADLINE] = { 0xff, 0xff, 0xff, 0 },
    [STYLE_PROMPT] = { 0x55, 0xff, 0x55, 8 }, [STYLE_WARNING] = { 0xff, 0xff, 0x55, 9 },
    [STYLE_ERROR] = { 0xff, 0x55, 0x55, 2 },
};

/* Whether a field of a direct colour is the nearest to @wanted. */
static inline bool is_level(uint32_t value, uint8_t position, uint8_t size, int wanted)
{
    uint32_t max = (1u << size) - 1;
    int level = (int)((value >> position & max) * 255 / max);
    return abs(level - wanted) <= (int)(128 / max) + 1; /* half a step, rounded */
}

static inline bool is_colour(uint32_t value, struct colour wanted)
{
    if (mode.palette)
        return value == wanted.index;
    uint32_t fields = ((1u << mode.red_size) - 1) << mode.red_position |
                      ((1u << mode.green_size) - 1) << mode.green_position |
                      ((1u << mode.blue_size) - 1) << mode.blue_position;
    return (value & ~fields) == 0 && is_level(value, mode.red_position, mode.red_size, wanted.red) &&
           is_level(value, mode.green_position, mode.green_size, wanted.green) &&
           is_level(value, mode.blue_position, mode.blue_size, wanted.blue);
}

/* Of an unstyled pixel. */
static inline bool is_plain(uint32_t value, bool is_foreground)
{
    return is_colour(value, is_foreground ? colours[STYLE_PLAIN] : black);
}

/* Whether the font has the pixel set. */
static inline bool is_ink(char character, unsigned int x, unsigned int y)
{
    const struct font *font = framebuffer.font;
    const uint8_t *bytes = font->lines + (y * FONT_CHARACTERS + (uint8_t)character) * (font->width / 8u);
    return bytes[x / 8] >> (7 - x % 8) & 1;
}

/* Compares the whole screen with @rows, blank where they end, and the cursor's bar. @styles: a digit for each
   character of @rows; NULL: all plain. */
static inline void expect_styled(const char *const *rows, const char *const *styles, size_t row_count,
                                 unsigned int cursor_row, unsigned int cursor_column)
{
    unsigned int width = framebuffer.font->width, height = framebuffer.font->height;
    for (unsigned int y = 0; y < mode.height; y++)
        for (unsigned int x = 0; x < mode.width; x++) {
            unsigned int row = y / height, column = x / width;
            bool is_cell = row < framebuffer.grid.rows && column < framebuffer.grid.columns;
            bool is_text = is_cell && row < row_count && column < strlen(rows[row]);
            char character = is_text ? rows[row][column] : ' ';
            bool is_bar = row == cursor_row && column == cursor_column && y % height >= height - 2;
            bool ink = is_cell && (is_bar || is_ink(character, x % width, y % height));
            unsigned int style =
                styles && is_text && !is_bar ? (unsigned int)(styles[row][column] - '0') : STYLE_PLAIN;
            if (!is_colour(pixel(x, y), ink ? colours[style] : black))
                fail_msg("pixel %u,%u of row %u, column %u is %#x", x, y, row, column, pixel(x, y));
        }
    for (unsigned int y = 0; y + 1 < mode.height; y++)
        for (size_t i = (size_t)mode.width * bytes_per_pixel(); i < mode.pitch_bytes; i++)
            assert_int_equal(pixels[(size_t)y * mode.pitch_bytes + i], PADDING);
}

static inline void expect_screen(const char *const *rows, size_t row_count, unsigned int cursor_row,
                                 unsigned int cursor_column)
{
    expect_styled(rows, NULL, row_count, cursor_row, cursor_column);
}

#define EXPECT_SCREEN(cursor_row, cursor_column, ...)                                                        \
    expect_screen((const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })),   \
                  cursor_row, cursor_column)

#define TEST(claim) cmocka_unit_test_teardown(claim, close_screen)

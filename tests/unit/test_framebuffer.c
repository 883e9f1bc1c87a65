/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen's content, pixel by pixel, in every depth; read with shifts and masks, and
 * compared with the font's own bits. The video memory is exactly as large as the mode needs and
 * the sanitizer guards its ends; the bytes between the rows must stay as they were.
 */
#include <ashlar/dev/framebuffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PADDING 0xee

static const uint8_t palette[] = { 255, 255, 255, 0,   0, 10,  200, 0,   0,   160, 170, 180,
                                   1,   0,   0,   255, 0, 255, 165, 170, 190, 10,  0,   0 };

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
    { 320, 200, 321, 8, 0, 0, 0, 0, 0, 0, palette, 8 },
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

static unsigned int bytes_per_pixel(void)
{
    return (mode.bits_per_pixel + 7u) / 8;
}

static int close_screen(void **state)
{
    (void)state;
    free(pixels);
    free(memory);
    pixels = NULL;
    memory = NULL;
    return 0;
}

static void open_screen(const struct framebuffer_mode *wanted)
{
    close_screen(NULL);
    mode = *wanted;
    pixels_size = (size_t)mode.pitch_bytes * (mode.height - 1) + (size_t)mode.width * bytes_per_pixel();
    pixels = malloc(pixels_size);
    memory = malloc(framebuffer_memory_size(&mode));
    assert_true(pixels != NULL && memory != NULL);
    memset(pixels, PADDING, pixels_size);
    assert_int_equal(framebuffer_init(&framebuffer, &mode, pixels, memory, framebuffer_memory_size(&mode)),
                     STATUS_OK);
}

static void show(const char *text)
{
    framebuffer.console.write(&framebuffer.console, text, strlen(text));
}

static uint32_t pixel(unsigned int x, unsigned int y)
{
    uint32_t value = 0;
    memcpy(&value, pixels + (size_t)y * mode.pitch_bytes + (size_t)x * bytes_per_pixel(), bytes_per_pixel());
    return value;
}

/* One field of a direct colour, in eight bits. */
static int level(uint32_t value, uint8_t position, uint8_t size)
{
    uint32_t max = (1u << size) - 1;
    return (int)((value >> position & max) * 255 / max);
}

static bool is_grey(uint32_t value, int wanted)
{
    if (mode.palette)
        return value == (wanted == 0 ? 4u : 3u);
    uint32_t fields = ((1u << mode.red_size) - 1) << mode.red_position |
                      ((1u << mode.green_size) - 1) << mode.green_position |
                      ((1u << mode.blue_size) - 1) << mode.blue_position;
    /* Half a step of a field of two bits is 43. */
    int slack = mode.blue_size < 5 ? 43 : 5;
    return (value & ~fields) == 0 && abs(level(value, mode.red_position, mode.red_size) - wanted) <= slack &&
           abs(level(value, mode.green_position, mode.green_size) - wanted) <= slack &&
           abs(level(value, mode.blue_position, mode.blue_size) - wanted) <= slack;
}

/* Whether the font has the pixel set. */
static bool is_ink(char character, unsigned int x, unsigned int y)
{
    const struct font *font = framebuffer.font;
    const uint8_t *bytes = font->lines + (y * FONT_CHARACTERS + (uint8_t)character) * (font->width / 8u);
    return bytes[x / 8] >> (7 - x % 8) & 1;
}

/* Compares the whole screen with @rows, blank where they end, and the cursor's bar. */
static void expect_screen(const char *const *rows, size_t row_count, unsigned int cursor_row,
                          unsigned int cursor_column)
{
    unsigned int width = framebuffer.font->width, height = framebuffer.font->height;
    for (unsigned int y = 0; y < mode.height; y++)
        for (unsigned int x = 0; x < mode.width; x++) {
            unsigned int row = y / height, column = x / width;
            bool is_cell = row < framebuffer.grid.rows && column < framebuffer.grid.columns;
            char character =
                is_cell && row < row_count && column < strlen(rows[row]) ? rows[row][column] : ' ';
            bool is_bar = row == cursor_row && column == cursor_column && y % height >= height - 2;
            bool ink = is_cell && (is_bar || is_ink(character, x % width, y % height));
            if (!is_grey(pixel(x, y), ink ? 0xaa : 0))
                fail_msg("pixel %u,%u of row %u, column %u is %#x", x, y, row, column, pixel(x, y));
        }
    for (unsigned int y = 0; y + 1 < mode.height; y++)
        for (size_t i = (size_t)mode.width * bytes_per_pixel(); i < mode.pitch_bytes; i++)
            assert_int_equal(pixels[(size_t)y * mode.pitch_bytes + i], PADDING);
}

#define EXPECT_SCREEN(cursor_row, cursor_column, ...)                                                        \
    expect_screen((const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })),   \
                  cursor_row, cursor_column)

static void fonts_have_a_glyph_for_every_character(void **state)
{
    (void)state;
    const struct font *fonts[] = { &font_8x16, &font_16x32 };
    for (size_t f = 0; f < ARRAY_LEN(fonts); f++) {
        unsigned int step = fonts[f]->width / 8u;
        for (unsigned int a = 0; a < FONT_CHARACTERS; a++)
            for (unsigned int b = 0; b < a; b++) {
                bool differ = false;
                for (unsigned int y = 0; y < fonts[f]->height; y++)
                    differ = differ || memcmp(fonts[f]->lines + (y * FONT_CHARACTERS + a) * step,
                                              fonts[f]->lines + (y * FONT_CHARACTERS + b) * step, step) != 0;
                bool has_glyph = a > ' ' && a <= '~';
                assert_true(differ || !has_glyph);
            }
    }
}

static void text_matches_the_font_at_every_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        expect_screen(NULL, 0, 0, 0);
        if (framebuffer.grid.columns < 20)
            continue;
        show("Ashlar {~} 0123@#\nsecond\n");
        EXPECT_SCREEN(2, 0, "Ashlar {~} 0123@#", "second");
        show("\bx\ty\rz");
        EXPECT_SCREEN(2, 1, "Ashlar {~} 0123@#", "second", "z       y");
        show("\f!");
        EXPECT_SCREEN(0, 1, "!");
    }
}

static void a_screen_may_have_one_cell(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        if (modes[i].width >= 16)
            continue;
        open_screen(&modes[i]);
        show("abc");
        EXPECT_SCREEN(0, 0, "c");
        show("d\ne\tf\b\b");
        EXPECT_SCREEN(0, 0, "f");
        show("\f");
        EXPECT_SCREEN(0, 0, "");
    }
}

static void a_full_screen_scrolls(void **state)
{
    (void)state;
    static char lines[200][32];
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        if (framebuffer.grid.columns < 16)
            continue;
        unsigned int first = 0, row = 0; /* the line at the top, the row of the cursor */
        for (unsigned int n = 0; n < 150; n++) {
            snprintf(lines[n], sizeof(lines[n]), "line %u of many", n);
            show(lines[n]);
            show("\n");
            if (++row == framebuffer.grid.rows) {
                first += framebuffer.grid.scroll_rows;
                row -= framebuffer.grid.scroll_rows;
            }
        }
        const char *seen[200];
        for (unsigned int n = 0; n < row; n++)
            seen[n] = lines[first + n];
        assert_int_equal(first + row, 150);
        expect_screen(seen, row, row, 0);
    }
}

static void at_least_25_rows_remain_where_possible(void **state)
{
    (void)state;
    for (uint32_t height = 16; height < 1300; height += 16) {
        struct framebuffer_mode tall = modes[0];
        tall.height = height;
        open_screen(&tall);
        unsigned int rows = framebuffer.grid.rows, step = framebuffer.grid.scroll_rows;
        assert_in_range(step, 1, rows);
        assert_true(step <= rows / 4 || rows < 4);
        assert_true(rows < 26 || rows - step >= 25);
    }
}

static void only_changed_cells_are_written_and_video_memory_is_never_read(void **state)
{
    (void)state;
    open_screen(&modes[0]);
    show("some text\nand more");
    /* From here on the driver must use its own memory only. */
    memset(pixels, 0x5a, pixels_size);
    show("\rand mode");
    for (unsigned int y = 0; y < mode.height; y++)
        for (unsigned int x = 0; x < mode.width; x++) {
            unsigned int column = x / 8, line = y % 16;
            bool is_row = y / 16 == 1;
            bool was_bar = is_row && column == 8 && line >= 14;
            bool is_changed = is_row && column == 6;
            bool is_same = pixel(x, y) == 0x5a5a5a5a;
            if (was_bar)
                assert_false(is_same);
            else if (is_changed)
                /* 'r' and 'd' share some lines; of the others every pixel is drawn. */
                assert_true(is_same || is_grey(pixel(x, y), is_ink('d', x % 8, line) ? 0xaa : 0));
            else
                assert_true(is_same);
        }
}

static void unsupported_modes_are_refused_and_the_screen_left_alone(void **state)
{
    (void)state;
    static const struct {
        struct framebuffer_mode mode;
        status_t status;
    } refused[] = {
        { { 640, 480, 2559, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_MALFORMED },
        { { 640, 480, 0, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_MALFORMED },
        { { 0x40000000, 480, 0, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_MALFORMED },
        { { 7, 480, 2560, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 15, 2560, 32, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 80, 1, 0, 0, 0, 0, 0, 0, palette, 2 }, STATUS_UNSUPPORTED },
        { { 640, 480, 320, 4, 0, 0, 0, 0, 0, 0, palette, 6 }, STATUS_UNSUPPORTED },
        { { 640, 480, 5120, 64, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 2560, 32, 16, 0, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 2560, 32, 25, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 2560, 32, 250, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 2560, 32, 0, 32, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
        { { 640, 480, 1280, 16, 16, 8, 8, 8, 0, 8, NULL, 0 }, STATUS_UNSUPPORTED },
    };
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        assert_int_equal(framebuffer_memory_size(&refused[i].mode), 0);
        assert_int_equal(framebuffer_init(&framebuffer, &refused[i].mode, NULL, NULL, 0), refused[i].status);
    }
}

static void an_empty_palette_counts_as_the_vga_palette(void **state)
{
    (void)state;
    struct framebuffer_mode indexed = { 320, 200, 320, 8, 0, 0, 0, 0, 0, 0, palette, 0 };
    open_screen(&indexed);
    assert_int_equal(pixel(0, 15), 7);
    assert_int_equal(pixel(0, 0), 0);
}

static void wide_screens_get_the_large_font(void **state)
{
    (void)state;
    static const struct {
        uint32_t width, height;
        const struct font *font;
    } sizes[] = { { 1920, 1200, &font_8x16 },
                  { 2560, 1080, &font_8x16 }, /* wide, but not high: 33 rows would remain */
                  { 2560, 1440, &font_16x32 },
                  { 3840, 2160, &font_16x32 } };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct framebuffer_mode wide = modes[0];
        wide.width = sizes[i].width;
        wide.height = sizes[i].height;
        wide.pitch_bytes = 4 * wide.width;
        open_screen(&wide);
        assert_ptr_equal(framebuffer.font, sizes[i].font);
    }
}

/* ---- pictures ---- */

#define PICTURE_SIZE 29u

static bool is_dark(const void *context, unsigned int column, unsigned int row)
{
    assert_ptr_equal(context, modes);
    assert_true(column < PICTURE_SIZE && row < PICTURE_SIZE);
    return column * 7 % 5 < row * 3 % 4;
}

static const struct framebuffer_picture picture = { PICTURE_SIZE, is_dark, modes, "label" };

static void expect_picture(void)
{
    unsigned int cell_height = framebuffer.font->height, cell_width = framebuffer.font->width;
    unsigned int height = mode.height - cell_height, label_row = framebuffer.grid.rows - 1u;
    unsigned int scale = framebuffer_module_pixels(&framebuffer, PICTURE_SIZE), side = scale * PICTURE_SIZE;
    unsigned int left = (mode.width - side) / 2, top = (height - side) / 2;
    for (unsigned int y = 0; y < mode.height; y++)
        for (unsigned int x = 0; x < mode.width; x++) {
            bool is_light = false;
            if (x - left < side && y - top < side)
                is_light = !is_dark(modes, (x - left) / scale, (y - top) / scale);
            else if (y / cell_height == label_row && x / cell_width < strlen(picture.label))
                is_light = is_ink(picture.label[x / cell_width], x % cell_width, y % cell_height);
            if (!is_grey(pixel(x, y), is_light ? 0xaa : 0))
                fail_msg("pixel %u,%u is %#x", x, y, pixel(x, y));
        }
}

static void a_picture_covers_the_text_until_it_is_hidden(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        open_screen(&modes[i]);
        if (framebuffer_module_pixels(&framebuffer, PICTURE_SIZE) == 0)
            continue;
        show("before\n");
        framebuffer_show_picture(&framebuffer, &picture);
        expect_picture();
        show("meanwhile\n");
        framebuffer_scroll(&framebuffer, -1);
        expect_picture();
        framebuffer_hide_picture(&framebuffer);
        expect_screen((const char *[]){ "before", "meanwhile" }, 2, 2, 0);
        show("after");
        expect_screen((const char *[]){ "before", "meanwhile", "after" }, 3, 2, 5);
    }
}

static void a_panic_shows_its_text_in_place_of_a_picture(void **state)
{
    (void)state;
    open_screen(&modes[0]);
    framebuffer_show_picture(&framebuffer, &picture);
    show("panic");
    framebuffer.console.settle(&framebuffer.console);
    expect_screen((const char *[]){ "panic" }, 1, 0, 5);
    framebuffer.console.settle(&framebuffer.console);
    expect_screen((const char *[]){ "panic" }, 1, 0, 5);
}

static void a_picture_is_as_large_as_it_fits(void **state)
{
    (void)state;
    open_screen(&modes[0]);
    assert_int_equal(framebuffer_module_pixels(&framebuffer, PICTURE_SIZE), (480 - 16) / PICTURE_SIZE);
    assert_int_equal(framebuffer_module_pixels(&framebuffer, 464), 1);
    assert_int_equal(framebuffer_module_pixels(&framebuffer, 465), 0);
}

#define TEST(claim) cmocka_unit_test_teardown(claim, close_screen)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fonts_have_a_glyph_for_every_character),
        TEST(text_matches_the_font_at_every_depth),
        TEST(a_screen_may_have_one_cell),
        TEST(a_full_screen_scrolls),
        TEST(at_least_25_rows_remain_where_possible),
        TEST(only_changed_cells_are_written_and_video_memory_is_never_read),
        TEST(unsupported_modes_are_refused_and_the_screen_left_alone),
        TEST(an_empty_palette_counts_as_the_vga_palette),
        TEST(wide_screens_get_the_large_font),
        TEST(a_picture_covers_the_text_until_it_is_hidden),
        TEST(a_panic_shows_its_text_in_place_of_a_picture),
        TEST(a_picture_is_as_large_as_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

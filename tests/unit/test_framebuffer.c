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

/* @extra_rows: of memory for rows that have scrolled out. */
static void open_screen_with(const struct framebuffer_mode *wanted, unsigned int extra_rows)
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

static void open_screen(const struct framebuffer_mode *wanted)
{
    open_screen_with(wanted, 0);
}

static void show_styled(enum text_style style, const char *text)
{
    framebuffer.console.style = (uint8_t)style;
    framebuffer.console.write(&framebuffer.console, text, strlen(text));
}

static void show(const char *text)
{
    show_styled(STYLE_PLAIN, text);
}

static uint32_t pixel(unsigned int x, unsigned int y)
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
static bool is_level(uint32_t value, uint8_t position, uint8_t size, int wanted)
{
    uint32_t max = (1u << size) - 1;
    int level = (int)((value >> position & max) * 255 / max);
    return abs(level - wanted) <= (int)(128 / max) + 1; /* half a step, rounded */
}

static bool is_colour(uint32_t value, struct colour wanted)
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
static bool is_plain(uint32_t value, bool is_foreground)
{
    return is_colour(value, is_foreground ? colours[STYLE_PLAIN] : black);
}

/* Whether the font has the pixel set. */
static bool is_ink(char character, unsigned int x, unsigned int y)
{
    const struct font *font = framebuffer.font;
    const uint8_t *bytes = font->lines + (y * FONT_CHARACTERS + (uint8_t)character) * (font->width / 8u);
    return bytes[x / 8] >> (7 - x % 8) & 1;
}

/* Compares the whole screen with @rows, blank where they end, and the cursor's bar. @styles: a digit for each
   character of @rows; NULL: all plain. */
static void expect_styled(const char *const *rows, const char *const *styles, size_t row_count,
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

static void expect_screen(const char *const *rows, size_t row_count, unsigned int cursor_row,
                          unsigned int cursor_column)
{
    expect_styled(rows, NULL, row_count, cursor_row, cursor_column);
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
        assert_int_equal(framebuffer.console.rows, rows - step + 1); /* a page of the pager stays */
        assert_int_equal(framebuffer.console.columns, framebuffer.grid.columns);
        assert_true(framebuffer.console.is_screen);
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
                assert_true(is_same || is_plain(pixel(x, y), is_ink('d', x % 8, line)));
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

/* ---- styles ---- */

#define EXPECT_LINE(cursor_column, text, styles)                                                             \
    expect_styled((const char *const[]){ text }, (const char *const[]){ styles }, 1, 0, cursor_column)

static void each_style_has_its_colour_at_every_depth(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        if (framebuffer.grid.columns < 20)
            continue;
        show_styled(STYLE_HEADLINE, "Head");
        show_styled(STYLE_PROMPT, "go>");
        show("plain");
        show_styled(STYLE_WARNING, "odd");
        show_styled(STYLE_ERROR, "wrong");
        EXPECT_LINE(20, "Headgo>plainoddwrong", "11112220000033344444");
    }
}

static void a_cell_is_drawn_again_in_another_colour(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        if (framebuffer.grid.columns < 20)
            continue;
        show("same text");
        show_styled(STYLE_ERROR, "\rsame");
        EXPECT_LINE(4, "same text", "444400000");
        /* Another character in the old colour, beside the old character in another one. */
        show_styled(STYLE_ERROR, "\rSAME text");
        EXPECT_LINE(9, "SAME text", "444444444");
        show_styled(STYLE_WARNING, "\rS");
        show("ame");
        EXPECT_LINE(4, "Same text", "300044444");
    }
}

/* All at once, as after a picture, or when rows scroll. */
static void rows_of_several_styles_move(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        if (framebuffer.grid.columns < 20)
            continue;
        unsigned int step = framebuffer.grid.scroll_rows, rows = framebuffer.grid.rows;
        for (unsigned int row = 0; row < step; row++)
            show("plain text\n");
        show_styled(STYLE_ERROR, "plain");
        show_styled(STYLE_WARNING, " text");
        for (unsigned int row = step; row < rows; row++)
            show("\n");
        expect_styled((const char *const[]){ "plain text" }, (const char *const[]){ "4444433333" }, 1,
                      rows - step, 0);
    }
}

/* The lowest lines of the character under it are drawn again, in their colour. */
static void the_cursor_leaves_a_character_in_its_colour(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
        open_screen(&modes[i]);
        if (framebuffer.grid.columns < 20)
            continue;
        char low[] = "!";
        while (!is_ink(low[0], 3, framebuffer.font->height - 2u))
            assert_true(++low[0] < 0x7f);
        show_styled(STYLE_ERROR, low);
        show("\b");
        EXPECT_LINE(0, low, "4");
        show("\n");
        expect_styled((const char *const[]){ low }, (const char *const[]){ "4" }, 1, 1, 0);
    }
}

static void a_view_that_is_scrolled_back_has_no_cursor(void **state)
{
    (void)state;
    struct framebuffer_mode small = modes[0];
    small.height = 3 * 16;
    open_screen_with(&small, 4);
    show("1\n2\n3\n4");
    EXPECT_SCREEN(2, 1, "2", "3", "4");
    framebuffer_scroll(&framebuffer, -1);
    EXPECT_SCREEN(3, 0, "1", "2", "3");
    framebuffer_scroll(&framebuffer, 1);
    EXPECT_SCREEN(2, 1, "2", "3", "4");
    framebuffer_scroll(&framebuffer, -1);
    show("!");
    EXPECT_SCREEN(2, 2, "2", "3", "4!");
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
            if (!is_plain(pixel(x, y), is_light))
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
        TEST(each_style_has_its_colour_at_every_depth),
        TEST(a_cell_is_drawn_again_in_another_colour),
        TEST(rows_of_several_styles_move),
        TEST(the_cursor_leaves_a_character_in_its_colour),
        TEST(a_view_that_is_scrolled_back_has_no_cursor),
        TEST(a_picture_covers_the_text_until_it_is_hidden),
        TEST(a_panic_shows_its_text_in_place_of_a_picture),
        TEST(a_picture_is_as_large_as_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

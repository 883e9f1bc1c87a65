/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The screen's text in every depth, and the modes that are refused.
 */
#include "framebuffer_screen.h"

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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

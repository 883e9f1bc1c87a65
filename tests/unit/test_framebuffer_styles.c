/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The colours of styled text in every depth.
 */
#include "framebuffer_screen.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_style_has_its_colour_at_every_depth),
        TEST(a_cell_is_drawn_again_in_another_colour),
        TEST(rows_of_several_styles_move),
        TEST(the_cursor_leaves_a_character_in_its_colour),
        TEST(a_view_that_is_scrolled_back_has_no_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

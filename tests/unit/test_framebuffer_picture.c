/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A picture over the text, and the text under it.
 */
#include "framebuffer_screen.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_picture_covers_the_text_until_it_is_hidden),
        TEST(a_panic_shows_its_text_in_place_of_a_picture),
        TEST(a_picture_is_as_large_as_it_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

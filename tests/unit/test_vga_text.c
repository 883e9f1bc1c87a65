/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of a VGA's registers and its text memory.
 */
#include <ashlar/dev/vga_text.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static struct {
    bool is_present;
    uint16_t crtc_port;
    uint8_t misc, crtc_index, crtc[32], graphics_index, graphics[16];
} device;

static struct vga_text vga;
static uint16_t *screen;
static void *memory;

uint8_t io_in8(uint16_t port)
{
    if (!device.is_present)
        return 0xff;
    if (port == 0x3cc)
        return device.misc;
    if (port == device.crtc_port + 1)
        return device.crtc[device.crtc_index % 32];
    if (port == 0x3cf)
        return device.graphics[device.graphics_index % 16];
    return 0xff;
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == device.crtc_port)
        device.crtc_index = value;
    else if (port == device.crtc_port + 1)
        device.crtc[device.crtc_index % 32] = value;
    else if (port == 0x3ce)
        device.graphics_index = value;
    else if (port == 0x3cf)
        device.graphics[device.graphics_index % 16] = value;
}

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.is_present = true;
    device.crtc_port = 0x3d4;
    device.misc = 0x67;
    device.crtc[0x09] = 0x4f; /* 16 lines a cell; the upper bits have other uses */
    device.crtc[0x0a] = 0x2d; /* hidden */
    device.crtc[0x0c] = 0x12;
    return 0;
}

static int pull_out(void **state)
{
    (void)state;
    free(screen);
    free(memory);
    screen = NULL;
    memory = NULL;
    return 0;
}

static status_t open_screen(uint32_t columns, uint32_t rows, uint32_t pitch_bytes)
{
    pull_out(NULL);
    screen = malloc((size_t)pitch_bytes * rows);
    memory = malloc(text_grid_size(columns, rows));
    assert_true(screen != NULL && memory != NULL);
    memset(screen, 0xee, (size_t)pitch_bytes * rows);
    return vga_text_init(&vga, screen, columns, rows, pitch_bytes, memory, text_grid_size(columns, rows));
}

static void show(const char *text)
{
    vga.console.write(&vga.console, text, strlen(text));
}

static unsigned int cursor(void)
{
    return device.crtc[0x0e] * 256u + device.crtc[0x0f];
}

static void the_screen_is_cleared(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    for (int i = 0; i < 80 * 25; i++)
        assert_int_equal(screen[i], 0x0720);
    assert_int_equal(cursor(), 0);
}

static void text_is_grey_on_black(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    show("hi\nyou");
    assert_int_equal(screen[0], 0x0700 | 'h');
    assert_int_equal(screen[1], 0x0700 | 'i');
    assert_int_equal(screen[80], 0x0700 | 'y');
}

static void styles_have_colours(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    assert_true(vga.console.is_screen);
    static const uint16_t wanted[TEXT_STYLES] = {
        [STYLE_PLAIN] = 0x0700,   [STYLE_HEADLINE] = 0x0f00, [STYLE_PROMPT] = 0x0a00,
        [STYLE_WARNING] = 0x0e00, [STYLE_ERROR] = 0x0c00,
    };
    for (unsigned int style = 0; style < TEXT_STYLES; style++) {
        vga.console.style = (uint8_t)style;
        show("s");
        assert_int_equal(screen[style], wanted[style] | 's');
    }
    /* The character stays. */
    vga.console.style = STYLE_ERROR;
    show("\rs");
    assert_int_equal(screen[0], wanted[STYLE_ERROR] | 's');
}

/* The cursor is in a row below the screen then. */
static void a_view_that_is_scrolled_back_has_no_cursor(void **state)
{
    (void)state;
    pull_out(NULL);
    screen = malloc(2 * 160);
    size_t size_bytes = text_grid_size(80, 2) + text_grid_size(80, 1) * 500;
    memory = malloc(size_bytes);
    assert_true(screen != NULL && memory != NULL);
    assert_int_equal(vga_text_init(&vga, screen, 80, 2, 160, memory, size_bytes), STATUS_OK);
    show("a\nb\nc");
    assert_int_equal(cursor(), 80 + 1);
    vga_text_scroll(&vga, -1);
    assert_int_equal(screen[0], 0x0700 | 'a');
    assert_true(cursor() >= 2 * 80);
    vga_text_scroll(&vga, 1);
    assert_int_equal(screen[0], 0x0700 | 'b');
    assert_int_equal(cursor(), 80 + 1);
    /* Also so far back that the position of its row does not fit into the register. */
    for (unsigned int i = 0; i < 1000; i++)
        show("\n");
    for (unsigned int i = 0; i < 1000; i++) {
        vga_text_scroll(&vga, -1);
        assert_true(cursor() >= 2 * 80);
    }
    assert_int_equal(screen[0], 0x0700 | 'b');
}

static void rows_are_one_pitch_apart(void **state)
{
    (void)state;
    assert_int_equal(open_screen(7, 3, 20), STATUS_OK);
    show("\n\n1234567");
    assert_int_equal(screen[2 * 10 + 6], 0x0700 | '7');
    assert_int_equal(screen[2 * 10 + 7], 0xeeee);
    assert_int_equal(cursor(), 2 * 10 + 6);
}

static void the_cursor_follows_the_text(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    show("\n\n\n\nab");
    assert_int_equal(cursor(), 4 * 80 + 2);
    show("\b");
    assert_int_equal(cursor(), 4 * 80 + 1);
}

static void the_cursor_is_an_underline(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    assert_int_equal(device.crtc[0x0a], 14);
    assert_int_equal(device.crtc[0x0b], 15);
    plug_in(state);
    device.crtc[0x09] = 0; /* one line a cell */
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    assert_int_equal(device.crtc[0x0a], 0);
}

static void the_start_address_is_reset_to_zero(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    assert_int_equal(device.crtc[0x0c], 0);
    assert_int_equal(device.crtc[0x0d], 0);
}

static void a_full_text_screen_scrolls(void **state)
{
    (void)state;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    for (int i = 0; i < 25; i++)
        show(i == 1 ? "second\n" : "other\n");
    assert_int_equal(screen[0], 0x0700 | 's');
    assert_int_equal(screen[24 * 80], 0x0720);
}

static void a_monochrome_adapter_uses_its_own_registers(void **state)
{
    (void)state;
    device.misc = 0x66;
    device.crtc_port = 0x3b4;
    assert_int_equal(open_screen(80, 25, 160), STATUS_OK);
    show("abc");
    assert_int_equal(cursor(), 3);
}

static void a_missing_adapter_is_detected(void **state)
{
    (void)state;
    device.is_present = false;
    assert_int_equal(open_screen(80, 25, 160), STATUS_NOT_FOUND);
    assert_int_equal(screen[0], 0xeeee);
}

static void a_graphics_mode_is_left_alone(void **state)
{
    (void)state;
    device.graphics[6] = 0x05;
    device.crtc[0x0f] = 0x33;
    assert_int_equal(open_screen(80, 25, 160), STATUS_UNSUPPORTED);
    assert_int_equal(screen[0], 0xeeee);
    assert_int_equal(device.crtc[0x0f], 0x33);
}

static void a_size_out_of_range_is_refused(void **state)
{
    (void)state;
    static const uint32_t sizes[][3] = { { 0, 25, 160 },         { 80, 0, 160 },  { 8193, 25, 16386 },
                                         { 1, 8193, 160 },       { 80, 25, 158 }, { 80, 25, 161 },
                                         { 0x80000001, 25, 160 } };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
        assert_int_equal(vga_text_init(&vga, NULL, sizes[i][0], sizes[i][1], sizes[i][2], NULL, 0),
                         STATUS_INVALID);
}

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, plug_in, pull_out)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_screen_is_cleared),
        TEST(text_is_grey_on_black),
        TEST(styles_have_colours),
        TEST(a_view_that_is_scrolled_back_has_no_cursor),
        TEST(rows_are_one_pitch_apart),
        TEST(the_cursor_follows_the_text),
        TEST(the_cursor_is_an_underline),
        TEST(the_start_address_is_reset_to_zero),
        TEST(a_full_text_screen_scrolls),
        TEST(a_monochrome_adapter_uses_its_own_registers),
        TEST(a_missing_adapter_is_detected),
        TEST(a_graphics_mode_is_left_alone),
        TEST(a_size_out_of_range_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

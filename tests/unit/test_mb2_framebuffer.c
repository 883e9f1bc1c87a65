/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Framebuffers in Multiboot2 information. A kernel with an error here boots with a blank screen.
 */
#include "mb2_case.h"

static void without_its_tag_there_is_no_framebuffer(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB without all_video");
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_NONE);
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_reservation(&info, &cursor, &entry);)
        assert_int_not_equal(entry.kind, MEMMAP_FRAMEBUFFER);
}

static void an_rgb_framebuffer_above_4_gib_is_read_whole(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    build_rgb(&fb, 16, 8, 0);
    parse_without_complaint();
    const struct boot_framebuffer *got = &info.framebuffer;
    assert_int_equal(got->type, FRAMEBUFFER_RGB);
    assert_int_equal(got->address.raw, 0x4c0000000);
    assert_int_equal(got->pitch_bytes, 4096);
    assert_int_equal(got->width, 1024);
    assert_int_equal(got->height, 768);
    assert_int_equal(got->bits_per_pixel, 32);
    assert_int_equal(got->red_position, 16);
    assert_int_equal(got->green_position, 8);
    assert_int_equal(got->blue_position, 0);
    assert_int_equal(got->red_size, 8);
    assert_int_equal(got->green_size, 8);
    assert_int_equal(got->blue_size, 8);
}

static void the_palette_of_an_indexed_framebuffer_is_read(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_INDEXED, 8);
    const uint8_t colours[] = { 2, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, sizeof(colours));
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_INDEXED);
    assert_int_equal(info.framebuffer.palette.size_bytes, 6);
    assert_memory_equal(info.framebuffer.palette.data, colours + 2, 6);
}

static void ega_text_dimensions_are_in_characters(void **state)
{
    (void)state;
    const struct mb2_tag_framebuffer fb = {
        .address = 0xb8000,
        .pitch = 160,
        .width = 80,
        .height = 25,
        .bits_per_pixel = 16,
        .type = MB2_FRAMEBUFFER_EGA_TEXT,
    };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, NULL, 0);
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_TEXT);
    assert_int_equal(info.framebuffer.width, 80);
}

static void expect_no_framebuffer(void)
{
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_NONE);
    free(b.allocation);
    b.allocation = NULL;
    complaints = 0;
    build_start(&b);
}

static void a_framebuffer_with_a_truncated_palette_is_ignored(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_INDEXED, 8);
    const uint8_t colours[] = { 0, 1, 0x11, 0x22, 0x33 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, sizeof(colours));
    expect_no_framebuffer();
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, 1);
    expect_no_framebuffer();
}

static void a_framebuffer_without_colour_fields_is_ignored(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, "12345", 5);
    expect_no_framebuffer();
}

static void colour_fields_outside_the_pixel_are_refused(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 24);
    build_rgb(&fb, 17, 8, 0);
    expect_no_framebuffer();
    build_rgb(&fb, 16, 255, 0);
    expect_no_framebuffer();
    build_rgb(&fb, 16, 8, 20);
    expect_no_framebuffer();
}

static void an_inconsistent_framebuffer_is_ignored(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb;
#define EXPECT_REFUSED(change)                                                                               \
    fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);                                                          \
    change;                                                                                                  \
    build_rgb(&fb, 16, 8, 0);                                                                                \
    expect_no_framebuffer()
    EXPECT_REFUSED(fb.pitch = 4095);
    EXPECT_REFUSED(fb.width = 0);
    EXPECT_REFUSED(fb.height = 0);
    EXPECT_REFUSED(fb.bits_per_pixel = 0);
    EXPECT_REFUSED(fb.address = 0);
    EXPECT_REFUSED(fb.address = UINT64_MAX - 4096);
    EXPECT_REFUSED(fb.width = 0x40000001; fb.pitch = 4);
    EXPECT_REFUSED(fb.type = 3);
    EXPECT_REFUSED(fb.type = 255);
#undef EXPECT_REFUSED
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_its_tag_there_is_no_framebuffer),
        TEST(an_rgb_framebuffer_above_4_gib_is_read_whole),
        TEST(the_palette_of_an_indexed_framebuffer_is_read),
        TEST(ega_text_dimensions_are_in_characters),
        TEST(a_framebuffer_with_a_truncated_palette_is_ignored),
        TEST(a_framebuffer_without_colour_fields_is_ignored),
        TEST(colour_fields_outside_the_pixel_are_refused),
        TEST(an_inconsistent_framebuffer_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A picture of modules, in the centre of the screen above its last row of characters.
 *
 * It is drawn as glyphs are, eight pixels at a time by the plain style's table, so that the depth matters
 * nowhere: a light module is foreground. On most screens that is light grey, which readers take for white.
 */
#include <ashlar/dev/framebuffer.h>

unsigned int framebuffer_module_pixels(const struct framebuffer *framebuffer, unsigned int size)
{
    uint32_t height = framebuffer->height - framebuffer->font->height;
    return (framebuffer->width < height ? framebuffer->width : height) / size;
}

/* Eight pixels of the picture, of which those right of it are background. @x, @y: pixels in the picture. */
static uint8_t octet_at(const struct framebuffer_picture *picture, unsigned int x, unsigned int y,
                        unsigned int scale)
{
    unsigned int bits = 0;
    for (unsigned int i = 0; i < 8; i++, x++) {
        bool is_light =
            x / scale < picture->size && !picture->is_dark(picture->context, x / scale, y / scale);
        bits = bits << 1 | is_light;
    }
    return (uint8_t)bits;
}

void framebuffer_show_picture(struct framebuffer *framebuffer, const struct framebuffer_picture *picture)
{
    unsigned int scale = framebuffer_module_pixels(framebuffer, picture->size), side = scale * picture->size;
    unsigned int left = (framebuffer->width - side) / 2;
    unsigned int top = (framebuffer->height - framebuffer->font->height - side) / 2;
    framebuffer_cover(framebuffer, picture->label);
    for (unsigned int y = 0; y < side; y++)
        for (unsigned int x = 0; x < side; x += 8)
            framebuffer_put_pixels(framebuffer, left + x, top + y, octet_at(picture, x, y, scale),
                                   side - x < 8 ? side - x : 8);
}

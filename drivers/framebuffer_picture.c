/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A picture of modules, in the centre of the screen above its last row of characters.
 *
 * It is drawn as glyphs are, eight pixels at a time by the plain style's table, so that the depth matters
 * nowhere: a light module is foreground. On most screens that is light grey, which readers take for white.
 */
#include <ashlar/dev/framebuffer.h>

struct unaligned {
    volatile uint64_t word;
} PACKED;

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

/* The first @count of eight pixels: the others may be beyond the screen's row. */
static void store_pixels(uint8_t *to, const uint64_t *octet, unsigned int count, unsigned int bytes)
{
    if (count < 8) {
        for (unsigned int i = 0; i < count * bytes; i++)
            ((volatile uint8_t *)to)[i] = ((const uint8_t *)octet)[i];
        return;
    }
    for (unsigned int i = 0; i < bytes; i++)
        ((struct unaligned *)(void *)to)[i].word = octet[i];
}

void framebuffer_show_picture(struct framebuffer *framebuffer, const struct framebuffer_picture *picture)
{
    unsigned int scale = framebuffer_module_pixels(framebuffer, picture->size);
    unsigned int side = scale * picture->size, bytes = framebuffer->bytes_per_pixel;
    uint32_t height = framebuffer->height - framebuffer->font->height;
    framebuffer_cover(framebuffer, picture->label);
    uint8_t *row = framebuffer->pixels + (size_t)((height - side) / 2) * framebuffer->pitch_bytes +
                   (size_t)((framebuffer->width - side) / 2) * bytes;
    for (unsigned int y = 0; y < side; y++, row += framebuffer->pitch_bytes)
        for (unsigned int x = 0; x < side; x += 8) {
            uint8_t bits = octet_at(picture, x, y, scale);
            store_pixels(row + (size_t)x * bytes, framebuffer->octets[STYLE_PLAIN][bits],
                         side - x < 8 ? side - x : 8, bytes);
        }
}

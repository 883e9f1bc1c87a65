/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The framebuffer tag. Geometry and colours are checked here, so that drivers need not.
 */
#include <boot/mb2_framebuffer.h>

#include <ashlar/fmt/multiboot2.h>
#include <boot/mb2_walk.h>

/* Return: whether the colour information after the head is complete and valid. */
static bool take_colours(struct bytes tag, struct boot_framebuffer *fb)
{
    struct bytes colours = mb2_content(tag, sizeof(struct mb2_tag_framebuffer));
    if (fb->type == FRAMEBUFFER_INDEXED) {
        uint16_t count;
        if (colours.size_bytes < sizeof(count))
            return false;
        memcpy(&count, colours.data, sizeof(count));
        fb->palette = (struct bytes){ colours.data + sizeof(count), (size_t)count * 3 };
        return fb->palette.size_bytes <= colours.size_bytes - sizeof(count);
    }
    if (fb->type == FRAMEBUFFER_RGB) {
        struct mb2_framebuffer_rgb rgb;
        if (colours.size_bytes < sizeof(rgb))
            return false;
        memcpy(&rgb, colours.data, sizeof(rgb));
        fb->red_position = rgb.red_position;
        fb->red_size = rgb.red_size;
        fb->green_position = rgb.green_position;
        fb->green_size = rgb.green_size;
        fb->blue_position = rgb.blue_position;
        fb->blue_size = rgb.blue_size;
        int bits = (fb->bits_per_pixel + 7) / 8 * 8;
        return rgb.red_position + rgb.red_size <= bits && rgb.green_position + rgb.green_size <= bits &&
               rgb.blue_position + rgb.blue_size <= bits;
    }
    return true;
}

/* Drivers rely on it: a line fits into the pitch, and the end does not wrap. */
static bool has_sound_geometry(const struct boot_framebuffer *fb)
{
    uint64_t bytes_a_pixel = (fb->bits_per_pixel + 7u) / 8;
    uint64_t size_bytes = (uint64_t)fb->pitch_bytes * fb->height;
    return bytes_a_pixel > 0 && fb->width > 0 && fb->height > 0 && fb->address.raw > 0 &&
           fb->width * bytes_a_pixel <= fb->pitch_bytes && fb->address.raw <= UINT64_MAX - size_bytes;
}

void mb2_take_framebuffer(struct parser *parser, struct bytes tag)
{
    static const enum framebuffer_type types[] = {
        [MB2_FRAMEBUFFER_INDEXED] = FRAMEBUFFER_INDEXED,
        [MB2_FRAMEBUFFER_RGB] = FRAMEBUFFER_RGB,
        [MB2_FRAMEBUFFER_EGA_TEXT] = FRAMEBUFFER_TEXT,
    };
    struct mb2_tag_framebuffer head;
    memcpy(&head, tag.data, sizeof(head));
    if (head.type >= ARRAY_LEN(types)) {
        parser_report(parser, "framebuffer ignored: unknown type", head.type);
        return;
    }
    struct boot_framebuffer fb = {
        .type = types[head.type],
        .address = phys(head.address),
        .pitch_bytes = head.pitch,
        .width = head.width,
        .height = head.height,
        .bits_per_pixel = head.bits_per_pixel,
    };
    if (!has_sound_geometry(&fb))
        parser_report(parser, "framebuffer ignored: inconsistent pitch, width and height: address",
                      head.address);
    else if (!take_colours(tag, &fb))
        parser_report(parser, "framebuffer ignored: invalid colour information: address", head.address);
    else
        parser->info->framebuffer = fb;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One case of Multiboot2 information: the output of mb2_builder.h is parsed into the description of
 * boot_info_case.h. Also the tags that several tests use.
 */
#include <boot/mb2_parse.h>

#include "boot_info_case.h"
#include "mb2_builder.h"

#define ADDRESS phys(0x12345000)

static struct builder b;

static int start(void **state)
{
    (void)state;
    complaints = 0;
    build_start(&b);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    free(b.allocation);
    b.allocation = NULL;
    return 0;
}

static void parse(void)
{
    const void *data = build_end(&b);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(info.warnings, complaints);
}

static UNUSED void parse_without_complaint(void)
{
    parse();
    assert_int_equal(complaints, 0);
}

static UNUSED void build_rsdp(uint32_t type, uint8_t mark)
{
    uint8_t rsdp[36] = "RSD PTR ";
    rsdp[8] = mark;
    build_tag(&b, type, rsdp, type == MB2_TAG_RSDP_V2 ? 36 : 20);
}

static UNUSED struct mb2_tag_framebuffer framebuffer_1024(uint8_t type, uint8_t bits)
{
    return (struct mb2_tag_framebuffer){
        .address = 0x4c0000000,
        .pitch = 1024 * ((bits + 7u) / 8),
        .width = 1024,
        .height = 768,
        .bits_per_pixel = bits,
        .type = type,
    };
}

static UNUSED void build_rgb(const struct mb2_tag_framebuffer *fb, uint8_t red, uint8_t green, uint8_t blue)
{
    const struct mb2_framebuffer_rgb rgb = { red, 8, green, 8, blue, 8 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, *fb, &rgb, sizeof(rgb));
}

static UNUSED void build_map(uint32_t stride, const struct mb2_memory_map_entry *entries, size_t count,
                             size_t extra_bytes)
{
    struct mb2_tag_memory_map map = { .entry_size = stride };
    uint8_t bytes[2048];
    memset(bytes, 0xa5, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * stride, &entries[i], stride < sizeof(*entries) ? stride : sizeof(*entries));
    BUILD_TAG(&b, MB2_TAG_MEMORY_MAP, map, bytes, count * stride + extra_bytes);
}

static UNUSED const struct mb2_memory_map_entry map_entries[] = {
    { .base = 0, .length = 0x9fc00, .type = 1, .reserved = 0xffffffff },
    { .base = 0xf0000, .length = 0x10000, .type = 2 },
    { .base = 0x100000000, .length = 0x40000000, .type = 1 },
};

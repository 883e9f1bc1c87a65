/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Writes Multiboot2 information, valid or invalid. Tags are added one after another; build_end() fills in
 * the total size and copies all of it to the very end of an allocation, so that the sanitizer reports a
 * parser's first access beyond.
 */
#include <ashlar/fmt/multiboot2.h>

#include <stdlib.h>
#include <string.h>

struct builder {
    uint8_t bytes[65536];
    size_t size;
    uint8_t *allocation;
};

static inline void build_start(struct builder *builder)
{
    memset(builder, 0, sizeof(*builder));
    builder->size = sizeof(struct mb2_info);
}

/* A tag of any claimed size around any content. */
static inline void build_tag_sized(struct builder *builder, uint32_t type, uint32_t claimed_size,
                                   const void *content, size_t content_size)
{
    struct mb2_tag tag = { type, claimed_size };
    memcpy(builder->bytes + builder->size, &tag, sizeof(tag));
    if (content_size)
        memcpy(builder->bytes + builder->size + sizeof(tag), content, content_size);
    builder->size += (sizeof(tag) + content_size + 7) / 8 * 8;
}

static inline void build_tag(struct builder *builder, uint32_t type, const void *content, size_t content_size)
{
    build_tag_sized(builder, type, (uint32_t)(sizeof(struct mb2_tag) + content_size), content, content_size);
}

/* A tag whose fields are written out as bytes, head excluded. */
#define BUILD_BYTES(builder, type, ...)                                                                      \
    do {                                                                                                     \
        const uint8_t content[] = { __VA_ARGS__ };                                                           \
        build_tag(builder, type, content, sizeof(content));                                                  \
    } while (0)

/* A whole struct mb2_tag_xxx whose head is filled in here, and what follows it. */
static inline void build_structure(struct builder *builder, uint32_t type, const void *structure,
                                   size_t structure_size, const void *more, size_t more_size)
{
    uint8_t content[4096];
    size_t fields = structure_size - sizeof(struct mb2_tag);
    memcpy(content, (const uint8_t *)structure + sizeof(struct mb2_tag), fields);
    if (more_size)
        memcpy(content + fields, more, more_size);
    build_tag(builder, type, content, fields + more_size);
}

#define BUILD_TAG(builder, type, structure, more, more_size)                                                 \
    build_structure(builder, type, &(structure), sizeof(structure), more, more_size)

static inline void build_text(struct builder *builder, uint32_t type, const char *text)
{
    build_tag(builder, type, text, strlen(text) + 1);
}

static inline void build_module(struct builder *builder, uint32_t start, uint32_t end, const char *text)
{
    struct mb2_tag_module module = { .start = start, .end = end };
    BUILD_TAG(builder, MB2_TAG_MODULE, module, text, strlen(text) + 1);
}

/* @misalignment: where the structure begins, beyond a multiple of 8. */
static inline const void *build_end_at(struct builder *builder, uint32_t total_size, size_t misalignment)
{
    struct mb2_info head = { total_size, 0 };
    memcpy(builder->bytes, &head, sizeof(head));
    builder->allocation = malloc(misalignment + builder->size);
    memcpy(builder->allocation + misalignment, builder->bytes, builder->size);
    return builder->allocation + misalignment;
}

static inline const void *build_end(struct builder *builder)
{
    build_tag(builder, MB2_TAG_END, NULL, 0);
    return build_end_at(builder, (uint32_t)builder->size, 0);
}

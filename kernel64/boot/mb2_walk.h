/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Iterators over the tags of a Multiboot2 information structure. Private to boot/.
 *
 * Context of all: any.
 */
#include <ashlar/fmt/multiboot2.h>
#include <boot/boot_info.h>

/* The result of a step: a tag, the end tag, the end of the bytes without one, or a
   tag with an invalid size. */
enum mb2_step { MB2_STEP_TAG, MB2_STEP_END, MB2_STEP_NO_END, MB2_STEP_BROKEN };

/**
 * mb2_next_tag() - the tag at an offset.
 * @raw:    the structure.
 * @offset: of the tag; moved to the next one.
 * @head:   receives its head.
 * @tag:    receives the whole tag, head included; inside @raw.
 *
 * Return: MB2_STEP_TAG; otherwise why there is none, and @offset stays.
 */
enum mb2_step mb2_next_tag(struct bytes raw, size_t *offset, struct mb2_tag *head, struct bytes *tag);

/* Return: the content after the first @head_bytes of a tag, which has at least as many. */
static inline struct bytes mb2_content(struct bytes tag, size_t head_bytes)
{
    return (struct bytes){ tag.data + head_bytes, tag.size_bytes - head_bytes };
}

/**
 * mb2_find_text() - the string after a tag's head.
 * @tag:        at least @head_bytes.
 * @text:       receives it, without its NUL.
 *
 * Return: false, and @text untouched, when there is no NUL.
 */
bool mb2_find_text(struct bytes tag, size_t head_bytes, struct bytes *text);

/* boot_info_next_module() of Multiboot2. */
bool mb2_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module);

/* SPDX-License-Identifier: BSD-2-Clause */
/* From tag to tag, each 8-byte aligned, and from module to module. */
#include <boot/mb2_walk.h>

#include <ashlar/bits.h>
#include <lib/string.h>

enum mb2_step mb2_next_tag(struct bytes raw, size_t *offset, struct mb2_tag *head, struct bytes *tag)
{
    size_t left = raw.size_bytes - *offset;
    if (left < sizeof(*head))
        return MB2_STEP_NO_END;
    memcpy(head, raw.data + *offset, sizeof(*head));
    if (head->size < sizeof(*head) || head->size > left)
        return MB2_STEP_BROKEN;
    if (head->type == MB2_TAG_END)
        return MB2_STEP_END;

    *tag = (struct bytes){ raw.data + *offset, head->size };
    uint64_t padded = align_up(head->size, MB2_TAG_ALIGNMENT);
    *offset += padded < left ? padded : left;
    return MB2_STEP_TAG;
}

bool mb2_find_text(struct bytes tag, size_t head_bytes, struct bytes *text)
{
    struct bytes content = mb2_content(tag, head_bytes);
    const uint8_t *nul = content.size_bytes ? memchr(content.data, 0, content.size_bytes) : NULL;
    if (nul)
        *text = (struct bytes){ content.data, (size_t)(nul - content.data) };
    return nul != NULL;
}

bool mb2_next_module(const struct boot_info *info, size_t *cursor, struct boot_module *module)
{
    struct mb2_tag head;
    struct bytes tag;
    if (*cursor == 0)
        *cursor = sizeof(struct mb2_info);
    while (info->raw.size_bytes >= *cursor && mb2_next_tag(info->raw, cursor, &head, &tag) == MB2_STEP_TAG) {
        struct mb2_tag_module found;
        if (head.type != MB2_TAG_MODULE || tag.size_bytes < sizeof(found))
            continue;
        memcpy(&found, tag.data, sizeof(found));
        if (found.end < found.start)
            continue;

        *module = (struct boot_module){ .start = phys(found.start), .end = phys(found.end) };
        if (mb2_find_text(tag, sizeof(found), &module->command_line))
            module->command_line_start =
                phys_add(info->raw_start, (uint64_t)(module->command_line.data - info->raw.data));
        return true;
    }
    return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The Multiboot2 information structure; total_size is set right now and then, to get past it. */
#include <boot/mb2_parse.h>

#include "boot_walk.h"

static unsigned int complaints;

static void note_complaint(const char *sentence, uint64_t number UNUSED)
{
    insist(sentence && *sentence);
    complaints++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct boot_info info;

    if (size < 1)
        return 0;
    bool right_size = data[0] & 1;
    data++, size--;
    uint8_t *copy = exact_copy(data, size);
    if (right_size && size >= 4) {
        uint32_t total = (uint32_t)size;
        memcpy(copy, &total, sizeof(total));
    }
    complaints = 0;
    status_t status = mb2_parse(copy, size, phys(0x10000), note_complaint, &info);
    insist(status == STATUS_OK || status == STATUS_TRUNCATED || status == STATUS_MALFORMED ||
           status == STATUS_TOO_BIG);
    insist(info.warnings == complaints);
    walk_boot_info(&info, size);
    free(copy);
    return 0;
}

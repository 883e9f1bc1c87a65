/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH start info. Physical memory is the input, at address BASE; other addresses cannot be read. The magic
 * number is filled in, because a fuzzer would take long to find it.
 */
#include <boot/pvh_parse.h>

#include <ashlar/fmt/pvh.h>

#include "boot_walk.h"

#define BASE 0x1000u

static uint8_t *memory;
static size_t memory_size;

static const void *read_memory(phys_t address, size_t size_bytes)
{
    if (address.raw < BASE || address.raw - BASE > memory_size ||
        size_bytes > memory_size - (address.raw - BASE))
        return NULL;
    return memory + (address.raw - BASE);
}

static void note_complaint(const char *sentence, uint64_t number UNUSED)
{
    insist(sentence && *sentence);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct boot_info info;
    uint32_t magic = PVH_START_MAGIC;

    memory = exact_copy(data, size);
    memory_size = size;
    if (size >= sizeof(magic))
        memcpy(memory, &magic, sizeof(magic));
    status_t status = pvh_parse(phys(BASE), read_memory, note_complaint, &info);
    insist(status == STATUS_OK || status == STATUS_TRUNCATED || status == STATUS_MALFORMED ||
           status == STATUS_TOO_BIG);
    walk_boot_info(&info, size);
    free(memory);
    return 0;
}

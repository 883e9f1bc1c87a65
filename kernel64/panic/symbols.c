/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up the symbol table: a binary search over offsets from KERNEL_IMAGE_START. */
#include <panic/symbols.h>

#include <ashlar/layout.h>
#include <lib/format.h>
#include <lib/parse.h>
#include <lib/string.h>

const char *symbol_find(uint64_t address, uint64_t *offset, uint64_t *size_bytes)
{
    uint64_t at = address - KERNEL_IMAGE_START;
    if (symbol_count == 0 || at < symbol_table[0].offset || at >= symbol_text_end)
        return NULL;

    /* The last one at or below @at lies in [low, high). */
    uint32_t low = 0, high = symbol_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (symbol_table[middle].offset <= at)
            low = middle;
        else
            high = middle;
    }
    uint32_t end = high < symbol_count ? symbol_table[high].offset : symbol_text_end;
    if (offset)
        *offset = at - symbol_table[low].offset;
    if (size_bytes)
        *size_bytes = end - symbol_table[low].offset;
    return symbol_names + symbol_table[low].name;
}

bool symbol_describe(uint64_t address, char *buffer, size_t size)
{
    uint64_t offset, size_bytes;
    const char *name = symbol_find(address, &offset, &size_bytes);
    if (name)
        format_buffer(buffer, size, "%s+0x%lx/0x%lx", name, offset, size_bytes);
    return name != NULL;
}

status_t symbol_read_address(const char *text, uint64_t *address)
{
    if (parse_number(text, address) == STATUS_OK)
        return STATUS_OK;
    for (uint32_t i = 0; i < symbol_count; i++) {
        if (strcmp(text, symbol_names + symbol_table[i].name) == 0) {
            *address = KERNEL_IMAGE_START + symbol_table[i].offset;
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looking up the symbol table: a binary search over offsets from KERNEL_IMAGE_START. */
#include <panic/symbols.h>

#include <ashlar/layout.h>
#include <lib/format.h>
#include <lib/parse.h>
#include <lib/string.h>

static const char *name_after(const char *name)
{
    return name + strlen(name) + 1;
}

static const char *name_of(uint32_t number)
{
    const char *name = symbol_names + symbol_marks[number / SYMBOL_MARK_STEP];
    for (uint32_t left = number % SYMBOL_MARK_STEP; left > 0; left--)
        name = name_after(name);
    return name;
}

static uint32_t offset_of(uint32_t number)
{
    return symbol_bases[number / SYMBOL_MARK_STEP] + symbol_offsets[number];
}

const char *symbol_find(virt_t address, uint64_t *offset, uint64_t *size_bytes)
{
    uint64_t at = virt_distance(virt(KERNEL_IMAGE_START), address);
    if (symbol_count == 0 || at < offset_of(0) || at >= symbol_text_end)
        return NULL;

    /* The last one at or below @at is in [low, high). */
    uint32_t low = 0, high = symbol_count;
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (offset_of(middle) <= at)
            low = middle;
        else
            high = middle;
    }
    uint32_t end = high < symbol_count ? offset_of(high) : symbol_text_end;
    if (offset)
        *offset = at - offset_of(low);
    if (size_bytes)
        *size_bytes = end - offset_of(low);
    return name_of(low);
}

bool symbol_describe(virt_t address, char *buffer, size_t size)
{
    uint64_t offset, size_bytes;
    const char *name = symbol_find(address, &offset, &size_bytes);
    if (name)
        format_buffer(buffer, size, "%s+0x%lx/0x%lx", name, offset, size_bytes);
    return name != NULL;
}

status_t symbol_read_address(const char *text, virt_t *address)
{
    if (parse_number(text, &address->raw) == STATUS_OK)
        return STATUS_OK;
    const char *name = symbol_names;
    for (uint32_t i = 0; i < symbol_count; i++, name = name_after(name)) {
        if (strcmp(text, name) == 0) {
            *address = virt(KERNEL_IMAGE_START + offset_of(i));
            return STATUS_OK;
        }
    }
    return STATUS_NOT_FOUND;
}

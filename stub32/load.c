/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loader for kernel64's ELF file. All checks are made before the first byte is copied. Segments must be in
 * ascending order, as the linker writes them: then a comparison of neighbours finds every overlap.
 */
#include "load.h"

#include <ashlar/bits.h>
#include <ashlar/fmt/elf.h>

static bool is_loadable_file(const struct elf64_header *header)
{
    for (int i = 0; i < 4; i++)
        if (header->ident[i] != (uint8_t)ELF_MAGIC[i])
            return false;
    return header->ident[4] == ELF_CLASS_64 && header->ident[5] == ELF_DATA_LSB &&
           header->type == ELF_TYPE_EXEC && header->machine == ELF_MACHINE_X86_64 &&
           header->program_header_size == sizeof(struct elf64_program_header);
}

static bool is_loaded(const struct elf64_program_header *segment)
{
    return segment->type == ELF_PT_LOAD && segment->memory_size > 0;
}

/* Appends one segment to @result after checking it against the file and the segment before it. */
static status_t check_segment(const struct elf64_program_header *segment, uint32_t file_size,
                              struct load_result *result)
{
    if (segment->file_size > segment->memory_size)
        return STATUS_MALFORMED;
    if (segment->offset > file_size || segment->file_size > file_size - segment->offset)
        return STATUS_TRUNCATED;
    if (segment->virtual_address < KERNEL_IMAGE_START ||
        range_end(segment->virtual_address, segment->memory_size) > KERNEL_IMAGE_END)
        return STATUS_MALFORMED;
    if ((segment->flags & (ELF_PF_W | ELF_PF_X)) == (ELF_PF_W | ELF_PF_X))
        return STATUS_MALFORMED;
    if (result->segment_count == LOAD_SEGMENTS_MAX)
        return STATUS_TOO_BIG;

    struct load_segment loaded = {
        .start = align_down(segment->virtual_address, PAGE_SIZE),
        .end = align_up(segment->virtual_address + segment->memory_size, PAGE_SIZE),
        .writable = (segment->flags & ELF_PF_W) != 0,
        .executable = (segment->flags & ELF_PF_X) != 0,
    };
    if (loaded.start < result->end)
        return STATUS_MALFORMED;
    result->end = loaded.end;
    result->segments[result->segment_count++] = loaded;
    return STATUS_OK;
}

/* Declared so that memory.c's, which copies words, is called. GCC at -Os expands its builtin to a copy of
   bytes: 376,000 iterations in an emulator, not 94,000. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);

/* The reserve is not zero: after a reset it holds what the last kernel left. */
static void load_segment(const void *file, const struct elf64_program_header *segment, void *reserve)
{
    uint8_t *to = (uint8_t *)reserve + (uint32_t)(segment->virtual_address - KERNEL_IMAGE_START);
    uint32_t copied = (uint32_t)segment->file_size;
    memcpy(to, (const uint8_t *)file + (uint32_t)segment->offset, copied);
    __builtin_memset(to + copied, 0, (uint32_t)segment->memory_size - copied);
}

static bool entry_is_code(const struct load_result *result)
{
    for (uint32_t i = 0; i < result->segment_count; i++) {
        const struct load_segment *segment = &result->segments[i];
        if (segment->executable && result->entry >= segment->start && result->entry < segment->end)
            return true;
    }
    return false;
}

status_t load_kernel(const void *file, uint32_t file_size, void *reserve, uint32_t reserve_size,
                     struct load_result *result)
{
    const struct elf64_header *header = file;
    *result = (struct load_result){ .end = KERNEL_IMAGE_START };
    if (file_size < sizeof(*header))
        return STATUS_TRUNCATED;
    if (!is_loadable_file(header))
        return STATUS_UNSUPPORTED;
    uint32_t table_size = header->program_header_count * (uint32_t)sizeof(struct elf64_program_header);
    if (header->program_headers > file_size || table_size > file_size - header->program_headers)
        return STATUS_TRUNCATED;
    const struct elf64_program_header *segments =
        (const void *)((const uint8_t *)file + (uint32_t)header->program_headers);

    for (uint32_t i = 0; i < header->program_header_count; i++) {
        if (!is_loaded(&segments[i]))
            continue;
        status_t status = check_segment(&segments[i], file_size, result);
        if (status != STATUS_OK)
            return status;
    }
    if (result->end - KERNEL_IMAGE_START > reserve_size)
        return STATUS_TOO_BIG;
    result->entry = header->entry;
    if (!entry_is_code(result))
        return STATUS_MALFORMED;

    for (uint32_t i = 0; i < header->program_header_count; i++)
        if (is_loaded(&segments[i]))
            load_segment(file, &segments[i], reserve);
    return STATUS_OK;
}

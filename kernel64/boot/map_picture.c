/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ranges are in ascending order, so one walk over them serves all cells: a range that ends in a cell is
 * passed, one that extends further is visited again for the next cell.
 */
#include <boot/map_picture.h>

char map_picture_letter(enum memmap_kind kind)
{
    static const char letters[MEMMAP_KIND_COUNT] = {
        [MEMMAP_USABLE] = '#',        [MEMMAP_BOOT_INFO] = 'i',   [MEMMAP_BOOT_IMAGE] = 'b',
        [MEMMAP_ACPI_RECLAIM] = 'a',  [MEMMAP_MODULE] = 'M',      [MEMMAP_KERNEL] = 'K',
        [MEMMAP_ACPI_TABLE] = 'A',    [MEMMAP_ACPI_NVS] = 'N',    [MEMMAP_PERSISTENT] = 'P',
        [MEMMAP_SOFT_RESERVED] = 'S', [MEMMAP_FRAMEBUFFER] = 'F', [MEMMAP_RUNTIME] = 'E',
        [MEMMAP_DEVICE] = 'D',        [MEMMAP_RESERVED] = 'R',    [MEMMAP_UNUSABLE] = 'X',
    };
    return kind < MEMMAP_KIND_COUNT ? letters[kind] : '?';
}

/* The letter of the kind with the most bytes, or MAP_PICTURE_NONE when @uncovered is larger. */
static char letter_of_cell(const uint64_t *bytes, uint64_t uncovered)
{
    char letter = MAP_PICTURE_NONE;
    uint64_t most = uncovered;
    for (unsigned int kind = 0; kind < MEMMAP_KIND_COUNT; kind++) {
        if (bytes[kind] > 0 && bytes[kind] >= most) {
            most = bytes[kind];
            letter = map_picture_letter((enum memmap_kind)kind);
        }
    }
    return letter;
}

void map_picture(const struct memmap_range *ranges, size_t count, phys_t end, char *text, size_t cells)
{
    uint64_t cell_bytes = end.raw / cells;
    size_t next = 0;
    for (size_t i = 0; i < cells; i++) {
        struct phys_range cell = phys_range_at(phys(i * cell_bytes), cell_bytes);
        uint64_t bytes[MEMMAP_KIND_COUNT] = { 0 };
        uint64_t uncovered = cell_bytes;
        for (; next < count && phys_is_below(ranges[next].start, cell.end); next++) {
            const struct memmap_range *range = &ranges[next];
            uint64_t shared = phys_range_size(phys_range_intersect(memmap_extent(range), cell));
            bytes[range->kind] += shared;
            uncovered -= shared;
            if (phys_is_below(cell.end, range->end))
                break;
        }
        text[i] = letter_of_cell(bytes, uncovered);
    }
    text[cells] = '\0';
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * All uses that the kernel makes of a boot description, from any loader: each view is read to its last
 * byte, each iterator runs to its end and never returns more items than possible.
 */
#include <boot/boot_info.h>

#include "fuzz.h"

static volatile uint8_t sink;

static inline void read_view(struct bytes view, bool is_text)
{
    insist(view.data || view.size_bytes == 0);
    for (size_t i = 0; i < view.size_bytes; i++)
        sink ^= view.data[i];
    /* The NUL after each text. */
    if (is_text && view.data)
        insist(view.data[view.size_bytes] == 0);
}

static inline void walk_boot_info(const struct boot_info *info, size_t most)
{
    struct memmap_entry entry;
    struct boot_module module;
    size_t cursor = 0, count = 0;

    read_view(info->command_line, true);
    read_view(info->loader_name, true);
    read_view(info->rsdp, false);
    read_view(info->smbios, false);
    read_view(info->framebuffer.palette, false);
    read_view(info->memory_map, false);
    read_view(info->efi_map, false);

    while (boot_info_next_module(info, &cursor, &module)) {
        insist(module.start.raw <= module.end.raw && ++count <= most);
        read_view(module.command_line, true);
    }
    insist(count == info->module_count);
    for (cursor = 0, count = 0; boot_info_next_map_entry(info, &cursor, &entry);)
        insist(entry.start < entry.end && entry.kind < MEMMAP_KIND_COUNT && ++count <= most + 2);
    for (cursor = 0, count = 0; boot_info_next_reservation(info, &cursor, &entry);)
        insist(entry.start < entry.end && entry.kind != MEMMAP_USABLE && ++count <= 2 * most + 8);
}

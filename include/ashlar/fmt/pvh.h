/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * PVH: the boot protocol by which QEMU's -kernel, microvm, Firecracker, Cloud Hypervisor and Xen enter an ELF
 * file that has the note below. Layouts and numbers only; they are the same at -m32 and -m64.
 *
 * Entered in 32-bit protected mode, paging off, flat segments, interrupts off, EBX = physical
 * address of the start info. All pointers are physical; 0 means absent.
 *
 * Source: Xen, "x86/HVM direct boot ABI" (docs/misc/pvh.pandoc), public/arch-x86/hvm/start_info.h,
 * public/elfnote.h.
 */
#include <ashlar/check.h>

/* The ELF note: owner "Xen", this type, content the 32-bit physical entry point. */
#define PVH_NOTE_PHYS32_ENTRY 18

#define PVH_START_MAGIC 0x336ec578u /* "xEn3" with the top bit of the E set */

struct pvh_start_info {
    uint32_t magic;
    uint32_t version;
    uint32_t flags;
    uint32_t module_count;
    uint64_t modules; /* struct pvh_module[] */
    uint64_t command_line;
    uint64_t rsdp;

    /* From version 1 on. */
    uint64_t memory_map; /* struct pvh_memory_map_entry[] */
    uint32_t memory_map_count;
    uint32_t reserved;
};
STATIC_ASSERT(sizeof(struct pvh_start_info) == 56, "PVH start info layout");
STATIC_ASSERT(offsetof(struct pvh_start_info, memory_map) == 40, "PVH start info layout");

#define PVH_START_INFO_V0_SIZE 40u

struct pvh_module {
    uint64_t start;
    uint64_t size;
    uint64_t command_line;
    uint64_t reserved;
};
STATIC_ASSERT(sizeof(struct pvh_module) == 32, "PVH module layout");

struct pvh_memory_map_entry {
    uint64_t base;
    uint64_t length;
    uint32_t type; /* E820 numbers */
    uint32_t reserved;
};
STATIC_ASSERT(sizeof(struct pvh_memory_map_entry) == 24, "PVH memory map entry layout");

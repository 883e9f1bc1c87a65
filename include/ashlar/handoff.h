/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What stub32 leaves for kernel64: the only thing the two programs share.
 *
 * Fixed-width fields only, padding written out: a 64-bit field in a struct is aligned to 4 at
 * -m32 and to 8 at -m64, so a hole would stand in different places. The struct lies in the
 * stub's data, inside the boot direct map; kernel64 copies it before it does anything else.
 * All addresses are physical. Ranges are [start, end).
 */
#include <ashlar/check.h>

#define HANDOFF_MAGIC   0x52414c48534121ULL /* "!ASHLAR" */
#define HANDOFF_VERSION 1

enum handoff_protocol {
    HANDOFF_MULTIBOOT2 = 1, /* boot_info is a Multiboot2 information structure */
    HANDOFF_PVH = 2,        /* boot_info is a PVH hvm_start_info */
};

enum handoff_flags {
    HANDOFF_NX = 1 << 0,        /* EFER.NXE is on and the boot tables use the NX bit */
    HANDOFF_GIB_PAGES = 1 << 1, /* the boot direct map is made of 1 GiB pages */
    HANDOFF_LA57 = 1 << 2,      /* the firmware had left 5-level paging on; the stub switched it off */
};

struct handoff {
    uint64_t magic;       /* HANDOFF_MAGIC */
    uint32_t version;     /* HANDOFF_VERSION */
    uint32_t size_bytes;  /* sizeof(struct handoff) as the stub saw it */
    uint32_t protocol;    /* enum handoff_protocol */
    uint32_t flags;       /* enum handoff_flags */
    uint64_t boot_info;   /* what the loader left */
    uint64_t image_start; /* all of ashlar.elf as it lies in memory: stub, payload, reserve, tables */
    uint64_t image_end;
    uint64_t kernel_start; /* kernel64 as loaded: the reserve up to the last byte of the last segment, */
    uint64_t kernel_end;   /* rounded up to a page; maps linearly from KERNEL_IMAGE_START */
    uint64_t tables_start; /* page-table frames in use */
    uint64_t tables_end;
    uint64_t pml4;      /* what CR3 holds */
    uint64_t tsc_entry; /* time-stamp counter at the stub's first instructions */
    uint64_t tsc_leap;  /* and just before the jump to kernel64 */
};

STATIC_ASSERT(sizeof(struct handoff) == 104, "handoff has another size in one of the two programs");
STATIC_ASSERT(offsetof(struct handoff, protocol) == 16, "handoff layout");
STATIC_ASSERT(offsetof(struct handoff, boot_info) == 24, "handoff layout");
STATIC_ASSERT(offsetof(struct handoff, tsc_leap) == 96, "handoff layout");

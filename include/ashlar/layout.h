/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * THE address map: the table below and the constants are the same lines. Each row makes
 * <NAME>_START and <NAME>_END (exclusive), and docs/address-space.md is checked against it.
 *
 * Everything here is 64-bit, also where stub32 includes it.
 */
#include <ashlar/check.h>

#define PAGE_SHIFT      12
#define PAGE_SIZE       4096ULL
#define LARGE_PAGE_SIZE (1ULL << 21)
#define HUGE_PAGE_SIZE  (1ULL << 30)

/*        name           start                  end (exclusive)        what lives there */
#define LAYOUT_TABLE(R)                                                                                      \
    R(DIRECT_MAP, 0xffff800000000000ULL, 0xffffc00000000000ULL, "direct map of physical memory, no execute") \
    R(VRANGE, 0xffffd00000000000ULL, 0xffffd10000000000ULL, "virtual ranges: stacks, device memory")         \
    R(CONSOLE_DEVICES, 0xffffd20000000000ULL, 0xffffd30000000000ULL, "devices of consoles")                  \
    R(PERCPU, 0xffffe00000000000ULL, 0xffffe10000000000ULL, "per-CPU areas")                                 \
    R(DESCRIPTORS, 0xffffffc000000000ULL, 0xffffffe000000000ULL, "frame descriptors, filled in when needed") \
    R(KERNEL_IMAGE, 0xffffffff80000000ULL, 0xffffffffc0000000ULL, "the kernel image")

#define LAYOUT_CONSTANTS(name, start, end, what)                                                             \
    static const uint64_t name##_START UNUSED = start;                                                       \
    static const uint64_t name##_END UNUSED = end;                                                           \
    STATIC_ASSERT((start) < (end), #name " is empty or reversed");                                           \
    STATIC_ASSERT((start) % PAGE_SIZE == 0 && (end) % PAGE_SIZE == 0, #name " is not page-aligned");
LAYOUT_TABLE(LAYOUT_CONSTANTS)
#undef LAYOUT_CONSTANTS

/* A frame's descriptor has 8 bytes, a 512th of a page. With the array where an arithmetic shift by 9 puts
   the direct map, one instruction leads from a page to its descriptor, and one back. */
STATIC_ASSERT(((0xffff800000000000ULL >> 9) | 0xff80000000000000ULL) == 0xffffffc000000000ULL,
              "descriptors do not lie where the shift leads");

/* The user half ends here; the kernel's own tables map nothing below. */
#define USER_HALF_END 0x0000800000000000ULL

/*
 * What the stub's BSS holds for kernel64: one 2 MiB-aligned block that its segments are loaded
 * into. 4 MiB is four times what a -O0 checked build needs, and fits into a machine of 16 MiB.
 */
#define KERNEL_RESERVE_SIZE (4ULL << 20)

/* The part of the direct map that the stub builds; kernel64 builds the whole from the memory map. */
#define BOOT_DIRECT_MAP_SIZE (4ULL << 30)

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The first 640 KiB: what of it firmware is known to write to although its map calls it usable. Pure,
 * hosted-tested.
 *
 * BIOSes scribble into the first 64 KiB from SMM, on suspend and when a cable is plugged in, and some maps
 * leave out the extended BIOS data area. So both stay reserved, whatever the map says; but a CPU is started
 * in real mode, from a page below 640 KiB.
 */
#include <ashlar/mm/memmap.h>

#define LOW_MEMORY_END          0xa0000
#define LOW_MEMORY_RESERVED     KIB(64) /* reserve_low= changes it, within these: */
#define LOW_MEMORY_RESERVED_MIN KIB(4)
#define LOW_MEMORY_RESERVED_MAX KIB(640)

/* A page for the trampoline's code and one for its slots, aligned to their size. */
#define LOW_MEMORY_TRAMPOLINE KIB(8)

/* Where in the BIOS data area two words say where conventional memory ends. */
#define LOW_MEMORY_EBDA_SEGMENT 0x40e
#define LOW_MEMORY_BASE_KIB     0x413

/**
 * low_memory_bios_start() - where conventional memory ends and the BIOS's own begins.
 * @ebda_segment, @base_kib: the two words, anything.
 *
 * The lower of those that can be true: 128 KiB and more, and below 0x9f000. Where neither can be, 0x9f000:
 * the last page is the EBDA's on nearly every machine.
 * Return: at most 0x9f000 + what is left of that page; a multiple of nothing in particular.
 */
uint64_t low_memory_bios_start(uint16_t ebda_segment, uint16_t base_kib);

/**
 * low_memory_hole() - what stays usable of the first @reserved bytes.
 * @claims, @count: firmware's and all others', but for the reservation that this is for.
 *
 * Nothing, where the trampoline finds LOW_MEMORY_TRAMPOLINE bytes above @reserved; else the highest such
 * block below, and above the first page.
 * Return: an empty range when there is none, or none is needed.
 */
struct phys_range low_memory_hole(const struct memmap_entry *claims, size_t count, uint64_t reserved);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The first 640 KiB: the parts that firmware is known to write to although its map lists them as usable.
 * Pure, hosted-tested.
 *
 * BIOSes corrupt the first 64 KiB from SMM, on suspend and on hot-plug of a cable, and some maps omit the
 * extended BIOS data area. So both stay reserved, whatever the map lists; but a CPU is started in real mode,
 * from a page below 640 KiB.
 */
#include <ashlar/mm/memmap.h>

#define LOW_MEMORY_END          0xa0000
#define LOW_MEMORY_RESERVED     KIB(64) /* reserve_low= changes it, within these: */
#define LOW_MEMORY_RESERVED_MIN KIB(4)
#define LOW_MEMORY_RESERVED_MAX KIB(640)

/* A page for the trampoline's code and one for its slots, aligned to their size. */
#define LOW_MEMORY_TRAMPOLINE KIB(8)

/* Addresses in the BIOS data area of two words that give the end of conventional memory. */
#define LOW_MEMORY_EBDA_SEGMENT 0x40e
#define LOW_MEMORY_BASE_KIB     0x413

/**
 * low_memory_bios_start() - the end of conventional memory and start of the BIOS's.
 * @ebda_segment, @base_kib: the two words, any values.
 *
 * The lower of the plausible ones: at least 128 KiB and below 640 KiB. If neither is, 0x9f000: the last page
 * is the EBDA on nearly every machine.
 * Return: below 640 KiB; not necessarily aligned.
 */
phys_t low_memory_bios_start(uint16_t ebda_segment, uint16_t base_kib);

/**
 * low_memory_hole() - the usable exception in the first @reserved bytes.
 * @entries, @count: firmware's map and all reservations except the one of the first @reserved bytes.
 *
 * Empty if there are LOW_MEMORY_TRAMPOLINE usable bytes above @reserved for the trampoline; else the highest
 * such block below @reserved and above the first page.
 * Return: an empty range when there is none or none is needed.
 */
struct phys_range low_memory_hole(const struct memmap_entry *entries, size_t count, uint64_t reserved);

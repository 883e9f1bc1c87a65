/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The machine as it was booted: stub32's hand-off, the boot information, the command line, and the memory map
 * with its input. Filled in once, early, on the BSP; constant afterwards, so the getters need no lock.
 */
#include <ashlar/handoff.h>
#include <boot/boot_info.h>

/**
 * machine_read_handoff() - copy the hand-off and parse the boot information.
 * @address: of the hand-off, as passed to kernel64_entry.
 *
 * From here on machine_handoff() and machine_boot_info() work, and options can be read (boot/options.h).
 * Panics when the hand-off is not of this stub.
 * Context: early boot, boot direct map, nothing allocated.
 */
void machine_read_handoff(phys_t address);

/* Logs this kernel's version and its loader. Context: BSP, after machine_read_handoff(). */
void machine_log_origin(void);

/**
 * machine_read_memory_map() - collect the firmware's maps and the kernel's reservations.
 *
 * Reserves the kernel, the boot image, the loader's data, modules and the framebuffer. Other rooms add theirs
 * by machine_reserve() before machine_build_memory_map(). Panics when there are too many entries.
 * Context: once, BSP, after machine_read_handoff().
 */
void machine_read_memory_map(void);

/* Reserves the range as @kind; nothing when it is empty.
   Context: between machine_read_memory_map() and machine_build_memory_map(). */
void machine_reserve(struct phys_range range, enum memmap_kind kind);

/* Return: the end of the physical addresses that the kernel can use: of the CPU's, or the direct map's,
   whichever is lower. Context: after cpu_features_init(). */
phys_t machine_address_end(void);

/**
 * machine_build_memory_map() - make the memory map of all entries.
 *
 * It is stored in memory that it lists as MEMMAP_BOOT_IMAGE. Also joins the command line, and gives the map
 * to boot/early.h. Panics when there is no usable memory.
 * Context: once, BSP, after machine_read_memory_map().
 */
void machine_build_memory_map(void);

/**
 * machine_read_early() - physical memory through the stub's direct map: a boot_read_fn.
 * @address, @size_bytes: any numbers.
 *
 * Return: its virtual address; NULL when it extends past BOOT_DIRECT_MAP_SIZE.
 * Context: before address_space_init().
 */
const void *machine_read_early(phys_t address, size_t size_bytes);

/* The hand-off, and the boot information. Context: any, after machine_read_handoff(); before it they are
   empty. */
const struct handoff *machine_handoff(void);
const struct boot_info *machine_boot_info(void);

/* The joined command line: the loader's, then QEMU's fw_cfg's. "" before machine_build_memory_map(). Context:
   any. */
const char *machine_command_line(void);

/* The entries that the memory map was made of, firmware's first: their number, and how many are the
   firmware's. Context: any, after machine_build_memory_map(). */
const struct memmap_entry *machine_map_entries(size_t *count, size_t *firmware_count);

/* The memory map, ascending. Context: any, after machine_build_memory_map(); no ranges before it. */
const struct memmap_range *machine_map(size_t *count);

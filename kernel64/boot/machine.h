/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The machine as it was booted: stub32's handoff, the loader's description, the command line, and the memory
 * map before and after the sweep. Filled in once, early, on the first CPU; constant afterwards, so the
 * getters need no lock.
 */
#include <ashlar/handoff.h>
#include <boot/boot_info.h>

/**
 * machine_read_handoff() - copy the hand-off and read what the loader left.
 * @handoff_address: physical, as kernel64_entry got it.
 *
 * From here on machine_handoff() and machine_boot_info() work, and options can be read (boot/options.h).
 * Panics when the hand-off is not the stub's, because then not even the page tables are known. Context: early
 * boot, boot direct map, nothing allocated.
 */
void machine_read_handoff(uint64_t handoff_address);

/* Logs this kernel's version and its loader. Context: first CPU, after machine_read_handoff(). */
void machine_log_origin(void);

/**
 * machine_collect_claims() - gather the firmware's maps, and what the kernel itself reserves.
 *
 * The kernel, the boot image, what the loader left, modules and the framebuffer. Other rooms add theirs by
 * machine_add_claim() before the sweep. Panics when there is no room for the claims.
 * Context: once, first CPU, after machine_read_handoff().
 */
void machine_collect_claims(void);

/* Reserves [start, end) as @kind. Context: between machine_collect_claims() and machine_sweep_claims(). */
void machine_add_claim(uint64_t start, uint64_t end, enum memmap_kind kind);

/**
 * machine_sweep_claims() - make the memory map of all claims.
 *
 * It lies in memory that it itself lists as MEMMAP_BOOT_IMAGE. Also joins the command line, and hands
 * what is left behind the kernel to boot/early.h. Panics
 * when nothing usable is left.
 * Context: once, first CPU, after machine_collect_claims().
 */
void machine_sweep_claims(void);

/**
 * machine_read_early() - physical memory through the stub's direct map: a boot_read_fn.
 * @address, @size_bytes: any numbers.
 *
 * Return: where it can be read; NULL when it reaches past BOOT_DIRECT_MAP_SIZE.
 * Context: before address_space_init().
 */
const void *machine_read_early(phys_t address, size_t size_bytes);

/* The handoff, and the loader's description. Context: any, after machine_read_handoff(); before it they are
   empty. */
const struct handoff *machine_handoff(void);
const struct boot_info *machine_boot_info(void);

/* The joined command line: the loader's, then what QEMU's fw_cfg appends. "" before
   machine_sweep_claims(). Context: any. */
const char *machine_command_line(void);

/* The claims as they went into the sweep, firmware's first: their number, and how many are the firmware's.
   Context: any, after machine_sweep_claims(). */
const struct memmap_entry *machine_claims(size_t *count, size_t *firmware_count);

/* The memory map, ascending. Context: any, after machine_sweep_claims(); no ranges before it. */
const struct memmap_range *machine_map(size_t *count);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The machine we woke up on: what stub32 handed over, what the loader said, the command line, and
 * the memory map before and after the sweep. Filled in once, early, on the first CPU; constant
 * afterwards, so the getters need no lock and may be called from any context.
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

/* The log's first line: this kernel, and who loaded it. */
void machine_log_origin(void);

/**
 * machine_collect_claims() - write down what the firmware's maps say, and everything of ours.
 *
 * The kernel, the boot image, what the loader left, modules and the framebuffer. Whoever knows of
 * more calls machine_add_claim() before the sweep. Panics when there is no room for the claims.
 */
void machine_collect_claims(void);

/* [start, end) belongs to @kind. Context: between collecting and sweeping. */
void machine_add_claim(uint64_t start, uint64_t end, enum memmap_kind kind);

/**
 * machine_sweep_claims() - make the memory map of all claims.
 *
 * It lies in memory that it itself lists as MEMMAP_BOOT_IMAGE. Also joins the command line, and hands
 * what is left behind the kernel to boot/early.h. Panics
 * when nothing usable is left.
 */
void machine_sweep_claims(void);

/**
 * machine_read_early() - physical memory through the stub's direct map: a boot_read_fn.
 *
 * Return: where it can be read; NULL when it reaches past BOOT_DIRECT_MAP_SIZE.
 * Context: before address_space_init().
 */
const void *machine_read_early(phys_t address, size_t size_bytes);

const struct handoff *machine_handoff(void);
const struct boot_info *machine_boot_info(void);

/* The joined command line: the loader's, then what QEMU's fw_cfg appends. "" before
   machine_sweep_claims(). */
const char *machine_command_line(void);

/* The claims as they went into the sweep, firmware's first: their number, and how many are the firmware's. */
const struct memmap_entry *machine_claims(size_t *count, size_t *firmware_count);

/* The swept map. */
const struct memmap_range *machine_map(size_t *count);

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
 * From here on machine_handoff(), machine_boot_info() and machine_early_option() work. Panics when
 * the hand-off is not the stub's, because then not even the page tables are known.
 * Context: early boot, boot direct map, nothing allocated.
 */
void machine_read_handoff(uint64_t handoff_address);

/**
 * machine_build_map() - sweep the firmware's maps together with everything of ours.
 *
 * Reserves the kernel, the boot image, what the loader left, modules and the framebuffer. The swept
 * map lies in memory that it itself lists as MEMMAP_KERNEL. Also joins the
 * command line. Panics when there is no usable memory for it.
 */
void machine_build_map(void);

const struct handoff *machine_handoff(void);
const struct boot_info *machine_boot_info(void);

/* The joined command line: the loader's, then what QEMU's fw_cfg appends. "" before machine_build_map(). */
const char *machine_command_line(void);

/**
 * machine_option() - the value of a command-line option; the last one of that name counts.
 * @buffer, @size: receives it as a string, "" for an option without a value.
 *
 * Works from machine_read_handoff() on. Return: as cmdline_value().
 */
status_t machine_option(const char *name, char *buffer, size_t size);

/* The claims as they went into the sweep, firmware's first: their number, and how many are the firmware's. */
const struct memmap_entry *machine_claims(size_t *count, size_t *firmware_count);

/* The swept map. */
const struct memmap_range *machine_map(size_t *count);

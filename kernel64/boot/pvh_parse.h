/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The description that QEMU, Xen and other PVH loaders give.
 */
#include <boot/boot_info.h>

/**
 * pvh_parse() - read a PVH hvm_start_info, version 0 or 1, and what it points at.
 * @address: of the start info.
 * @read:    gives access to physical memory; kept, and used again by boot_info_next_module().
 * @complain, @info: as for mb2_parse().
 *
 * Return: STATUS_OK, also with warnings; STATUS_TRUNCATED when the start info cannot be read;
 *         STATUS_MALFORMED when its magic number is another; STATUS_TOO_BIG beyond BOOT_ENTRIES_MAX: no list
 *         is read then.
 * Source: Xen, "x86/HVM direct boot ABI" (docs/misc/pvh.pandoc), arch-x86/hvm/start_info.h.
 */
status_t pvh_parse(phys_t address, boot_read_fn *read, boot_complain_fn *complain,
                   struct boot_info *info) MUST_CHECK;

/* How far a string that a start info points at is searched for its end: the command line, and that of a
   module. */
#define PVH_TEXT_MAX        65536
#define PVH_MODULE_TEXT_MAX 4096

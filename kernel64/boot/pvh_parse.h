/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The parser of PVH boot information, from QEMU, Xen and other hypervisors.
 */
#include <boot/boot_info.h>

/**
 * pvh_parse() - parse a PVH hvm_start_info, version 0 or 1, and the lists that it points at.
 * @address: of the start info.
 * @read:    reads physical memory; kept for boot_info_next_module().
 * @report_fault, @info: as for mb2_parse().
 *
 * Return: STATUS_OK, also with warnings; STATUS_TRUNCATED when the start info cannot be read;
 *         STATUS_MALFORMED when its magic number is wrong; STATUS_TOO_BIG beyond BOOT_ENTRIES_MAX: no list is
 *         parsed then.
 * Source: Xen, "x86/HVM direct boot ABI" (docs/misc/pvh.pandoc), arch-x86/hvm/start_info.h.
 */
status_t pvh_parse(phys_t address, boot_read_fn *read, boot_report_fn *report_fault,
                   struct boot_info *info) MUST_CHECK;

/* Limits of the length of a string: the command line, and that of a module. */
#define PVH_TEXT_MAX        65536
#define PVH_MODULE_TEXT_MAX 4096

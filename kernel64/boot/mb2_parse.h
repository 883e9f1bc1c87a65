/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The parser of Multiboot2 boot information.
 */
#include <boot/boot_info.h>

/**
 * mb2_parse() - read a Multiboot2 information structure.
 * @data, @size_bytes: the mapped bytes; the structure's total_size is checked against them.
 * @address:  its physical address.
 * @report_fault: called for each fault; may be NULL.
 * @info:     overwritten; holds what was valid, also on failure.
 *
 * A tag too short for its fields is skipped; a tag longer than the rest ends the walk. The first of several
 * tags counts if the type allows one. Unknown types are skipped silently.
 *
 * Return: STATUS_OK, also with warnings; STATUS_TRUNCATED or STATUS_MALFORMED when the first eight bytes are
 *          invalid; STATUS_TOO_BIG beyond BOOT_ENTRIES_MAX or BOOT_TAGS_MAX.
 * Context: any. Allocates nothing.
 * Source: Multiboot2 Specification 2.0, "Boot information format".
 */
status_t mb2_parse(const void *data, size_t size_bytes, phys_t address, boot_report_fn *report_fault,
                   struct boot_info *info) MUST_CHECK;

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * GRUB's description of the machine.
 */
#include <boot/boot_info.h>

/**
 * mb2_parse() - read a Multiboot2 information structure.
 * @data, @size_bytes: what is mapped and may be read; the structure's own total_size is checked
 *                     against it.
 * @address:  its physical address.
 * @complain: called for each thing out of order; may be NULL.
 * @info:     filled in from scratch; complete as far as the data was sound, also on failure.
 *
 * A tag too short for its fields is skipped; a tag longer than what is left ends the walk. Of a tag
 * that may come once, the first counts. Numbers that nobody knows are skipped without a word.
 *
 * Return: STATUS_OK, also with warnings; STATUS_TRUNCATED or STATUS_MALFORMED when not even the
 *         first eight bytes make sense; STATUS_TOO_BIG beyond BOOT_ENTRIES_MAX or BOOT_TAGS_MAX.
 * Context: any. Allocates nothing.
 * Source: Multiboot2 Specification version 2.0, "Boot information format".
 */
status_t mb2_parse(const void *data, size_t size_bytes, phys_t address, boot_complain_fn *complain,
                   struct boot_info *info) MUST_CHECK;

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The EFI configuration table: where UEFI firmware says the other tables are. Pure, hosted-tested; no address
 * and no count is trusted.
 *
 * The addresses in it are physical as long as no kernel before this one has moved the runtime services. After
 * a kexec from one that did, they are virtual, and reading them fails.
 *
 * Context of all: any; they call nothing but the boot_read_fn.
 */
#include <boot/boot_info.h>

struct efi_system {
    uint32_t revision; /* of the specification that the firmware follows: 0x00020046 is 2.70 */
    uint8_t bits;      /* 32 or 64 */
    uint32_t table_count;
    phys_t tables;
};

/**
 * efi_read_system() - read the EFI system table that the loader names.
 * @info:   of the loader.
 * @read:   access to physical memory.
 * @system: untouched on failure.
 *
 * The CRC32 of the table is not verified: firmware changes the table when a console is connected, and some
 * of it forgets the CRC.
 * Return: STATUS_OK; STATUS_NOT_FOUND when the loader names none; STATUS_TRUNCATED when it cannot be read;
 *         STATUS_MALFORMED for a wrong signature.
 */
status_t efi_read_system(const struct boot_info *info, boot_read_fn *read,
                         struct efi_system *system) MUST_CHECK;

/**
 * efi_find_table() - look up a table by its GUID.
 * @system: from efi_read_system().
 * @read:   access to physical memory.
 * @guid:   EFI_GUID_SIZE bytes: EFI_GUID_... of ashlar/fmt/efi.h.
 *
 * Return: its address, as stored; PHYS_INVALID when there is none or the configuration table cannot be read.
 * Cost: a comparison an entry, of which there are at most EFI_TABLES_MAX.
 */
phys_t efi_find_table(const struct efi_system *system, boot_read_fn *read, const uint8_t *guid);

/* Firmware has 10 to 30; a larger count is truncated. */
#define EFI_TABLES_MAX 1024u

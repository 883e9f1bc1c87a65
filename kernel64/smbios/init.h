/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The SMBIOS table of this machine, for people: the command `dmi`, the report, the summary. Nothing is
 * configured from it.
 */
#include <smbios/entry.h>
#include <smbios/table.h>

/**
 * smbios_init() - keep the memory of the table that UEFI firmware names out of the allocators.
 *
 * UEFI may have it in memory of boot services, which is usable afterwards; a BIOS has it in reserved memory,
 * so then nothing is done. A table outside the boot direct map is not reserved.
 * Context: once, between machine_read_memory_map() and machine_build_memory_map().
 */
void smbios_init(void);

/**
 * smbios_here() - the table, found at the first call.
 *
 * Return: NULL when there is none, or it cannot be read, which is logged once.
 * Context: thread, one caller at a time; after address_space_init().
 */
const struct smbios_table *smbios_here(void);

/* Return: where the table of smbios_here() is; NULL as there. Context: as there. */
const struct smbios_entry *smbios_entry_here(void);

/**
 * smbios_first() - the first structure of a type.
 * @type:      SMBIOS_TYPE_...
 * @structure: untouched on failure.
 *
 * Return: false when there is none.
 * Context: as smbios_here().
 */
bool smbios_first(uint8_t type, struct smbios_structure *structure);

/* Return: "uefi" or "bios", by how the loader was started; "unknown" if that is not known. Context: as
   smbios_here(). */
const char *smbios_firmware_kind(void);

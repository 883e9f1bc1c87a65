/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Search for this machine's RSDP: the loader's first, then the legacy areas.
 *
 * Context of all: early boot, the BSP. No lock; bounded reads through the acpi_read_fn.
 */
#include <acpi/tables.h>
#include <boot/boot_info.h>

/**
 * acpi_root_at() - parse the RSDP at an address.
 * @read:    access to physical memory.
 * @address: from the option acpi_rsdp= or the loader; any value.
 * @root:    untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when there is none.
 */
status_t acpi_root_at(acpi_read_fn *read, phys_t address, struct acpi_root *root) MUST_CHECK;

/**
 * acpi_locate_root() - find the RSDP.
 * @info: of the loader.
 * @read: access to physical memory.
 * @root: untouched on failure.
 *
 * In this order: the copy in a Multiboot2 tag (version 2 before 1, as the parser chose), the address that a
 * PVH loader gives, the EBDA and the BIOS area. An RSDP without a valid root table is skipped; where all are,
 * the first is returned, so that the caller can report it.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t acpi_locate_root(const struct boot_info *info, acpi_read_fn *read,
                          struct acpi_root *root) MUST_CHECK;

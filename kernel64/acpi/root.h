/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where this machine's ACPI root is: what the loader said first, then the legacy areas.
 */
#include <acpi/tables.h>
#include <boot/boot_info.h>

/**
 * acpi_root_at() - the root table, by the RSDP at an address that somebody names.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when there is none.
 */
status_t acpi_root_at(acpi_read_fn *read, phys_t address, struct acpi_root *root) MUST_CHECK;

/**
 * acpi_locate_root() - the root table, by whichever way leads to one.
 *
 * In this order: the copy in a Multiboot2 tag (version 2 before 1, as the parser chose), the
 * address that a PVH loader gives, the EBDA and the BIOS area.
 * One that leads to no root table is passed over for the next; where all do, the first is given, for
 * whoever says so.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t acpi_locate_root(const struct boot_info *info, acpi_read_fn *read,
                          struct acpi_root *root) MUST_CHECK;

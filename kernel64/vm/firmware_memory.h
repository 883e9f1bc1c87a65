/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Read access to firmware's data at any physical address: tables in RAM, in reserved memory, in the BIOS
 * area, above 4 GiB. For acpi/init.h, as its reader.
 */
#include <ashlar/addr.h>

/**
 * firmware_memory_read() - physical memory to read, not to write.
 * @address, @size_bytes: of any alignment.
 *
 * RAM is read through the direct map. Anything else is mapped, in pages, and stays mapped, so that
 * what was returned once may be kept; the same place is not mapped twice.
 * Return: the first byte; NULL when it cannot be mapped or too much is mapped already.
 * Context: thread, one caller at a time; after address_space_init().
 */
const void *firmware_memory_read(phys_t address, size_t size_bytes);

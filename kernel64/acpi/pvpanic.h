/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The port of QEMU's pvpanic device, out of the AML of a DSDT or SSDT. Pure, hosted-tested.
 *
 * Found by its bytes, as \_S5_ is (acpi/power.h): Name (_HID, "QEMU0001"), directly followed by
 * Name (_CRS, Buffer) whose first resource is an I/O port. That is how QEMU encodes it; another form counts
 * as absent.
 */
#include <ashlar/types.h>

/**
 * acpi_find_pvpanic() - search a table for the device.
 * @table, @size_bytes: the whole table.
 * @port: receives the port, not 0; untouched when the device is not found.
 *
 * Return: whether it was found.
 * Context: any.
 * Cost: that of memmem().
 * Source: QEMU, docs/specs/pvpanic, "ACPI Interface"; ACPI Specification 6.5, "I/O Port Descriptor",
 *         "AML Byte Stream Byte Values".
 */
bool acpi_find_pvpanic(const void *table, size_t size_bytes, uint16_t *port);

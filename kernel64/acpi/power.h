/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The registers of soft-off and reset in the FADT, and \_S5_. acpi/soft_off.h writes them.
 *
 * \_S5_ is found by its bytes and not by an AML interpreter: the name, a package, and its first elements as
 * integers. That is how firmware encodes it; an \_S5_ that is a method or has references is not supported,
 * and counts as absent.
 */
#include <acpi/fadt.h>
#include <acpi/power_registers.h>

/* Decodes the FADT's registers. @power: filled in, without \_S5_. Context: any. */
void acpi_decode_power(const struct fadt *fadt, struct acpi_power *power);

/**
 * acpi_decode_s5() - search a DSDT or SSDT for \_S5_.
 * @table, @size_bytes: the whole table.
 * @power: receives the sleep types; untouched when \_S5_ is not found.
 *
 * Element 0 of the package is SLP_TYP for PM1a or the sleep control register, element 1 for PM1b. In a
 * package with one element, bits 8 to 10 are for PM1b, as in ACPICA.
 * Return: whether it was found.
 * Context: any.
 * Source: ACPI Specification 6.5, "\_Sx (System States)" (7.4.2); "AML Byte Stream Byte Values".
 */
bool acpi_decode_s5(const void *table, size_t size_bytes, struct acpi_power *power);

/* Whether there is a register for it, and, for power-off, \_S5_. Registers in memory need not be mapped yet.
   Context of both: any. */
bool acpi_can_power_off(const struct acpi_power *power);
bool acpi_can_reset(const struct acpi_power *power);

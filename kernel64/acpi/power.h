/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Soft-off and reset: the registers in the FADT, \_S5_, and the writes. Hosted-tested: registers are accessed
 * through ashlar/io.h only.
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

/**
 * acpi_power_off() - enter S5.
 * @power: acpi_can_power_off(), its registers in memory mapped.
 *
 * WAK_STS and all general-purpose events are cleared first: with one of them pending the machine wakes at
 * once, which is a reset. Then SLP_TYP is written to both PM1 control registers, and only then SLP_EN.
 * Returns when it has no effect, or has none yet.
 * Context: any, interrupts off, also a panic. Bounded: at most some 100 ms for the change to ACPI mode.
 * Source: ACPI Specification 6.5, "PM1 Control Registers", "Sleep Control and Status Registers", 4.8.3.
 */
void acpi_power_off(const struct acpi_power *power);

/* Writes the reset value to the reset register. @power: acpi_can_reset(). Returns as that does.
   Context: as acpi_power_off(). */
void acpi_reset(const struct acpi_power *power);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Entry into S5, and reset, by the registers that acpi/power.h decodes. Hosted-tested: registers are accessed
 * through ashlar/io.h only.
 */
#include <acpi/power_registers.h>

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

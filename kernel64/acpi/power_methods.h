/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI's two ways out of the machine, added to the leaving ladder (power/exit.h).
 */
#include <acpi/tables.h>

/**
 * acpi_add_leave_ways() - decode power-off and reset, and add what can be reached through ports.
 * @index: the tables.
 * @read:  access to them; used during this call only.
 *
 * Context: once, early boot.
 */
void acpi_add_leave_ways(const struct acpi_index *index, acpi_read_fn *read);

/**
 * acpi_complete_leave_ways() - add the ways that need a register in memory, or a table that was out of reach.
 *
 * What the tables do not offer, or offer in a form we do not understand, is said in the log.
 * Context: once, after address_space_init().
 */
void acpi_complete_leave_ways(const struct acpi_index *index, acpi_read_fn *read);

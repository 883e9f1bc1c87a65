/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI's two ways out of the machine, added to the leaving ladder (diag/leave.h).
 */
#include <acpi/tables.h>

/**
 * acpi_add_leave_ways() - decode power-off and reset, and add what there is to the ladder.
 * @root: the root table.
 * @read: access to the tables; used during this call only.
 *
 * What the tables do not offer, or offer in a form we do not understand, is said in the log.
 * Context: once, early boot.
 */
void acpi_add_leave_ways(const struct acpi_root *root, acpi_read_fn *read);

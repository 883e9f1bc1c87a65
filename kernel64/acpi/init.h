/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI at boot: where its tables are, that nobody may overwrite them, and how they switch the
 * machine off.
 */

/**
 * acpi_init() - find the root, claim each table's memory, add the ways out to the leaving ladder.
 *
 * Nothing with the option noacpi, or where there is no root; the log says which.
 * Context: once, between machine_collect_claims() and machine_sweep_claims().
 */
void acpi_init(void);

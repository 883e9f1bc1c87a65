/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI's power-off and reset, registered among the methods of power/exit.h. Private to platform/.
 */
#include <platform/tables.h>

/**
 * platform_power_init_early() - decode FADT and \_S5_, and register the methods that need no register in
 * memory.
 *
 * Context: once, first CPU, early boot: before it, a panic can only halt.
 */
void platform_power_init_early(const struct platform_firmware *firmware);

/**
 * platform_power_init() - map registers in memory, read tables that were inaccessible, register the rest.
 *
 * Logs methods that are missing or in an unknown form.
 * Context: once, first CPU, after address_space_init().
 */
void platform_power_init(const struct platform_firmware *firmware);

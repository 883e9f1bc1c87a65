/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI's power-off and reset, registered among the methods of power/exit.h. Private to platform/.
 */
#include <platform/platform.h>

/**
 * platform_power_init_early() - register the methods that need no register in memory.
 * @platform: after platform_read_fadt(), as far as tables are readable.
 *
 * Context: once, BSP, early boot: before it, a panic can only halt.
 */
void platform_power_init_early(const struct platform *platform);

/**
 * platform_power_init() - map the registers in memory, and register the rest.
 * @platform: after platform_read_tables().
 *
 * Logs methods that are missing or in an unknown form.
 * Context: once, BSP, after address_space_init().
 */
void platform_power_init(const struct platform *platform);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI's power-off and reset, registered among the methods of power/exit.h. Private to platform/.
 */
#include <platform/tables.h>

/**
 * platform_power_init_early() - decode FADT and \_S5_, and register what needs no register in memory.
 *
 * Context: once, first CPU, early boot: before it, a panic can only halt.
 */
void platform_power_init_early(const struct platform_firmware *firmware);

/**
 * platform_power_init() - map registers in memory, read tables that were out of reach, register the rest.
 *
 * The log says what the tables do not offer, or offer in a form that is not understood.
 * Context: once, first CPU, after address_space_init().
 */
void platform_power_init(const struct platform_firmware *firmware);

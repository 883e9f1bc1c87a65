/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Which memory module an address is in, as far as SMBIOS says it. Pure, hosted-tested.
 *
 * Context of all: any, as smbios/table.h.
 * Source: DMTF DSP0134 3.7.0, "Memory Device (Type 17)", "Memory Array Mapped Address (Type 19)", "Memory
 *         Device Mapped Address (Type 20)".
 */
#include <smbios/table.h>

#define SMBIOS_MODULES_TEXT 48

/**
 * smbios_find_modules() - name the modules that an address may be in.
 * @table:   any bytes; NULL: none.
 * @address: any.
 * @text:    receives their locators: "DIMM_A1", or "DIMM_A1 or DIMM_B1" where the address is interleaved
 *           between them or only their array is known; truncated; "" when nothing is known.
 *
 * Modules whose own addresses are listed (type 20) come first; without such, all populated ones of the array
 * (type 16) whose addresses (type 19) contain it.
 * Return: how many modules it may be in.
 */
unsigned int smbios_find_modules(const struct smbios_table *table, phys_t address,
                                 char text[SMBIOS_MODULES_TEXT]);

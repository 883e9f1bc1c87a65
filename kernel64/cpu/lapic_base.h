/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where the CPU decodes its local APIC's registers, whether it uses them or not.
 */
#include <ashlar/types.h>

/**
 * cpu_lapic_base() - the physical address in IA32_APIC_BASE.
 *
 * Return: of a whole page; 0 on a CPU without the register.
 * Context: any but NMI; after traps_init().
 * Source: Intel SDM vol. 3A, "Local APIC Status and Location", ed. 081, 11.4.4.
 */
uint64_t cpu_lapic_base(void);

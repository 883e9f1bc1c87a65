/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The address of the local APIC's registers, enabled or not.
 */
#include <ashlar/addr.h>

/**
 * cpu_lapic_base() - the physical address in IA32_APIC_BASE.
 *
 * Return: page-aligned; PHYS_INVALID on a CPU without the register.
 * Context: any but NMI; after traps_init().
 * Source: Intel SDM vol. 3A, "Local APIC Status and Location", 11.4.4.
 */
phys_t cpu_lapic_base(void);

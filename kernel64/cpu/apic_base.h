/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bits of IA32_APIC_BASE (MSR_APIC_BASE), and the registers that hold a CPU's APIC ID.
 * Source: Intel SDM vol. 3A, "Local APIC Status and Location", "Extended XAPIC (x2APIC)", "Local APIC ID".
 */
#define APIC_BASE_BSP     0x100
#define APIC_BASE_X2APIC  0x400
#define APIC_BASE_ENABLED 0x800
#define APIC_BASE_ADDRESS 0x000ffffffffff000ULL

#define LAPIC_ID      0x20  /* offset in the registers; the ID is the highest 8 bits */
#define MSR_X2APIC_ID 0x802 /* all 32 bits */

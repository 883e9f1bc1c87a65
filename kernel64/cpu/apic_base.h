/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Bits of IA32_APIC_BASE (MSR_APIC_BASE).
 * Source: Intel SDM vol. 3A, "Local APIC Status and Location", "Extended XAPIC (x2APIC)".
 */
#define APIC_BASE_FIRST_CPU 0x100
#define APIC_BASE_X2APIC    0x400
#define APIC_BASE_ENABLED   0x800
#define APIC_BASE_ADDRESS   0x000ffffffffff000ULL

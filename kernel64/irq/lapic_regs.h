/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Registers of the local APIC and the MSRs beside it, by the SDM's names; for lapic.c and lapic_mode.c alone.
 * A register's number is its offset in the page of xAPIC mode; its MSR in x2APIC mode is MSR_X2APIC_FIRST +
 * offset / 16.
 * Source: Intel SDM vol. 3A, "Local APIC Register Address Map", "Local Vector Table", "Interrupt Command
 *         Register (ICR)", 11.4.1, 11.5.1, 11.6.1; vol. 4, "Architectural MSRs", 2.1.
 */
#include <ashlar/bits.h>
#include <cpu/apic_base.h>

enum reg {
    REG_ID = LAPIC_ID,
    REG_VERSION = 0x030,
    REG_TPR = 0x080, /* task priority */
    REG_EOI = 0x0b0,
    REG_SVR = 0x0f0, /* spurious interrupt vector */
    REG_ISR = 0x100, /* in service: 8 registers of 32 vectors each */
    REG_IRR = 0x200, /* interrupt request: likewise */
    REG_ESR = 0x280, /* error status */
    REG_LVT_CMCI = 0x2f0,
    REG_ICR_LOW = 0x300, /* the whole ICR, 64 bits, in x2APIC mode */
    REG_ICR_HIGH = 0x310,
    REG_LVT_TIMER = 0x320,
    REG_LVT_THERMAL = 0x330,
    REG_LVT_PMC = 0x340, /* performance monitoring counters */
    REG_LVT_LINT0 = 0x350,
    REG_LVT_ERROR = 0x370,
    REG_TIMER_INITIAL_COUNT = 0x380,
    REG_TIMER_CURRENT_COUNT = 0x390,
    REG_TIMER_DIVIDE_CONFIG = 0x3e0,
};

#define MSR_X2APIC_FIRST 0x800
#define MSR_TSC_DEADLINE 0x6e0

#define MSR_ARCH_CAPABILITIES     0x10a
#define ARCH_XAPIC_DISABLE_STATUS BIT(21)
#define MSR_XAPIC_DISABLE_STATUS  0xbd
#define LEGACY_XAPIC_DISABLED     BIT(0)

#define SVR_APIC_ENABLE        0x100
#define LVT_MASKED             0x10000
#define LVT_DELIVERY_SMI       0x200
#define LVT_DELIVERY_NMI       0x400
#define LVT_DELIVERY_MODE      0x700
#define LVT_DELIVERY_PENDING   0x1000
#define LVT_DELIVERY_EXTINT    0x700
#define LVT_ACTIVE_LOW         0x2000
#define LVT_LEVEL_TRIGGERED    0x8000
#define LVT_TIMER_TSC_DEADLINE 0x40000
#define ICR_DELIVERY_PENDING   0x1000
#define ICR_LEVEL_ASSERT       0x4000
#define ICR_DELIVERY_NMI       0x400
#define ICR_DELIVERY_INIT      0x500
#define ICR_DELIVERY_STARTUP   0x600
#define TIMER_DIVIDE_BY_16     0x3

/* LVT entries beside timer, LINT0, LINT1 and error exist from this "Max LVT Entry" of the version
   register on. */
#define MAX_LVT_WITH_THERMAL 5
#define MAX_LVT_WITH_PMC     4
#define MAX_LVT_WITH_CMCI    6

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The local APIC's modes, which IA32_APIC_BASE selects. The functions are for lapic.c alone.
 */
#include <ashlar/addr.h>

enum lapic_mode { LAPIC_NONE, LAPIC_XAPIC, LAPIC_X2APIC };

/* The state in which firmware left the local APIC. */
struct lapic_found {
    enum lapic_mode mode; /* xAPIC also where it was disabled */
    bool is_locked;       /* x2APIC mode cannot be left: IA32_XAPIC_DISABLE_STATUS */
    bool has_registers;   /* false: in xAPIC mode, and its registers cannot be mapped */
    uint32_t apic_id;     /* in xAPIC mode */
};

/* Return: whether to use x2APIC mode (irq/x2apic_rule.h). Context: as lapic_init(). */
typedef bool lapic_choose_fn(const struct lapic_found *found);

/**
 * lapic_mode_enter() - have this CPU's local APIC in a mode, whatever mode it is in.
 * @mode: LAPIC_XAPIC or LAPIC_X2APIC.
 *
 * Return: whether it is in that mode now.
 * Context: interrupts off.
 */
bool lapic_mode_enter(enum lapic_mode mode) MUST_CHECK;

/**
 * lapic_mode_init() - enable the BSP's local APIC in the mode that is chosen.
 * @address, @wants_x2apic: as for lapic_init().
 * @found:     receives the mode that firmware left; LAPIC_NONE: disabled.
 * @registers: receives where the registers are mapped; untouched in x2APIC mode.
 *
 * Return: the mode it is in; LAPIC_NONE when the CPU has no local APIC, or its registers cannot be mapped:
 *         IA32_APIC_BASE is as firmware left it then.
 * Context: as lapic_init().
 */
enum lapic_mode lapic_mode_init(phys_t address, lapic_choose_fn *wants_x2apic, enum lapic_mode *found,
                                volatile uint8_t **registers) MUST_CHECK;

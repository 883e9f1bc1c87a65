/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The facts by which irq/x2apic_rule.h chooses, of this machine.
 */
#include <irq/lapic.h>

/**
 * x2apic_is_wanted() - whether the first CPU's LAPIC, and so all, are to be in x2APIC mode. The log says why.
 *
 * Context: once, first CPU, after platform_init().
 */
bool x2apic_is_wanted(const struct lapic_found *found);

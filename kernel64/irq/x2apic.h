/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * This machine's facts, by which irq/x2apic_rule.h chooses.
 */
#include <irq/lapic.h>

/**
 * x2apic_is_wanted() - whether to use the local APICs in x2APIC mode; logs the reason.
 * @found: the BSP's local APIC as firmware left it.
 *
 * Context: once, BSP, after platform_init().
 */
bool x2apic_is_wanted(const struct lapic_found *found);

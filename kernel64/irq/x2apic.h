/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The facts by which irq/x2apic_rule.h chooses, of this machine.
 */
#include <irq/lapic.h>

/**
 * x2apic_is_wanted() - whether the first CPU's LAPIC, and so all, are to be in x2APIC mode. The log says why.
 * @has_wide_ids: firmware lists a CPU with an APIC ID above 254.
 *
 * Context: once, first CPU, when ACPI's tables can be read.
 */
bool x2apic_is_wanted(const struct lapic_found *found, bool has_wide_ids);

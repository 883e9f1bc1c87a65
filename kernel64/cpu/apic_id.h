/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The hardware's name for the CPU that asks.
 */
#include <ashlar/types.h>

/* Return: this CPU's APIC identity: 32 bits where CPUID has them, else 8. Context: any. */
uint32_t cpu_apic_id(void);

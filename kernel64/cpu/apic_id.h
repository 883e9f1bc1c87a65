/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The two numbers that hardware has for a CPU. The initial APIC ID is CPUID's and never changes; package,
 * core and thread are fields of it (cpu/topology.h). The APIC ID is the LAPIC's, by which interrupts reach
 * the CPU and the MADT lists it. They are the same unless firmware has written the ID register in xAPIC mode,
 * as boards of the K8 and of AMD's family 10H do to leave low IDs to I/O APICs.
 */
#include <cpu/cpuid.h>

/**
 * apic_initial_id() - the initial APIC ID of the executing CPU.
 * @cpuid: the CPUID instruction, or a test's.
 *
 * Return: 32 bits where leaf 0BH has them, else 8.
 * Context: any.
 */
uint32_t apic_initial_id(cpuid_fn *cpuid);

/**
 * apic_id_of() - the APIC ID, from what the CPU can read of itself. trampoline.asm does the same.
 * @is_x2apic:  which mode its LAPIC is in.
 * @lapic_id:   of the LAPIC: 32 bits in x2APIC mode, 8 in xAPIC mode.
 * @initial_id: of CPUID.
 *
 * In xAPIC mode, if the LAPIC's 8 bits equal the low 8 of a 32-bit initial ID, all 32 bits are used: KVM and
 * QEMU start CPUs above 255 in xAPIC mode.
 * Context: any.
 */
uint32_t apic_id_of(bool is_x2apic, uint32_t lapic_id, uint32_t initial_id);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The position of a CPU: package, die, core, thread, from CPUID. Pure: hosted tests bring their own CPUs.
 *
 * Source: Intel SDM vol. 3A, "Detecting Hardware Multi-Threading Support and Topology", CPUID leaves 0BH and
 * 1FH; AMD APM vol. 3, "Obtaining Processor Information Via the CPUID Instruction", Fn8000_0008,
 * Fn8000_001E.
 */
#include <cpu/features.h>

/* An APIC ID is package, die, core and thread, from the highest bit on; a part may have no bits. */
struct topology {
    unsigned int thread_bits, core_bits, die_bits;
};

struct topology_place {
    uint32_t package, die, core, thread; /* each within the one before */
};

/* The kind of core in a hybrid CPU: leaf 1AH. */
enum core_kind {
    CORE_USUAL,
    CORE_EFFICIENT, /* Intel Atom */
    CORE_FAST       /* Intel Core */
};

/**
 * topology_read() - the fields of an APIC ID.
 * @cpuid:    the CPUID instruction, on the CPU in question, or a test's.
 * @identity: of that CPU.
 *
 * Return: no bits without a leaf for them: each APIC ID is then a package of one thread.
 * Context: any.
 */
struct topology topology_read(cpuid_fn *cpuid, const struct cpu_identity *identity);

/**
 * topology_place_of() - the position of a CPU.
 * @topology: from topology_read().
 * @apic_id:  the initial APIC ID.
 *
 * Context: any.
 */
struct topology_place topology_place_of(const struct topology *topology, uint32_t apic_id);

/**
 * topology_core_kind() - the kind of core of the executing CPU.
 * @cpuid, @identity: as for topology_read().
 *
 * Return: CORE_USUAL without leaf 1AH.
 * Context: any.
 */
enum core_kind topology_core_kind(cpuid_fn *cpuid, const struct cpu_identity *identity);

/* Return: "efficient", "fast"; "" for CORE_USUAL. Context: any. */
const char *topology_core_kind_name(enum core_kind kind);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where a CPU sits: package, die, core, thread, out of CPUID. Pure: hosted tests bring their own CPUs.
 *
 * Source: Intel SDM vol. 3A, "Detecting Hardware Multi-Threading Support and Topology", CPUID leaves 0BH and
 * 1FH; AMD APM vol. 3, CPUID 8000_0008 ECX, 8000_001E.
 */
#include <cpu/features.h>

/* An APIC ID is package, die, core and thread, from the highest bit on; a part may have no bits. */
struct topology {
    unsigned int thread_bits, core_bits, die_bits;
};

struct topology_place {
    uint32_t package, die, core, thread; /* each within the one before */
};

/* What kind of core, of CPUs that have more than one: leaf 1AH. */
enum core_kind {
    CORE_USUAL,
    CORE_EFFICIENT, /* Intel Atom */
    CORE_FAST       /* Intel Core */
};

/**
 * topology_read() - how an APIC ID is divided.
 * @ask:      the CPUID instruction, on the CPU in question, or a test's.
 * @identity: of that CPU.
 *
 * Return: no bits at all without a leaf that says: each APIC ID is then a package of one thread.
 * Context: any.
 */
struct topology topology_read(cpuid_fn *ask, const struct cpu_identity *identity);

/**
 * topology_place_of() - where a CPU sits.
 * @topology: from topology_read().
 * @apic_id:  the initial APIC ID.
 *
 * Context: any.
 */
struct topology_place topology_place_of(const struct topology *topology, uint32_t apic_id);

/**
 * topology_core_kind() - which of a hybrid CPU's kinds of core the executing CPU is.
 * @ask, @identity: as for topology_read().
 *
 * Return: CORE_USUAL where leaf 1AH does not say.
 * Context: any.
 */
enum core_kind topology_core_kind(cpuid_fn *ask, const struct cpu_identity *identity);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where a CPU sits: package, die, core, thread, out of CPUID. Pure: hosted tests bring their own CPUs.
 *
 * Source: Intel SDM vol. 3A, "Detecting Hardware Multi-Threading Support and Topology", CPUID leaves 0BH and
 * 1FH; AMD APM vol. 3, CPUID 8000_0008 ECX, 8000_001E.
 */
#include <cpu/features.h>

/* An APIC identity is package, die, core and thread, one after the other from the highest bit; a part may
   have no bits. */
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

/* Of the CPU that @ask asks. Without any leaf that tells, each identity is a package of one. */
struct topology topology_read(cpuid_fn *ask, const struct cpu_identity *identity);

struct topology_place topology_place_of(const struct topology *topology, uint32_t apic_id);

enum core_kind topology_core_kind(cpuid_fn *ask, const struct cpu_identity *identity);

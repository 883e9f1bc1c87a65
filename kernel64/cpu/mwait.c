/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decides from CPUID and the errata whether idle CPUs use MWAIT.
 */
#include <cpu/mwait.h>

#include <cpu/errata.h>

#define LEAF_MONITOR 0x05
#define EDX_VALID    0x01 /* of ECX: EDX lists the states */
#define EDX_C1       0xf0 /* number of C1 sub-states; the hint for C1 is 0 */

#define AMD_ZEN 0x17 /* the first family whose MWAIT saves as much as HLT */

/* A line size to monitor, and a state to wait in. */
static bool is_complete(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    if (!cpu_identity_has(identity, CPU_FEATURE_MONITOR) || identity->max_leaf < LEAF_MONITOR)
        return false;
    struct cpuid_result answer = cpuid(LEAF_MONITOR, 0);
    return (answer.ebx & 0xffff) != 0 && (!(answer.ecx & EDX_VALID) || (answer.edx & EDX_C1) != 0);
}

bool mwait_is_good(cpuid_fn *cpuid, const struct cpu_identity *identity)
{
    if (!is_complete(cpuid, identity) || cpu_identity_has(identity, CPU_FEATURE_HYPERVISOR))
        return false;
    switch (identity->vendor[0]) {
    case 'G':
        return errata_find(identity, 0, ERRATUM_MONITOR) == NULL;
    case 'A':
    case 'H':
        return identity->family >= AMD_ZEN;
    default:
        return false;
    }
}

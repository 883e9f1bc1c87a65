/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The errata of this machine's CPUs: found once, and C1E disabled on each.
 *
 * AMD's guide tells the operating system to check for C1E after ACPI is enabled, because firmware may enable
 * it then. Here only power-off enables ACPI.
 */
#include <cpu/errata_cpu.h>

#include <cpu/insn.h>
#include <log/log.h>
#include <cpu/fixup.h>

/* Intel: the upper half, after CPUID(1) with the register at 0. AMD: the lower half.
   Source: Intel SDM vol. 3A, "Determining the Signature"; AMD PPR, "MSR0000_008B [Patch Level]". */
#define MSR_MICROCODE 0x8b

/* Interrupt Pending and CMP-Halt: C1eOnCmpHalt, SmiOnCmpHalt. Source: AMD BKDG 31116, MSRC001_0055. */
#define MSR_CMP_HALT 0xc0010055
#define CMP_HALT_C1E 0x18000000ULL

static uint32_t microcode;
static const struct erratum_row *found[ERRATUM_COUNT]; /* constant after init */
static unsigned int c1e_off, c1e_stays;                /* atomic */

static void read_microcode(void *argument)
{
    bool is_intel = cpu_boot_identity()->vendor[0] == 'G';
    (void)argument;
    if (is_intel) {
        cpu_write_msr(MSR_MICROCODE, 0);
        (void)cpu_cpuid(1, 0);
    }
    uint64_t value = cpu_read_msr(MSR_MICROCODE);
    microcode = (uint32_t)(is_intel ? value >> 32 : value);
}

/* Sets *@argument to whether C1E is still enabled. */
static void switch_c1e_off(void *argument)
{
    uint64_t value = cpu_read_msr(MSR_CMP_HALT);
    if (!(value & CMP_HALT_C1E)) {
        *(bool *)argument = false;
        return;
    }
    cpu_write_msr(MSR_CMP_HALT, value & ~CMP_HALT_C1E);
    *(bool *)argument = (cpu_read_msr(MSR_CMP_HALT) & CMP_HALT_C1E) != 0;
    if (!*(bool *)argument)
        __atomic_fetch_add(&c1e_off, 1, __ATOMIC_RELAXED);
}

void errata_init_cpu(void)
{
    struct trap_frame caught;
    bool is_on = true;
    if (!found[ERRATUM_C1E])
        return;
    (void)fixup_try(switch_c1e_off, &is_on, &caught);
    if (is_on && __atomic_fetch_add(&c1e_stays, 1, __ATOMIC_RELAXED) == 0)
        log_warn("cpu", "C1E cannot be disabled: LAPIC timers not used");
}

void errata_init(void)
{
    struct trap_frame caught;
    const struct cpu_identity *identity = cpu_boot_identity();
    if (!cpu_has(CPU_FEATURE_HYPERVISOR))
        (void)fixup_try(read_microcode, NULL, &caught);
    for (unsigned int i = 0; i < ERRATUM_COUNT; i++) {
        found[i] = errata_find(identity, microcode, (enum erratum)i);
        if (found[i])
            log_info("cpu", "erratum: %s: %s (microcode %#x; %s)", erratum_words[i].name,
                     erratum_words[i].workaround, microcode, found[i]->source);
    }
    errata_init_cpu();
}

bool errata_applies(enum erratum erratum)
{
    if (erratum == ERRATUM_C1E)
        return __atomic_load_n(&c1e_stays, __ATOMIC_RELAXED) != 0;
    return found[erratum] != NULL;
}

uint32_t errata_microcode(void)
{
    return microcode;
}

unsigned int errata_c1e_count(void)
{
    return __atomic_load_n(&c1e_off, __ATOMIC_RELAXED);
}

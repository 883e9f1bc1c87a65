/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enables all protections of the CPU, and makes LFENCE order time stamps.
 */
#include <cpu/protect.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <cpu/errata_cpu.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <log/log.h>
#include <cpu/fixup.h>

static bool can_write_de_cfg; /* constant once the BSP is protected */

/* A hypervisor may refuse the write; it then sets the bit itself, or hides the CPU's behaviour. */
static void write_de_cfg(void *argument)
{
    (void)argument;
    cpu_write_msr(MSR_DE_CFG, cpu_read_msr(MSR_DE_CFG) | DE_CFG_LFENCE);
}

void cpu_protect_cpu(void)
{
    static const struct {
        enum cpu_feature feature;
        uint64_t bit;
    } controls[] = {
        { CPU_FEATURE_SMEP, CR4_SMEP }, { CPU_FEATURE_SMAP, CR4_SMAP }, { CPU_FEATURE_UMIP, CR4_UMIP },
        { CPU_FEATURE_PGE, CR4_PGE },   { CPU_FEATURE_DE, CR4_DE },
    };
    /* Bits that firmware set on the BSP, such as UEFI's SSE, are cleared: all CPUs are alike. The stub
       has cleared LA57; machine_check_init_cpu() sets MCE when its exception has a handler. */
    uint64_t cr4 = CR4_PAE;

    /* The stub or the trampoline did this already where tables use NX. */
    if (cpu_has(CPU_FEATURE_NX))
        cpu_write_msr(MSR_EFER, cpu_read_msr(MSR_EFER) | EFER_NXE);

    /* The manual's sequence for changing memory types (caches off, flush, change, flush) is for types in use.
       Only entry 4 changes, and no page uses it yet. */
    if (cpu_has(CPU_FEATURE_PAT))
        cpu_write_msr(MSR_PAT, PAT_VALUE);

    cpu_write_cr0(cpu_read_cr0() | CR0_WP | CR0_NE);
    for (unsigned int i = 0; i < ARRAY_LEN(controls); i++) {
        if (cpu_has(controls[i].feature))
            cr4 |= controls[i].bit;
    }
    cpu_write_cr4(cr4);
    /* An AP has no fixups yet; it accepts the write if the BSP did. */
    if (can_write_de_cfg)
        write_de_cfg(NULL);
}

static void make_lfence_serialize(void)
{
    struct trap_frame caught;
    can_write_de_cfg = cpu_lfence_is_optional(cpu_boot_identity()) && fixup_try(write_de_cfg, NULL, &caught);
}

void cpu_protect(void)
{
    const struct cpu_identity *cpu = cpu_boot_identity();
    log_info("cpu", "%s, family %u model %u stepping %u%s%s", cpu->vendor, cpu->family, cpu->model,
             cpu->stepping, cpu->brand[0] ? ": " : "", cpu->brand);
    if (!cpu_has(CPU_FEATURE_NX))
        log_warn("cpu", "no NX: data can be executed; enable \"execute disable\" in the firmware's setup");
    cpu_protect_cpu();
    make_lfence_serialize();
    errata_init();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `cpu` and `regs`.
 */
#include <ashlar/command.h>
#include <ashlar/hw/cpu.h>
#include <cpu/apic_base.h>
#include <cpu/errata_cpu.h>
#include <cpu/features.h>
#include <cpu/hypervisor_name.h>
#include <cpu/insn.h>
#include <log/print.h>
#include <cpu/decode.h>

static void print_features(const char *heading, bool is_used, bool is_there)
{
    print("%s\n", heading);
    for (unsigned int i = 0; i < CPU_FEATURE_COUNT; i++) {
        const struct cpu_feature_words *words = &cpu_feature_words[i];
        if (i == CPU_FEATURE_HYPERVISOR)
            continue; /* not a feature of the CPU, and printed already */
        if (words->is_used == is_used && cpu_has((enum cpu_feature)i) == is_there)
            print("    %-14s %s\n", words->name, words->purpose);
    }
}

static void print_errata(void)
{
    print("microcode revision %#x\n", errata_microcode());
    for (unsigned int i = 0; i < ERRATUM_COUNT; i++) {
        const struct erratum_row *row = errata_find(cpu_boot_identity(), errata_microcode(), (enum erratum)i);
        if (row)
            print("erratum: %s: %s (%s)\n", erratum_words[i].name, erratum_words[i].workaround, row->source);
    }
    if (errata_c1e_count() > 0)
        print("C1E disabled on %u CPUs\n", errata_c1e_count());
}

static status_t command_cpu(int argc, char **argv)
{
    const struct cpu_identity *cpu = cpu_boot_identity();

    (void)argc;
    (void)argv;
    print("%s, family %u model %u stepping %u%s%s\n", cpu->vendor, cpu->family, cpu->model, cpu->stepping,
          cpu->brand[0] ? ": " : "", cpu->brand);
    if (cpu_has(CPU_FEATURE_HYPERVISOR)) {
        const char *name = hypervisor_name(cpu->hypervisor);
        print("hypervisor: %s%s\n", name ? name : "unknown, signature ", name ? "" : cpu->hypervisor);
    }
    print("addresses of %u bits physical, %u virtual; 4-level paging\n", cpu->physical_bits,
          cpu->virtual_bits);

    print_errata();
    print_features("used:", true, true);
    print_features("missing (the kernel would use them):", true, false);
    print_features("present, not used:", false, true);
    print_features("absent, not needed:", false, false);
    return STATUS_OK;
}
COMMAND_LIST(cpu, command_cpu, .group = GROUP_PROCESSORS, .arguments = "",
             .help = "the CPU's identity, features and errata", .example = "cpu",
             .see_also = "cpus cpuid regs", .words = NULL);

static void print_register(const char *name, uint64_t value, const char *words)
{
    print("%-10s %016lx  %s\n", name, value, words);
}

static void print_apic_base(void)
{
    uint64_t base = cpu_read_msr(MSR_APIC_BASE), address = base & APIC_BASE_ADDRESS;

    print("%-10s %016lx  at P0x%lx, %s%s\n", "apic_base", base, address,
          !(base & APIC_BASE_ENABLED) ? "off"
          : base & APIC_BASE_X2APIC   ? "x2APIC mode"
                                      : "xAPIC mode",
          base & APIC_BASE_BSP ? ", BSP" : "");
}

static status_t command_regs(int argc, char **argv)
{
    char words[DECODE_MAX];
    struct descriptor_table_pointer gdt, idt;

    (void)argc;
    (void)argv;
    print_register("cr0", cpu_read_cr0(), decode_cr0(cpu_read_cr0(), words, sizeof(words)));
    print_register("cr2", cpu_read_cr2(), "address of the last page fault");
    print_register("cr3", cpu_read_cr3(), "page tables");
    print_register("cr4", cpu_read_cr4(), decode_cr4(cpu_read_cr4(), words, sizeof(words)));
    print_register("rflags", cpu_read_rflags(), decode_rflags(cpu_read_rflags(), words, sizeof(words)));
    print_register("dr6", cpu_read_dr6(), "breakpoint that hit");
    print_register("dr7", cpu_read_dr7(), "breakpoints set");

    print_register("efer", cpu_read_msr(MSR_EFER), decode_efer(cpu_read_msr(MSR_EFER), words, sizeof(words)));
    if (cpu_has(CPU_FEATURE_PAT))
        print_register("pat", cpu_read_msr(MSR_PAT), decode_pat(cpu_read_msr(MSR_PAT), words, sizeof(words)));
    print_apic_base();
    print_register("fs_base", cpu_read_msr(MSR_FS_BASE), "");
    print_register("gs_base", cpu_read_msr(MSR_GS_BASE), "");

    cpu_store_gdt(&gdt);
    cpu_store_idt(&idt);
    print("%-10s %016lx  limit 0x%x\n", "gdtr", gdt.base, gdt.limit);
    print("%-10s %016lx  limit 0x%x\n", "idtr", idt.base, idt.limit);
    print("cs %04x  ss %04x  ds %04x  es %04x  fs %04x  gs %04x  tr %04x\n", cpu_read_cs(), cpu_read_ss(),
          cpu_read_ds(), cpu_read_es(), cpu_read_fs(), cpu_read_gs(), cpu_store_task_register());
    return STATUS_OK;
}
COMMAND_LIST(regs, command_regs, .group = GROUP_PROCESSORS, .arguments = "",
             .help = "control registers and model-specific registers", .example = "regs",
             .see_also = "cpu msr", .words = NULL);

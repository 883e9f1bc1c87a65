/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `cpus` of the monitor's report. Only the first CPU runs.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/report.h>
#include <cpu/apic_base.h>
#include <cpu/cpuid.h>
#include <cpu/features.h>
#include <cpu/insn.h>

/* Source: Intel SDM vol. 2A, "CPUID": leaf 0BH gives all 32 bits in EDX; leaf 1 the low 8 in EBX. */
#define LEAF_TOPOLOGY 0x0b

static uint32_t apic_id(void)
{
    if (cpu_boot_identity()->max_leaf >= LEAF_TOPOLOGY && cpu_cpuid(LEAF_TOPOLOGY, 0).ebx != 0)
        return cpu_cpuid(LEAF_TOPOLOGY, 0).edx;
    return cpu_cpuid(1, 0).ebx >> 24;
}

static void report_cpus(struct json *json)
{
    json_open_list(json, "online");
    json_open_object(json, NULL);
    json_number(json, "cpu", 0);
    json_number(json, "apic", apic_id());
    json_number(json, "us", 0);
    json_close(json);
    json_close(json);
    json_open_list(json, "failed");
    json_close(json);
    json_bool(json, "x2apic", (cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0);
}
REPORT(cpus, report_cpus);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `cpus` of the report, also of a build without SMP (up.c), which has one CPU.
 */
#include <ashlar/report.h>
#include <ashlar/time_units.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/topology.h>
#include <irq/lapic.h>
#include <smp/ap.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <smp/start.h>

static void report_place(struct json *json, const struct topology *bits, uint32_t initial_id)
{
    struct topology_place place = topology_place_of(bits, initial_id);
    json_number(json, "package", place.package);
    json_number(json, "die", place.die);
    json_number(json, "core", place.core);
    json_number(json, "thread", place.thread);
}

/* When it reached the stages before the last, as far as it came. */
static void report_times(struct json *json, const struct smp_cpu *cpu)
{
    static const char *const names[] = {
        [AP_STAGE_REAL] = "real_us",
        [AP_STAGE_PROTECTED] = "protected_us",
        [AP_STAGE_LONG] = "long_us",
        [AP_STAGE_KERNEL] = "kernel_us",
    };
    for (unsigned int stage = AP_STAGE_REAL; stage <= cpu->stage && stage <= AP_STAGE_KERNEL; stage++)
        json_number(json, names[stage], cpu->ns[stage] / NS_PER_US);
}

static void report_offline(struct json *json)
{
    for (unsigned int i = 0; i < smp_cpu_count(); i++) {
        struct smp_cpu cpu;
        smp_cpu(i, &cpu);
        if (!cpu.is_offline)
            continue;
        json_open_object(json, NULL);
        json_number(json, "cpu", cpu.cpu);
        json_number(json, "apic", cpu.apic_id);
        json_close(json);
    }
}

static void report_those(struct json *json, bool online)
{
    static const char *const stages[AP_STAGES] = {
        [AP_STAGE_NONE] = "none", [AP_STAGE_REAL] = "real",     [AP_STAGE_PROTECTED] = "protected",
        [AP_STAGE_LONG] = "long", [AP_STAGE_KERNEL] = "kernel", [AP_STAGE_ONLINE] = "online",
    };
    const struct topology bits = topology_read(cpu_cpuid, cpu_boot_identity());
    for (unsigned int i = 0; i < smp_cpu_count(); i++) {
        struct smp_cpu cpu;
        smp_cpu(i, &cpu);
        if (cpu.is_offline || (cpu.stage == AP_STAGE_ONLINE) != online)
            continue;
        json_open_object(json, NULL);
        if (online)
            json_number(json, "cpu", cpu.cpu);
        json_number(json, "apic", cpu.apic_id);
        if (online)
            report_place(json, &bits, cpu.initial_id);
        if (online && cpu.kind != CORE_USUAL)
            json_string(json, "kind", topology_core_kind_name(cpu.kind));
        report_times(json, &cpu);
        if (online)
            json_number(json, "us", cpu.ns[AP_STAGE_ONLINE] / NS_PER_US);
        else
            json_string(json, "stage", stages[cpu.stage]);
        json_close(json);
    }
}

static void report_cpus(struct json *json)
{
    const struct cpu_identity *cpu = cpu_boot_identity();
    json_string(json, "name", cpu->brand[0] ? cpu->brand : cpu->vendor);
    json_open_list(json, "online");
    report_those(json, true);
    json_close(json);
    json_open_list(json, "failed");
    report_those(json, false);
    json_close(json);
    json_open_list(json, "offline");
    report_offline(json);
    json_close(json);
    json_open_list(json, "left_out");
    for (const struct ap_absent *absent = ap_first_left_out(); absent; absent = absent->next) {
        json_open_object(json, NULL);
        json_number(json, "apic", absent->apic_id);
        json_string(json, "why", ap_left_out_name(absent->why));
        json_close(json);
    }
    json_close(json);
    json_number(json, "listed", smp_cpu_count() + ap_left_out_count());
    json_string(json, "idle", idle_method());
    json_bool(json, "x2apic", lapic_mode() == LAPIC_X2APIC);
}
REPORT(cpus, report_cpus);

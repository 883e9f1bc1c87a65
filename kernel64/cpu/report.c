/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `cpus` of the monitor's report. Only the first CPU runs.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/report.h>
#include <cpu/apic_base.h>
#include <cpu/apic_id.h>
#include <cpu/insn.h>

static void report_cpus(struct json *json)
{
    json_open_list(json, "online");
    json_open_object(json, NULL);
    json_number(json, "cpu", 0);
    json_number(json, "apic", cpu_apic_id());
    json_number(json, "us", 0);
    json_close(json);
    json_close(json);
    json_open_list(json, "failed");
    json_close(json);
    json_bool(json, "x2apic", (cpu_read_msr(MSR_APIC_BASE) & APIC_BASE_X2APIC) != 0);
}
REPORT(cpus, report_cpus);

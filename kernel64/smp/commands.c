/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `cpus`.
 */
#include <ashlar/command.h>
#include <ashlar/time_units.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <cpu/topology.h>
#include <irq/lapic.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/log.h>
#include <log/print.h>
#include <smp/ap.h>
#include <smp/hotplug.h>
#include <smp/idle.h>
#include <smp/ipi.h>
#include <smp/start.h>

static struct topology topology(void)
{
    return topology_read(cpu_cpuid, cpu_boot_identity());
}

static void print_times(const struct smp_cpu *cpu)
{
    for (unsigned int stage = AP_STAGE_REAL; stage <= cpu->stage; stage++)
        print(" %7lu", cpu->ns[stage] / NS_PER_US);
}

static status_t show_cpus(void)
{
    const struct topology bits = topology();
    /* Within 80 columns. */
    print_styled(STYLE_HEADLINE,
                 " cpu apic package die core thread us: real protect    long  kernel  online\n");
    for (unsigned int i = 0; i < smp_cpu_count(); i++) {
        struct smp_cpu cpu;
        smp_cpu(i, &cpu);
        struct topology_place place = topology_place_of(&bits, cpu.initial_id);
        log_defer(); /* a row is printed in parts */
        print("%4u %4u %7u %3u %4u %6u ", cpu.cpu, cpu.apic_id, place.package, place.die, place.core,
              place.thread);
        print_times(&cpu);
        const char *remark = cpu.is_offline                 ? "offline"
                             : !cpu.is_started              ? "not started: no memory for a trampoline"
                             : cpu.stage == AP_STAGE_ONLINE ? topology_core_kind_name(cpu.kind)
                                                            : ap_stage_words(cpu.stage);
        print("%s%s\n", remark[0] ? "  " : "", remark);
        log_show_deferred();
    }
    for (const struct ap_absent *absent = ap_first_left_out(); absent; absent = absent->next)
        print("   - %4u  %s\n", absent->apic_id, ap_left_out_words(absent->why));
    print("%u of %u CPUs online\n", ipi_online_count(), smp_cpu_count() + ap_left_out_count());
    return STATUS_OK;
}

/* Why it failed, by status. */
static const char *const offline_errors[STATUS_COUNT] = {
    [STATUS_UNSUPPORTED] = "the BSP stays online",
    [STATUS_NOT_FOUND] = "not online",
    [STATUS_TIMEOUT] = "busy; offline when its work is done",
};
static const char *const online_errors[STATUS_COUNT] = {
    [STATUS_EXISTS] = "already online",
    [STATUS_BUSY] = "stopped in the kernel; not restarted",
    [STATUS_TIMEOUT] = "does not start",
};

/* Each CPU of a list, also after one failed. Return: the last error. */
static status_t change_cpus(const char *word, status_t (*change)(unsigned int cpu),
                            const char *const why[STATUS_COUNT])
{
    const char *list = word;
    uint64_t first, last;
    status_t result = STATUS_OK, status;
    while ((status = parse_next_range(&list, &first, &last)) == STATUS_OK) {
        for (uint64_t cpu = first; cpu <= last && cpu < percpu_count(); cpu++) {
            status = change((unsigned int)cpu);
            if (status == STATUS_OK)
                continue;
            print_styled(STYLE_ERROR, "CPU %lu: %s\n", cpu,
                         why[status] ? why[status] : status_sentence(status));
            result = status;
        }
        if (last >= percpu_count()) {
            argument_refuse(word, "a list of CPUs: they are numbered 0 to %u", percpu_count() - 1);
            result = STATUS_NOT_FOUND;
        }
    }
    if (status == STATUS_NOT_FOUND)
        return result;
    argument_refuse(word, "a list of CPUs, such as 1-3,5");
    return STATUS_INVALID;
}

static status_t command_cpus(int argc, char **argv)
{
    static const char *const changes[] = { "off", "on" };
    unsigned int change;
    if (argc == 1)
        return show_cpus();
    if (!argument_choice(argv[1], changes, ARRAY_LEN(changes), &change) || !arguments_count(argc, argv, 2, 2))
        return STATUS_INVALID;
    return change == 0 ? change_cpus(argv[2], cpu_offline, offline_errors)
                       : change_cpus(argv[2], cpu_online, online_errors);
}
COMMAND_LIST(cpus, command_cpus, .group = GROUP_PROCESSORS, .arguments = "[off|on LIST]",
             .help = "processors: topology and start times; take CPUs offline and online",
             .example = "cpus off 1", .see_also = "cpu irqs timers", .words = NULL);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bring-up: one line a step, in the order in which things become usable. The comment says what the
 * next line may rely on.
 */
#include <ashlar/sync/irqflags.h>
#include <acpi/init.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <boot/stages.h>
#include <command/run.h>
#include <console/consoles.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/machine_ops.h>
#include <cpu/protect.h>
#include <cpu/stack_protector.h>
#include <irq/irq.h>
#include <monitor/monitor.h>
#include <platform/platform.h>
#include <smbios/init.h>
#include <smp/processors.h>
#include <sync/held_locks.h>
#include <time/counters.h>
#include <time/time.h>
#include <time/tsc.h>
#include <time/wall_clock.h>
#include <trap/machine_check.h>
#include <trap/traps.h>
#include <vm/address_space.h>
#include <vm/memory.h>

NORETURN void kernel64_main(phys_t handoff);

/* Entered from kernel64_entry on the boot stack, interrupts off, on the stub's page tables. */
void kernel64_main(phys_t handoff)
{
    machine_ops_init(); /* the log and a panic can ask the CPU */
    consoles_init();    /* a panic finds a console */
    cpu_features_init();
    stack_protector_init();
    traps_init();      /* from here on a mistake is a report, not a reset, and is seen */
    held_locks_init(); /* and, in a checked build, names the locks held */
    boot_stage_mark("traps");
    machine_read_handoff(handoff);          /* the loader's words, and the options among them */
    tsc_init(machine_handoff()->tsc_entry); /* ticks are time, roughly; */
    boot_stage_mark_at("stub", machine_handoff()->tsc_entry);
    boot_stage_mark_at("leap", machine_handoff()->tsc_leap);
    boot_stage_mark("clock");

    options_apply_early();
    machine_log_origin();
    cpu_protect(); /* every protection that CPUID offers */
    machine_check_init_cpu();
    acpi_find_root();
    platform_init_early(); /* serial ports that firmware names, power-off */
    consoles_start();      /* what was logged is shown */
    boot_stage_mark("consoles");

    machine_read_memory_map();
    acpi_init();                /* reserves its tables */
    smbios_init();              /* and that of UEFI's SMBIOS */
    machine_build_memory_map(); /* the memory map */
    options_warn_unknown();
    boot_stage_mark("map");

    address_space_init();    /* our own page tables; devices can be mapped, */
    acpi_init_late();        /* and ACPI's tables be read wherever they lie: */
    platform_init();         /* processors, controllers, nodes, timers are known */
    counters_init();         /* counters whose rate is known, */
    tsc_begin_calibration(); /* which measure the others from here to time_calibrate() */
    consoles_apply_firmware();
    boot_stage_mark("tables");
    memory_init(platform_nodes()); /* frames can be allocated */
    boot_stage_mark("memory");
    irq_init();  /* interrupt controllers, all inputs masked */
    time_init(); /* timers */
    wall_clock_init();
    local_irq_enable(); /* handlers run from here on */
    boot_stage_mark("interrupts");
    consoles_start_inputs();
    boot_stage_mark("inputs");
    processors_start(); /* the other CPUs */
    time_calibrate();   /* the clock is right */
    boot_stage_mark("processors");
    boot_stage_mark("prompt");
    run_commands(); /* commands without a user */
    monitor_run();  /* the prompt */
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Bring-up: one line a step, in the order in which things become usable.
 */
#include <ashlar/dev/ps2.h>
#include <ashlar/dev/uart16550.h>
#include <ashlar/handoff.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <cpu/features.h>
#include <cpu/protect.h>
#include <cpu/stack_protector.h>
#include <cpu/traps.h>
#include <diag/log.h>
#include <diag/stages.h>
#include <monitor/monitor.h>

NORETURN void kernel64_main(uint64_t handoff_address);

static struct uart16550 serial;
static struct ps2_keyboard keyboard;

static void start_serial(void)
{
    if (uart16550_init(&serial, UART16550_COM1, UART16550_MAX_BAUD) != STATUS_OK)
        return;
    log_attach(&serial.console);
    monitor_add_input(&serial.input);
}

/* Without an answer it is still an input: one that is plugged in later types. */
static void start_keyboard(void)
{
    if (ps2_init(&keyboard) != STATUS_NOT_FOUND)
        monitor_add_input(&keyboard.input);
}

/* Return: what run= says; NULL when there is none. */
static const char *run_option(void)
{
    static char run[2048];
    status_t status = machine_option("run", run, sizeof(run));
    if (status == STATUS_TOO_BIG)
        log_warn("boot", "run= was cut to %zu bytes", sizeof(run) - 1);
    return status == STATUS_NOT_FOUND ? NULL : run;
}

void kernel64_main(uint64_t handoff_address)
{
    cpu_features_init();
    stack_protector_init();
    traps_init();
    cpu_protect();
    start_serial();
    stage_mark("console");
    start_keyboard();

    machine_read_handoff(handoff_address);
    stage_mark_at("stub", machine_handoff()->tsc_entry);
    stage_mark_at("leap", machine_handoff()->tsc_leap);
    options_apply_early();
    machine_build_map();
    options_warn_unknown();
    stage_mark("map");

    monitor_run(run_option());
}

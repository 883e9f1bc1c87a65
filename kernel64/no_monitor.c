/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The end of the boot in a build without the monitor (-Dmonitor=false): interrupts, timers and the other CPUs
 * go on. A system that is built on this kernel has its own first thread here.
 */
#include <ashlar/sync/irqflags.h>
#include <cpu/wait.h>
#include <log/log.h>
#include <monitor/monitor.h>

void monitor_run(void)
{
    log_info("boot", "no monitor in this build: halted; end run= with 'exit' to switch off");
    for (;;) {
        local_irq_disable();
        cpu_interrupts_on_and_halt();
    }
}

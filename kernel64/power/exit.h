/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Power-off and reboot. Power-off tries, in the order that docs/interfaces.md promises: the debug-exit port
 * if debugexit= is given, else ACPI's methods, else it halts with a line in the log. A failed power-off never
 * becomes a reboot, which would not end on a machine that boots this kernel by itself.
 *
 * Nothing here prints the verdict: the caller does so first (power/verdict.h).
 */
#include <ashlar/types.h>

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_PANIC };

/**
 * power_set_debug_exit() - set the port of debugexit=.
 * @port: of QEMU's isa-debug-exit; 0, the initial state: none.
 *
 * Context: boot, one CPU.
 */
void power_set_debug_exit(uint16_t port);

/**
 * power_has_debug_exit() - whether a debug-exit port is set.
 *
 * Context: any, also panic.
 */
bool power_has_debug_exit(void);

/* Powers off or reboots; returns on failure. Called with interrupts off, also in a panic. */
typedef void power_method_fn(void);

#define POWER_METHODS_MAX 4 /* of each kind */

/**
 * power_add_off_method(), power_add_reboot_method() - add a method of power-off or reboot.
 * @method: tried after those that were added before.
 *
 * Context: boot, one CPU. At most POWER_METHODS_MAX calls of each: VERIFYed.
 */
void power_add_off_method(power_method_fn *method);
void power_add_reboot_method(power_method_fn *method);

/**
 * power_settle() - wait until the consoles have sent everything, before something that may stop the machine.
 *
 * Context: any, interrupts off, also NMI and panic. Waits 20 ms.
 */
void power_settle(void);

/**
 * power_exit() - exit: the debug-exit port, else power-off, else halt.
 * @verdict: the code written to the debug-exit port; QEMU's exit status is twice the code plus 1.
 *
 * First the notifiers of POWER_OFF are called (power/notifier.h), but not for VERDICT_PANIC.
 * Context: a thread that holds no lock (CHECK_NO_LOCK() of ashlar/sync/context.h), or a panic, also in an
 * NMI. Waits until the consoles have sent everything.
 */
NORETURN void power_exit(enum verdict verdict);

/**
 * power_reboot() - restart the machine: each method that was added, then the keyboard controller, then the
 *                  chipset's reset control register, then a triple fault. Notifiers as in power_exit(),
 *                  of POWER_REBOOT.
 *
 * Context: as power_exit().
 */
NORETURN void power_reboot(void);

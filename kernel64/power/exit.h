/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The ways out, in the order that docs/interfaces.md promises: the debug-exit port if the command line named
 * one, else ACPI power-off, else halt with a line: a failed power-off never becomes a reset, which on a
 * machine that boots us by itself would never end. Nothing here prints the verdict: the caller does so first
 * (power/verdict.h).
 */
#include <ashlar/types.h>

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_PANIC };

/* The port that debugexit= named; none at the start. */
void leave_set_debug_port(uint16_t port);
bool leave_has_debug_port(void);

/* A way to switch the machine off or to reset it; returns when it did not work. Tried in the order
   in which they were added, best first; at most LEAVE_WAYS_MAX of each kind. */
#define LEAVE_WAYS_MAX 4
typedef void leave_way_fn(void);
void leave_add_power_off(leave_way_fn *way);
void leave_add_reset(leave_way_fn *way);

/* Leaves by the ladder. Context: any, also a panic. */
NORETURN void leave(enum verdict verdict);

/* Restarts the machine: each way of leave_add_reset(), then the keyboard controller, then port
   0xcf9, then a triple fault. */
NORETURN void leave_by_reset(void);

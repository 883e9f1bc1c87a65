/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The prompt: the loop that reads and runs commands.
 */
#include <ashlar/types.h>

/**
 * monitor_run() - prompt for ever. In a build without the monitor (-Dmonitor=false, no_monitor.c), halt,
 * with a log line.
 *
 * Context: the BSP's boot thread, after run_commands(), interrupts off or on.
 */
NORETURN void monitor_run(void);

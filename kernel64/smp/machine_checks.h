/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Polling all CPUs for corrected hardware errors, which raise no exception. For one CPU:
 * trap/machine_check.h.
 */

/**
 * machine_checks_watch() - poll periodically: every mcepoll= seconds, 60 by default, 0 for never.
 *
 * When an error was found, the next poll is a second later.
 * Context: once, BSP's thread, after smp_start(); timers work.
 */
void machine_checks_watch(void);

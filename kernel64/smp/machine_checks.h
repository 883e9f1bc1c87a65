/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Looking for corrected hardware errors on all CPUs, again and again: nothing interrupts for them.
 * trap/machine_check.h reads one CPU's.
 */

/**
 * machine_checks_watch() - look every so many seconds, as the option mcepoll= says; 60 without it, 0 never.
 *
 * When a look has found something, the next one comes a second later.
 * Context: once, first CPU's thread, when timers work and all CPUs are there.
 */
void machine_checks_watch(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Printing the locks that CPUs hold or wait for, which a checked build records (lock_held_by()).
 */

/**
 * held_locks_print() - print a CPU's locks, the one taken first at the top, with the code that took them.
 * @cpu: any CPU with per-CPU data. Of the executing CPU the consoles' lock is left out: it is held to print.
 *
 * Only in a checked build.
 * Return: how many were printed.
 * Context: any. A CPU that runs meanwhile may take and release locks; what is printed is a snapshot.
 */
unsigned int held_locks_print(unsigned int cpu);

/**
 * held_locks_init() - have reports of exceptions and panics name the locks that their CPU holds; nothing in
 * a build that is not checked.
 *
 * Context: once, BSP.
 */
#ifdef ASHLAR_CHECKED
void held_locks_init(void);
#else
static inline void held_locks_init(void)
{
}
#endif

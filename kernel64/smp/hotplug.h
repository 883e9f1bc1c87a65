/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Taking processors offline and online while the system runs.
 */
#include <ashlar/status.h>
#include <smp/ap.h>

/**
 * cpu_offline() - take a CPU offline: it halts until cpu_online().
 * @cpu: its number.
 *
 * It finishes the work queued to it; then its interrupt lines and timers move to the BSP, and its caches of
 * memory are drained.
 *
 * Return: STATUS_OK; STATUS_UNSUPPORTED for the BSP; STATUS_NOT_FOUND when no such CPU is online;
 *         STATUS_TIMEOUT when it is busy: it goes offline when its work is done, or at the next call; the
 *         error of irq_offline_cpu() when an interrupt line cannot be moved: it stays online then.
 * Context: BSP's thread, interrupts on; one caller at a time of this and cpu_online().
 */
status_t cpu_offline(unsigned int cpu) MUST_CHECK;

/**
 * cpu_online() - start a CPU that was taken offline, or that did not start at boot.
 * @cpu: its number, which it keeps, as its per-CPU data and stacks.
 *
 * Interrupt lines and timers that moved away stay away.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when firmware lists no CPU of that number, or an option excluded it;
 *         STATUS_EXISTS when it is online; STATUS_BUSY when it hangs in the kernel, where it may hold a lock;
 *         STATUS_TIMEOUT when it does not start; STATUS_NO_MEMORY.
 * Context: as cpu_offline().
 */
status_t cpu_online(unsigned int cpu) MUST_CHECK;

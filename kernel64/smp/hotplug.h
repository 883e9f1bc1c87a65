/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Processors taken offline and brought back.
 */
#include <ashlar/status.h>
#include <smp/ap.h>

/**
 * cpu_offline() - a CPU does nothing more until it is brought back.
 * @cpu: its number.
 *
 * It does what it was given; then its interrupts and timers are the first CPU's, and what it kept of memory
 * is given back.
 * Return: STATUS_OK; STATUS_UNSUPPORTED for the first CPU, which stays; STATUS_NOT_FOUND when there is no
 *         such CPU online; STATUS_TIMEOUT when it is busy: it goes when it is done, or when this is called
 *         again; what irq_offline_cpu() returned when an interrupt cannot be moved: it stays online then.
 * Context: first CPU's thread, interrupts on; one caller at a time, of both.
 */
status_t cpu_offline(unsigned int cpu) MUST_CHECK;

/**
 * cpu_online() - start a CPU that was taken offline, or that did not come up.
 *
 * With its number and its memory of before, and nothing else of what it had.
 * Return: STATUS_OK; STATUS_NOT_FOUND when firmware lists none of that number, or options leave it out;
 *         STATUS_EXISTS when it is online; STATUS_BUSY when it stopped in the kernel, perhaps with a lock in
 *         its hands; STATUS_TIMEOUT when it does not come; STATUS_NO_MEMORY.
 * Context: as cpu_offline().
 */
status_t cpu_online(unsigned int cpu) MUST_CHECK;

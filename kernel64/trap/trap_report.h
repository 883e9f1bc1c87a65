/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The report of an exception.
 */
#include <cpu/trap_frame.h>

/**
 * trap_report() - print the cause, the place and all registers on the consoles.
 *
 * Reports "stack overflow" for a fault in a guard page. Reads only kernel code and known stacks.
 * Context: any, also NMI and panic.
 */
void trap_report(const struct trap_frame *frame);

/* Prints its first line: the exception, and the place. */
void trap_report_headline(const struct trap_frame *frame);

/* The same for the caller: control registers and a backtrace. */
void trap_report_here(void);

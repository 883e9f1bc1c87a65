/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The frame of a report on trouble: NMI, exception, panic. One report at a time stands on the consoles,
 * whole, and its first line says which CPU of which kernel has been up for how long. Not for the JSON objects
 * of ashlar/report.h.
 *
 * Context: any, also NMI and panic. Interrupts are off between the two.
 */
#include <ashlar/types.h>

/**
 * report_head_begin() - wait until no other CPU's report is on the consoles, keep the pager and other CPUs'
 *                       lines out, and print the head.
 * Return: false, with nothing printed, when this CPU is in the middle of a report.
 */
bool report_head_begin(void);

/* Lets others print again. A panic never comes to it. */
void report_head_end(void);

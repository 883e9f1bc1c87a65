/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The head of a report of a fault: NMI, exception, panic. Reports are printed one at a time; the first line
 * gives the kernel's version, the CPU and the uptime. Not for the JSON objects of ashlar/report.h.
 *
 * Context of all: any, also NMI and panic. Interrupts are off between the two.
 */
#include <log/output.h>

/**
 * report_head_begin() - wait until no other CPU prints a report, hold the consoles without pager, and print
 * the head.
 * @held: for report_head_end().
 *
 * Return: false, with nothing printed, when this CPU is printing a report already.
 */
bool report_head_begin(struct output_held *held);

/* Lets other CPUs print again. Not called by a panic. */
void report_head_end(struct output_held held);

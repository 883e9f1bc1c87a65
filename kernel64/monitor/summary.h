/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One page about this machine, for a person: the command `summary`, and what is shown before the first
 * prompt.
 */

/* Rows of the page at most, so that it fits a screen of 25 rows with the prompt below it. */
#define SUMMARY_ROWS_MAX 20

/* Prints the page. Context: thread, interrupts on, one caller at a time. */
void summary_print(void);

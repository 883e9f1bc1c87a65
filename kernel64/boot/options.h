/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The options of the kernel command line that do not belong to one subsystem, and the list of all
 * that exist, so that a misspelt one can be named.
 */

/* loglevel=, debugexit=, and that there is a run=: wanted before anything can go wrong. After
   machine_read_handoff(). */
void options_apply_early(void);

/* Names each option that nobody knows in a warning. After machine_sweep_claims(). */
void options_warn_unknown(void);

/* Return: what run= says, its first 2047 bytes; NULL when there is none. */
const char *options_run(void);

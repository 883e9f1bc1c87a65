/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An exception in words, for a person who was not there.
 */
#include <cpu/trap_frame.h>

/**
 * trap_report() - what happened, where, and all registers, on the consoles.
 *
 * Says "stack overflow" when a guard page was hit. Reads only kernel code and known stacks.
 * Context: any, also NMI and panic.
 */
void trap_report(const struct trap_frame *frame);

/* Its first line: which exception, and where. */
void trap_report_headline(const struct trap_frame *frame);

/* The same for the executing code itself: control registers and the way that led here. */
void trap_report_here(void);

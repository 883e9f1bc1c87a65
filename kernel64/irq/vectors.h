/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The assignment of interrupt vectors. Their upper four bits are the priority class: a vector that stands
 * further down here is delivered first.
 * Source: Intel SDM vol. 3A, "Interrupt, Task, and Processor Priority".
 */

/* The 8259 pair's, on every machine that has one: even a masked pair raises spurious interrupts. */
#define VECTOR_8259_FIRST 0x20
#define VECTOR_8259_LAST  0x2f

/* Allocated to lines as they are requested. */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST  0xdf

#define VECTOR_SELF_TEST   0xe8 /* a self-IPI, for tests and measurements */
#define VECTOR_TIMER       0xf0
#define VECTOR_WAKE        0xf1 /* ends HLT in the idle loop */
#define VECTOR_CALL        0xf2 /* run pending cross-calls */
#define VECTOR_LAPIC_ERROR 0xfe
/* The lower four bits are hard-wired to ones on the oldest local APICs. Gets no EOI. */
#define VECTOR_SPURIOUS    0xff

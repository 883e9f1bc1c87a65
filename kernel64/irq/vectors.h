/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Who has which interrupt vector. The upper four bits are the priority: what stands higher here interrupts
 * first.
 */

/* The 8259 pair's, on every machine that has one: what a masked pair raises by mistake arrives here. */
#define VECTOR_8259_FIRST 0x20
#define VECTOR_8259_LAST  0x2f

/* Given to devices as they ask. */
#define VECTOR_DEVICE_FIRST 0x30
#define VECTOR_DEVICE_LAST  0xdf

#define VECTOR_SELF_TEST   0xe8 /* an IPI to oneself, for tests and measurements */
#define VECTOR_TIMER       0xf0
#define VECTOR_WAKE        0xf1 /* look for work */
#define VECTOR_CALL        0xf2 /* call what others ask for */
#define VECTOR_LAPIC_ERROR 0xfe
/* The lower four bits are ones in hardware on the oldest LAPICs. Never acknowledged. */
#define VECTOR_SPURIOUS    0xff

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A memory with one fault, under the memory test: memtest/port.h's words. A fault is one of those that tests
 * of RAM are judged by.
 * Source: van de Goor, Using March Tests to Test SRAMs, IEEE Design & Test of Computers, 1993.
 */
#include <ashlar/types.h>

#define FAULTY_WORDS 2048 /* 4 pages */

enum fault_kind {
    FAULT_NONE,
    FAULT_STUCK,     /* a bit always reads as @value */
    FAULT_COUPLING,  /* a bit is inverted when another word's bit changes to @value */
    FAULT_ADDRESS,   /* an address line is stuck at 0: two words are one */
    FAULT_RETENTION, /* a bit becomes @value when the memory is left alone */
    FAULT_KINDS
};

struct fault {
    enum fault_kind kind;
    uint64_t word, bit;       /* the bit that fails; of FAULT_ADDRESS: the line, of the word's number */
    uint64_t value;           /* 0 or 1 */
    uint64_t by_word, by_bit; /* of FAULT_COUPLING: the bit that does it */
};

/* The words, at a page-aligned address. */
uint64_t *faulty_words(void);

/* Plants a fault in a memory of zeros; takes effect at once. */
void faulty_plant(const struct fault *fault);

/* Time passes, and nothing is accessed. */
void faulty_wait(void);

/* Return: how many words were read, and written, since faulty_plant(). */
uint64_t faulty_reads(void);
uint64_t faulty_writes(void);

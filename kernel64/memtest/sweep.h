/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One step of a pattern over a piece of memory. Hosted-tested on a memory with faults.
 *
 * Context of all: any, by the owner of the memory.
 */
#include <ashlar/addr.h>
#include <memtest/pattern.h>

/* Contiguous memory: whole pages. */
struct memtest_piece {
    uint64_t *words; /* page-aligned */
    uint64_t count;  /* a multiple of 512 */
    phys_t address;  /* of words[0]; page-aligned */
};

/**
 * memtest_error_fn - called for each word that is wrong.
 * @context:  of memtest_sweep().
 * @address:  of the word.
 * @expected: what was written.
 * @found:    what was read.
 */
typedef void memtest_error_fn(void *context, phys_t address, uint64_t expected, uint64_t found);

/* A step is given the memory in pieces: of any size, but of these. */
enum memtest_size {
    MEMTEST_ANY,    /* any cut will do */
    MEMTEST_BLOCKS, /* the same pieces in each step of the pattern, and long ones */
    MEMTEST_WHOLE,  /* naturally aligned blocks of a power of two */
    MEMTEST_NONE    /* the step touches no memory */
};

/* Return: the pieces that an action needs. */
enum memtest_size memtest_action_size(enum memtest_action action);

/**
 * memtest_sweep() - do a step to a piece.
 * @step:    from memtest_pattern_step().
 * @piece:     see enum memtest_size.
 * @error:   called for each wrong word.
 * @context: for @error.
 *
 * What it wrote is in the RAM on return.
 * Cost: 4 instructions a word for MEMTEST_INVERT_UP with constant data.
 */
void memtest_sweep(const struct memtest_step *step, const struct memtest_piece *piece,
                   memtest_error_fn *error, void *context);

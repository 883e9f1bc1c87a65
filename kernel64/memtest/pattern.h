/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The patterns of the memory test, each as a list of steps over all tested memory. Pure, hosted-tested.
 *
 * A step says what is done to each word (memtest/sweep.h does it) and what the word's data are. The data
 * depend on the address and the step alone, so that any part of the memory may be done by any CPU; but all of
 * a step is done before the next one begins.
 *
 * Context of all: any.
 */
#include <ashlar/types.h>

enum memtest_action {
    MEMTEST_FILL,         /* write the data */
    MEMTEST_CHECK,        /* read the data */
    MEMTEST_INVERT_UP,    /* read the data, write their complement, from the lowest address up */
    MEMTEST_INVERT_DOWN,  /* the same from the highest address down */
    MEMTEST_FILL_EVERY,   /* write the data to every MEMTEST_MODULO-th word */
    MEMTEST_FILL_REST,    /* write the complement to the other words */
    MEMTEST_CHECK_EVERY,  /* read the data in every MEMTEST_MODULO-th word */
    MEMTEST_FILL_BLOCKS,  /* write the lines that are moved */
    MEMTEST_MOVE,         /* lower half to the upper one, and back, a line further */
    MEMTEST_CHECK_BLOCKS, /* read lines that were moved @count times */
    MEMTEST_WALK, /* address lines: words at single bits' distances within a naturally aligned block */
    MEMTEST_WAIT, /* leave the memory alone */
    MEMTEST_ACTIONS
};

enum memtest_data {
    MEMTEST_CONSTANT, /* the step's value */
    MEMTEST_ADDRESS,  /* the word's physical address */
    MEMTEST_SHIFT,    /* a bit that walks through 64 words, ahead by the step's value */
    MEMTEST_RANDOM,   /* a sequence that depends on the step's value and on the page */
};

struct memtest_step {
    enum memtest_action action;
    enum memtest_data data;
    uint64_t value;     /* see enum memtest_data */
    uint64_t invert;    /* all data are XORed with it: 0 or all ones */
    unsigned int count; /* of moves; offset of the first of every MEMTEST_MODULO words */
};

#define MEMTEST_MODULO   20
#define MEMTEST_PATTERNS 10

/* Return: the name of a pattern, as it is typed, and a line about it; NULL from MEMTEST_PATTERNS on. */
const char *memtest_pattern_name(unsigned int pattern);
const char *memtest_pattern_words(unsigned int pattern);

/* Return: how many steps a pattern has. @pattern: below MEMTEST_PATTERNS. */
unsigned int memtest_pattern_steps(unsigned int pattern);

/**
 * memtest_pattern_step() - a step of a pattern.
 * @pattern: below MEMTEST_PATTERNS.
 * @index:   below memtest_pattern_steps().
 * @seed:    of random data; any number, the same for all steps of one run.
 *
 * Return: the step.
 */
struct memtest_step memtest_pattern_step(unsigned int pattern, unsigned int index, uint64_t seed);

/* Return: twentieths of the memory that an action reads and writes; a word that is read and written counts
   twice. */
unsigned int memtest_action_traffic(enum memtest_action action);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Backtraces by frame pointers.
 *
 * Each function's frame begins with two words: the caller's frame pointer and the return address. Nothing on
 * a stack is trusted: a frame is read only when both words lie in one known stack (panic/stacks.h), and each
 * must lie above the one before it, so that a walk ends. An exception on a stack of its own is a step to
 * another stack, of which few are allowed.
 */
#include <ashlar/types.h>

struct backtrace {
    uint64_t frame;    /* address of the next frame; 0 is the proper end */
    uint64_t floor;    /* the next frame on this stack lies at or above it */
    const void *stack; /* the struct stack of the last frame; NULL before the first */
    unsigned int stack_switches;
};

/**
 * backtrace_begin() - start a walk.
 * @walk:          initialised here.
 * @frame_pointer: RBP of the place where the walk begins; any number.
 *
 * Context: any, also NMI and panic.
 */
void backtrace_begin(struct backtrace *walk, uint64_t frame_pointer);

/**
 * backtrace_next() - one step outwards.
 * @walk:           from backtrace_begin().
 * @return_address: where the function of this frame returns to.
 *
 * Return: false at the end. Then walk->frame is 0, or, when the walk ended because a frame pointer
 *         is wrong, that frame pointer.
 * Context: any, also NMI and panic.
 */
bool backtrace_next(struct backtrace *walk, uint64_t *return_address);

/**
 * backtrace_print() - a whole backtrace on the consoles, one function a line.
 * @frame_pointer: as in backtrace_begin().
 *
 * Recursion is folded: lines that repeat are counted.
 * Context: any, also NMI and panic.
 */
void backtrace_print(uint64_t frame_pointer);

/**
 * backtrace_print_interrupted() - the same, beginning at an interrupted instruction.
 * @rip, @rsp:      of the instruction; any numbers.
 * @frame_pointer:  as in backtrace_begin().
 *
 * The interrupted function may have no frame: the compiler makes none in a function that calls
 * nothing and keeps nothing on the stack. Then the word at RSP is its return address. If that word
 * is a code address it is shown, with a question mark, because it may be something else.
 * Context: any, also NMI and panic.
 */
void backtrace_print_interrupted(uint64_t rip, uint64_t rsp, uint64_t frame_pointer);

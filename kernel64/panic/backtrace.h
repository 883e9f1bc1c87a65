/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Backtraces by frame pointers.
 *
 * Each function's frame begins with two words: the caller's frame pointer and the return address. Nothing on
 * a stack is trusted: a frame is read only when both words are in one known stack (panic/stacks.h), and each
 * must be above the previous one, so that a walk ends. An exception on an IST stack is a step to another
 * stack; the number of such steps is limited.
 */
#include <ashlar/addr.h>

struct backtrace {
    virt_t frame;      /* the next one; 0 is the proper end */
    virt_t floor;      /* the next frame on this stack is at or above it */
    const void *stack; /* the struct stack of the last frame; NULL before the first */
    unsigned int stack_switches;
};

/**
 * backtrace_begin() - start a walk.
 * @walk:          initialised here.
 * @frame_pointer: RBP at the start of the walk; any number.
 *
 * Context: any, also NMI and panic.
 */
void backtrace_begin(struct backtrace *walk, virt_t frame_pointer);

/**
 * backtrace_next() - go to the next caller.
 * @walk:           from backtrace_begin().
 * @return_address: of the function of this frame.
 *
 * Return: false at the end. walk->frame is then 0, or the invalid frame pointer at which the walk ended.
 * Context: any, also NMI and panic.
 */
bool backtrace_next(struct backtrace *walk, virt_t *return_address);

/**
 * backtrace_print() - print a backtrace on the consoles, one function a line.
 * @frame_pointer: as in backtrace_begin().
 *
 * Recursion is folded: lines that repeat are counted.
 * Context: any, also NMI and panic.
 */
void backtrace_print(virt_t frame_pointer);

/**
 * backtrace_print_interrupted() - the same, beginning at an interrupted instruction.
 * @rip, @rsp:      of the instruction; any numbers.
 * @frame_pointer:  as in backtrace_begin().
 *
 * The interrupted function may have no frame: the compiler omits it in a leaf function that does not use the
 * stack. The word at RSP is then its return address. If that word is a code address it is printed with a
 * question mark, because it may be other data.
 * Context: any, also NMI and panic.
 */
void backtrace_print_interrupted(virt_t rip, virt_t rsp, virt_t frame_pointer);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a call between CPUs is agreed upon with: the call, which stays with the caller, and each CPU's inbox, which has a bit
 * for each caller. Interrupts, and who waits how, are ipi.c's.
 *
 *     caller                                          called
 *     starts its call, left = number of CPUs          takes the callers out of its inbox (acquire)
 *     posts it to each inbox (release)                calls each caller's function
 *     interrupts who had an empty word                decrements the caller's left (release)
 *     waits for left to be 0 (acquire)
 *
 * The first pair shows the call to those who are called, the second what they did to the caller, and that they have read
 * the call for the last time. In between both words are changed by read-modify-writes alone, so a post that finds others'
 * bits, and a decrement that is not the last, pass on what came before them; and in the one sequence of a word's changes
 * the first post after a taking, and no other, finds it empty.
 */
#include <ashlar/types.h>
#include <cpu/percpu.h>

typedef void call_fn(void *argument);

struct call {
    call_fn *function;
    void *argument;
    unsigned int left; /* atomic: CPUs that have not returned yet */
};

struct inbox {
    uint64_t words[PERCPU_MAX / 64]; /* atomic: bit n % 64 of word n / 64 is CPU n's */
};

/* @left: how many will be posted it. Context: the last call that was started here is over. */
static inline void call_start(struct call *call, call_fn *function, void *argument, unsigned int left)
{
    call->function = function;
    call->argument = argument;
    /* Relaxed: inbox_post() makes it seen. */
    __atomic_store_n(&call->left, left, __ATOMIC_RELAXED);
}

/* By one who took the caller out of its inbox. Afterwards the call is the caller's again. */
static inline void call_serve(struct call *call)
{
    call->function(call->argument);
    __atomic_fetch_sub(&call->left, 1, __ATOMIC_RELEASE);
}

/* By the caller. Return: whether all have returned; if so, what they did is seen. */
static inline bool call_is_over(const struct call *call)
{
    return __atomic_load_n(&call->left, __ATOMIC_ACQUIRE) == 0;
}

/* Return: whether nobody has interrupted the inbox's owner for this word yet. */
static inline bool inbox_post(struct inbox *inbox, unsigned int caller)
{
    return __atomic_fetch_or(&inbox->words[caller / 64], 1ULL << caller % 64, __ATOMIC_RELEASE) == 0;
}

/* By the owner. Return: the callers in a word, which is empty then. */
static inline uint64_t inbox_take(struct inbox *inbox, unsigned int word)
{
    /* Who waits in a loop shall not take the line away from those who post. */
    if (__atomic_load_n(&inbox->words[word], __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(&inbox->words[word], 0, __ATOMIC_ACQUIRE);
}

/* By the caller. Return: whether its call has not been taken yet; nothing follows from that. */
static inline bool inbox_has(const struct inbox *inbox, unsigned int caller)
{
    return (__atomic_load_n(&inbox->words[caller / 64], __ATOMIC_RELAXED) >> caller % 64 & 1) != 0;
}

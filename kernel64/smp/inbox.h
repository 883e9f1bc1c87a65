/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a call between CPUs is agreed upon with: the call, which stays with the caller, and each CPU's inbox,
 * which has a bit for each caller. Interrupts, and who waits how, are ipi.c's.
 *
 *     caller                                          called
 *     starts its call, left = number of CPUs          takes the callers out of its inbox (acquire)
 *     posts it to each inbox (release)                calls each caller's function
 *     interrupts who had an empty word                decrements the caller's left (release)
 *     waits for left to be 0 (acquire)
 *
 * The first pair shows the call to those who are called, the second what they did to the caller, and that
 * they have read the call for the last time. In between both words are changed by read-modify-writes alone,
 * so a post that finds others' bits, and a decrement that is not the last, pass on what came before them; and
 * in the one sequence of a word's changes the first post after a taking, and no other, finds it empty.
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
    bool is_open;                    /* atomic */
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

/* By the caller: one that was counted will not be called. */
static inline void call_drop_target(struct call *call)
{
    __atomic_fetch_sub(&call->left, 1, __ATOMIC_RELAXED);
}

/* By the caller. Return: how many have not returned; may be fewer by now. */
static inline unsigned int call_left(const struct call *call)
{
    return __atomic_load_n(&call->left, __ATOMIC_RELAXED);
}

/* By the caller. Return: whether all have returned; if so, what they did is seen. */
static inline bool call_is_done(const struct call *call)
{
    return __atomic_load_n(&call->left, __ATOMIC_ACQUIRE) == 0;
}

enum inbox_post_result {
    INBOX_REFUSED, /* the owner has left, or has not come */
    INBOX_POSTED,
    INBOX_POSTED_FIRST /* nobody has interrupted the owner for this word yet */
};

/*
 * An owner that leaves closes its inbox and then looks into it for the last time; a caller looks, after
 * posting, whether it is closed. Each writes before it reads, so of the two at least one sees the other, if
 * all four accesses are sequentially consistent. A caller that sees it takes its post back, unless it was
 * taken in that last look.
 *
 * An owner that comes back opens it and then looks into it, too. One caller may have posted to the empty word
 * and another behind it, and only the other found it open: the first took its post back, and nobody would
 * interrupt for the second's.
 */
static inline enum inbox_post_result inbox_post(struct inbox *inbox, unsigned int caller)
{
    uint64_t *word = &inbox->words[caller / 64], bit = 1ULL << caller % 64;
    bool is_first = __atomic_fetch_or(word, bit, __ATOMIC_SEQ_CST) == 0;
    if (UNLIKELY(!__atomic_load_n(&inbox->is_open, __ATOMIC_SEQ_CST)) &&
        (__atomic_fetch_and(word, ~bit, __ATOMIC_RELAXED) & bit) != 0)
        return INBOX_REFUSED;
    return is_first ? INBOX_POSTED_FIRST : INBOX_POSTED;
}

/* By the owner: posts are taken from now on; until now everybody has taken its own back. Then
   inbox_take_ordered(). */
static inline void inbox_open(struct inbox *inbox)
{
    __atomic_store_n(&inbox->is_open, true, __ATOMIC_SEQ_CST);
}

/* By the owner: no more are taken, once inbox_take_ordered() has been called for each word. */
static inline void inbox_close(struct inbox *inbox)
{
    __atomic_store_n(&inbox->is_open, false, __ATOMIC_SEQ_CST);
}

/* By the owner. Return: the callers in a word, which is empty then. */
static inline uint64_t inbox_take(struct inbox *inbox, unsigned int word)
{
    /* Who waits in a loop shall not take the line away from those who post. */
    if (__atomic_load_n(&inbox->words[word], __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(&inbox->words[word], 0, __ATOMIC_ACQUIRE);
}

/* The same after inbox_open() and inbox_close(). */
static inline uint64_t inbox_take_ordered(struct inbox *inbox, unsigned int word)
{
    return __atomic_exchange_n(&inbox->words[word], 0, __ATOMIC_SEQ_CST);
}

/* By the caller. Return: whether its call has not been taken yet; nothing follows from that. */
static inline bool inbox_has(const struct inbox *inbox, unsigned int caller)
{
    return (__atomic_load_n(&inbox->words[caller / 64], __ATOMIC_RELAXED) >> caller % 64 & 1) != 0;
}

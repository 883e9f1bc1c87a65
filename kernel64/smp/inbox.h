/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The protocol of a cross-call: the call, which stays with the caller, and each CPU's inbox, which has a bit
 * for each caller. Not for IPIs and waiting: ipi.c. All of it is inline because hosted tests compile it with
 * atomics that they instrument (tests/unit/litmus.h), and because each function is a few instructions of a
 * hot path.
 *
 * Context of all: interrupts off, on the CPU that each function names.
 *
 *     caller                                          called
 *     starts its call, left = number of targets       takes the callers out of its inbox (acquire)
 *     posts it to each inbox (release)                calls each caller's function
 *     sends an IPI where a word was empty             decrements the caller's left (release)
 *     waits for left to be 0 (acquire)
 *
 * The first pair makes the call visible to its targets; the second makes what they did visible to the caller,
 * and that they have read the call for the last time. In between both words are changed only by
 * read-modify-writes, so a post that finds other bits, and a decrement that is not the last, continue the
 * release sequence; and in the modification order of a word exactly the first post after a take finds it
 * empty.
 */
#include <ashlar/check.h>
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

/* The caller. Return: how many targets have not returned; may be fewer by now. */
static inline unsigned int call_left(const struct call *call)
{
    return __atomic_load_n(&call->left, __ATOMIC_RELAXED);
}

/* The caller: describes its call. @left: number of targets. Its previous call is done. */
static inline void call_start(struct call *call, call_fn *function, void *argument, unsigned int left)
{
    CHECK(call_left(call) == 0, "call: the previous one of this caller has returned everywhere");
    call->function = function;
    call->argument = argument;
    /* Relaxed: the release in inbox_post() makes it visible. */
    __atomic_store_n(&call->left, left, __ATOMIC_RELAXED);
}

/* A target that took the caller out of its inbox: runs the call, which is the caller's again afterwards. */
static inline void call_serve(struct call *call)
{
    CHECK(call_left(call) > 0, "call: its target is counted until it has returned");
    call->function(call->argument);
    __atomic_fetch_sub(&call->left, 1, __ATOMIC_RELEASE);
}

/* The caller: one of the counted targets will not be called. */
static inline void call_drop_target(struct call *call)
{
    CHECK(call_left(call) > 0, "call: a target that is dropped was counted");
    __atomic_fetch_sub(&call->left, 1, __ATOMIC_RELAXED);
}

/* The caller. Return: whether all have returned; if so, what they did is visible. */
static inline bool call_is_done(const struct call *call)
{
    return __atomic_load_n(&call->left, __ATOMIC_ACQUIRE) == 0;
}

enum inbox_post_result {
    INBOX_REFUSED, /* the owner is offline */
    INBOX_POSTED,
    INBOX_POSTED_FIRST /* no IPI was sent for this word yet */
};

/*
 * The caller: posts its call to a target's inbox.
 *
 * An owner that goes offline closes its inbox and then takes from it for the last time; a caller checks,
 * after posting, whether it is closed. Each writes before it reads, so at least one of the two sees the
 * other, if all four accesses are sequentially consistent. A caller that finds it closed removes its post,
 * unless the last take had it.
 *
 * An owner that comes online opens the inbox and then takes from it, too. One caller may have posted to the
 * empty word and another after it, of which only the other found it open: the first removed its post, and no
 * IPI would be sent for the second.
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

/* The owner: accepts posts from now on; until now callers removed them. inbox_take_ordered() follows. */
static inline void inbox_open(struct inbox *inbox)
{
    CHECK(!__atomic_load_n(&inbox->is_open, __ATOMIC_RELAXED), "inbox: it is opened once");
    __atomic_store_n(&inbox->is_open, true, __ATOMIC_SEQ_CST);
}

/* The owner: accepts no more posts, once inbox_take_ordered() has been called for each word. */
static inline void inbox_close(struct inbox *inbox)
{
    CHECK(__atomic_load_n(&inbox->is_open, __ATOMIC_RELAXED), "inbox: one that is closed was open");
    __atomic_store_n(&inbox->is_open, false, __ATOMIC_SEQ_CST);
}

/* The owner. Return: the callers in a word, which is empty afterwards. */
static inline uint64_t inbox_take(struct inbox *inbox, unsigned int word)
{
    /* A polling loop must not take the cache line away from those that post. */
    if (__atomic_load_n(&inbox->words[word], __ATOMIC_RELAXED) == 0)
        return 0;
    return __atomic_exchange_n(&inbox->words[word], 0, __ATOMIC_ACQUIRE);
}

/* The same after inbox_open() and inbox_close(). */
static inline uint64_t inbox_take_ordered(struct inbox *inbox, unsigned int word)
{
    return __atomic_exchange_n(&inbox->words[word], 0, __ATOMIC_SEQ_CST);
}

/* The caller. Return: whether its post was not taken yet; a hint. */
static inline bool inbox_has(const struct inbox *inbox, unsigned int caller)
{
    return (__atomic_load_n(&inbox->words[caller / 64], __ATOMIC_RELAXED) >> caller % 64 & 1) != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Fault injection: allocations are made to fail, to test that callers handle it.
 *
 * While a plan is armed, frame caches and magazines are empty and stay so; every request takes a slow path,
 * where fault_should_fail() decides. Without a plan the fast paths have no extra cost. A plan is armed in
 * mm/slab/fault_arm.c.
 */
#include <ashlar/status.h>

struct fault_plan {
    uint64_t nth;  /* the nth request from now on fails, once; 0: none */
    uint64_t rate; /* of about @rate requests one fails; 0: none */
    uint64_t seed; /* selects the requests; the same seed selects the same ones on one CPU */
};

/**
 * fault_parse() - parse a plan: "RATE,SEED" or "nth:N", decimal.
 * @words: the text.
 * @plan:  untouched on failure.
 *
 * Return: STATUS_OK; STATUS_INVALID.
 * Context: any. Pure.
 */
status_t fault_parse(const char *words, struct fault_plan *plan) MUST_CHECK;

/* Arms @plan; NULL ends it. Counts begin at 0 again. Context: one CPU at a time. */
void fault_arm(const struct fault_plan *plan);

/* The same without disabling the caches, which then hide requests. Context: one CPU at a time. */
void fault_set_plan(const struct fault_plan *plan);

struct fault_counts {
    uint64_t requests, failed; /* since fault_arm() */
};
/* Return: the counts so far. Context: any. */
struct fault_counts fault_counts(void);

/* For allocators' slow paths: whether a plan is armed, and whether it makes this request fail. The latter
   counts the request. Context of all: any. */
extern bool fault_is_armed;
bool fault_decide(void);
static inline bool fault_may_fail(void)
{
    return __builtin_expect(__atomic_load_n(&fault_is_armed, __ATOMIC_RELAXED), 0);
}

static inline bool fault_should_fail(void)
{
    return fault_may_fail() && fault_decide();
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Shrinkers: code that caches memory registers a function that gives it back, which is called before an
 * allocation fails.
 */
#include <ashlar/list.h>

struct shrinker {
    struct list link; /* for shrink.c */
    const char *name;
    unsigned int cost; /* of making again what is given up; the cheap are called first */

    /**
     * @shrink: give memory back.
     * @frames: how many are needed.
     *
     * Return: about how many frames went back.
     * Context: that of the allocation that would fail. It may free anything. It may allocate, but gets only
     *          what is there. It only tries locks: the allocation's caller may hold them.
     */
    uint64_t (*shrink)(struct shrinker *shrinker, uint64_t frames);
};

/* @shrinker: must not move until shrinker_remove(). Context: not in an interrupt, not in a shrinker. */
void shrinker_add(struct shrinker *shrinker);
void shrinker_remove(struct shrinker *shrinker);

/**
 * shrink_memory() - call all in ascending order of cost, until enough came back.
 * @frames: at least 1.
 *
 * Return: how many frames went back, as far as shrinkers know; 0 also when this CPU is shrinking already.
 *         When another CPU is, waits for it; if that one got @frames more than its request, they are this
 *         caller's, else the shrinkers are called again. So 0 otherwise means that they have just freed
 *         nothing.
 * Context: CHECK_MAY_ALLOCATE() of ashlar/sync/context.h: any but NMI and a cross-call, with no lock held but
 *          those allowed there. Shrinkers only try locks.
 */
uint64_t shrink_memory(uint64_t frames);

/* Between them no other CPU runs shrinkers. For a fork of the hosted library.
   Context of both: thread, not in a shrinker. */
void shrink_hold(void);
void shrink_release(void);

/* The state of one request that shrinks; all zero at first. */
struct shrink_request {
    unsigned int rounds;
};

/**
 * shrink_again() - shrink for a request that found no memory.
 * @frames: what the request needs; each round requests twice as much as the one before, because frames that
 *          come back may not be contiguous, or taken by another CPU by now.
 *
 * Return: whether to try again. False when shrinkers have just freed nothing, or after many rounds.
 * Context: as shrink_memory().
 */
bool shrink_again(struct shrink_request *request, uint64_t frames);

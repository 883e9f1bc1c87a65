/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Shrinkers: who keeps memory that it could do without says so, and is asked for it before an
 * allocation fails.
 */
#include <ashlar/list.h>

struct shrinker {
    struct list link; /* shrink.c's */
    const char *name;
    unsigned int cost; /* of making again what is given up; the cheap are asked first */

    /**
     * @shrink: give memory back.
     * @frames: how many are wanted.
     *
     * Return: about how many frames went back.
     * Context: that of the allocation that would fail. It may free anything. It may allocate, but gets only
     *          what is there. It takes locks by trying only: whoever allocates may hold them.
     */
    uint64_t (*shrink)(struct shrinker *shrinker, uint64_t frames);
};

/* @shrinker: stays where it is until shrinker_remove(). Context: not in an interrupt, not in a shrinker. */
void shrinker_add(struct shrinker *shrinker);
void shrinker_remove(struct shrinker *shrinker);

/**
 * shrink_memory() - ask all, from the cheapest on, until enough came back.
 * @frames: at least 1.
 *
 * Return: how many frames went back, as far as shrinkers know; 0 also when this CPU is shrinking already.
 *         When another CPU is, waits for it; if that one got @frames more than it had been asked for, they
 *         are this caller's, and else the shrinkers are asked again. So 0 means that they have just been
 *         asked in vain.
 * Context: any; no lock held that a shrinker needs.
 */
uint64_t shrink_memory(uint64_t frames);

/* Between them no other CPU runs shrinkers. For a fork of the hosted library. Context of both: thread, not
   in a shrinker. */
void shrink_hold(void);
void shrink_release(void);

/* What one request has done about its shortage; all zero to begin with. */
struct shrink_request {
    unsigned int rounds;
};

/**
 * shrink_again() - have memory given back for a request that found none.
 * @frames: what the request needs; each round asks for twice as much as the one before, because what comes
 *          back may lie apart, or be somebody else's by now.
 *
 * Return: whether to try again. False when shrinkers have just been asked in vain, or after many rounds.
 * Context: as shrink_memory().
 */
bool shrink_again(struct shrink_request *request, uint64_t frames);

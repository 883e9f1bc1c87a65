/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Spin loops that wait for another CPU or for a device.
 *
 *     struct backoff backoff = BACKOFF_INIT;
 *     while (!is_done(call))
 *         backoff_spin(&backoff);
 *
 * A loop whose condition comes true within a microsecond, or that has to look at a clock each time, needs
 * cpu_relax() alone.
 */
#include <ashlar/types.h>

#ifdef ASHLAR_HOSTED
#include <sched.h>
#endif

/**
 * cpu_relax() - PAUSE: tell the CPU that this is a spin loop.
 *
 * Hosted, the other CPU is a thread that may need this one's processor, which is given up.
 * Context: any.
 * Source: Intel SDM vol. 2B, "PAUSE", ed. 081.
 */
static inline void cpu_relax(void)
{
#ifndef ASHLAR_HOSTED
    __builtin_ia32_pause();
#else
    sched_yield();
#endif
}

struct backoff {
    uint32_t turns; /* so far */
};

#define BACKOFF_INIT ((struct backoff){ 0 })

/* The number of pauses a turn grows by one each BACKOFF_STEP turns, up to BACKOFF_MAX. The first turns are
   short, because most waits are; a CPU that waits for long leaves the line of memory that it polls to the CPU
   that is going to write it. */
#define BACKOFF_STEP 64
#define BACKOFF_MAX  16

/**
 * backoff_spin() - one turn of a spin loop: 1 .. BACKOFF_MAX pauses, more of them the longer it has lasted.
 *
 * Return: how many turns there were, this one included; for a loop that reads a clock every so many.
 * Context: any.
 */
static inline uint32_t backoff_spin(struct backoff *backoff)
{
    uint32_t pauses = backoff->turns / BACKOFF_STEP + 1;
    for (pauses = pauses < BACKOFF_MAX ? pauses : BACKOFF_MAX; pauses > 0; pauses--)
        cpu_relax();
    return ++backoff->turns;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Spin loops that wait for another CPU or for a device.
 *
 *     struct backoff backoff = BACKOFF_INIT;
 *     while (!is_done(call))
 *         backoff_spin(&backoff);
 *
 * A loop whose condition becomes true within a microsecond, or that reads a clock in each iteration, needs
 * cpu_relax() only.
 */
#include <ashlar/types.h>

#ifdef ASHLAR_HOSTED
#include <sched.h>
#endif

/**
 * cpu_relax() - PAUSE: tell the CPU that this is a spin loop.
 *
 * Hosted, the other CPU is a thread that may need this thread's processor, so it yields.
 * Context: any.
 * Source: Intel SDM vol. 2B, "PAUSE".
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

/* The number of pauses an iteration grows by one every BACKOFF_STEP iterations, up to BACKOFF_MAX. The first
   iterations are short, because most waits are; in a long wait the cache line is polled less often, so that
   the CPU that will write it is not delayed. */
#define BACKOFF_STEP 64
#define BACKOFF_MAX  16

/**
 * backoff_spin() - one iteration of a spin loop: 1 .. BACKOFF_MAX pauses, more as the wait gets longer.
 *
 * Return: the number of iterations, this one included; for a loop that reads a clock at intervals.
 * Context: any.
 */
static inline uint32_t backoff_spin(struct backoff *backoff)
{
    uint32_t pauses = backoff->turns / BACKOFF_STEP + 1;
    for (pauses = pauses < BACKOFF_MAX ? pauses : BACKOFF_MAX; pauses > 0; pauses--)
        cpu_relax();
    return ++backoff->turns;
}

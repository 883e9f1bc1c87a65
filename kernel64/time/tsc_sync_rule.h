/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Comparison of the TSCs of several CPUs. Free of hardware, hosted-tested.
 *
 * Each CPU makes rounds: it loads the highest reading that any CPU has published, reads its own TSC, and
 * publishes that if it is higher. The published value was read earlier, so if the CPU's own reading is lower,
 * its TSC lags the publisher's by at least the difference. Synchronized TSCs are never found to differ,
 * however long a CPU is interrupted between two steps: that only makes the check less sensitive. So there is
 * no tolerance. Every difference found makes time go back from one CPU to another; one that is shorter than
 * the transfer of a cache line cannot be found.
 *
 * One word holds the highest reading and its CPU: a signed distance in ticks from a reading at the begin, and
 * in the low bits the CPU's number. It is wide enough for 26 days at 4 GHz, and saturates.
 *
 * Context of all: any; interrupts off in a round, or the difference found is smaller.
 */
#include <ashlar/types.h>

#define TSC_SYNC_CPU_BITS 10

/* State shared by the CPUs. */
struct tsc_sync {
    ALIGNED(64) uint64_t base; /* a tick of about now */
    unsigned int expected;     /* CPUs */
    unsigned int arrived;      /* atomic */
    int64_t highest; /* atomic; the distance from base, times 2^TSC_SYNC_CPU_BITS, and the CPU's number */
};

/* One CPU's results: behind and ahead_cpu are written by that CPU, the rest by tsc_sync_evaluate(). */
struct tsc_sync_view {
    uint64_t behind;         /* ticks, at least, by which it is behind; 0: not behind any */
    uint64_t ahead;          /* ticks, at least, by which another found itself behind this one */
    unsigned int ahead_cpu;  /* the CPU that it was behind the most */
    unsigned int behind_cpu; /* the CPU that was behind it the most */
};

struct tsc_sync_result {
    uint64_t most;            /* ticks: the largest difference found; 0: synchronized */
    unsigned int behind_cpus; /* how many are behind, */
    unsigned int ahead_cpus;  /* and how many those are behind of */
};

/**
 * tsc_sync_begin() - begin a comparison.
 * @sync:     filled in.
 * @base:     the TSC of the CPU that begins.
 * @expected: how many CPUs will take part.
 */
void tsc_sync_begin(struct tsc_sync *sync, uint64_t base, unsigned int expected);

/**
 * tsc_sync_join() - this CPU begins its rounds.
 * @sync: begun.
 * @view: this CPU's; cleared.
 */
void tsc_sync_join(struct tsc_sync *sync, struct tsc_sync_view *view);

/* Whether all expected CPUs have joined. */
bool tsc_sync_all_joined(const struct tsc_sync *sync);

/* Reads the TSC of the CPU that it runs on, after all earlier loads. */
typedef uint64_t tsc_sync_read_fn(void);

/**
 * tsc_sync_round() - one round: the two steps below, and @read between them.
 * @sync, @view, @cpu: as for tsc_sync_publish().
 * @read: reads this CPU's TSC.
 */
void tsc_sync_round(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu,
                    tsc_sync_read_fn *read);

/* A round's first step: the highest reading published. The own TSC is read after it. */
int64_t tsc_sync_load_highest(const struct tsc_sync *sync);

/**
 * tsc_sync_publish() - a round's second step.
 * @sync: begun.
 * @view: this CPU's; a larger difference is recorded.
 * @cpu:  this CPU; below 2^TSC_SYNC_CPU_BITS.
 * @seen: from tsc_sync_load_highest().
 * @tick: the CPU's TSC, read since.
 */
void tsc_sync_publish(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu, int64_t seen,
                      uint64_t tick);

/* Returns the view of a CPU. */
typedef struct tsc_sync_view *tsc_sync_view_fn(unsigned int cpu);

/**
 * tsc_sync_evaluate() - combine all views, when every CPU has finished.
 * @view_of: gives a CPU's view.
 * @cpus:    how many CPUs have numbers; the views of those that did not take part are clear.
 *
 * Return: as above.
 */
struct tsc_sync_result tsc_sync_evaluate(tsc_sync_view_fn *view_of, unsigned int cpus);

/**
 * tsc_sync_error_ticks() - the error of a CPU's TSC, if it is one of the faulty ones.
 * @result: of tsc_sync_evaluate().
 * @view:   the CPU's.
 *
 * A TSC that is ahead makes all others look behind, and one that is behind finds some other ahead; so the
 * smaller set is taken to be faulty, and of two equal ones those that are behind.
 * Return: ticks, at least; 0: not faulty.
 */
uint64_t tsc_sync_error_ticks(const struct tsc_sync_result *result, const struct tsc_sync_view *view);

/* Whether the faulty ones are ahead, of their behind_cpu; else they are behind their ahead_cpu. */
bool tsc_sync_faulty_are_ahead(const struct tsc_sync_result *result);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Whether the time-stamp counters of several CPUs agree, by what they tell each other. Pure, hosted-tested.
 *
 * Each CPU goes through rounds: it looks at the highest reading that anybody has published, then reads its
 * own counter, then publishes that, if it is higher. What was published had been read before; an own reading
 * below it is behind the other counter by the difference, or by more. Counters that agree are never found to
 * differ, whatever holds a CPU up between two steps: that only blurs the look. So there is no tolerance. A
 * difference that can be seen at all is one by which time goes back from one CPU to another, and one that is
 * shorter than a message's way is seen by nobody.
 *
 * One word holds the highest reading and whose it is: a signed distance from one CPU's reading of before, in
 * ticks, and in the low bits the CPU's number. It has room for 26 days at 4 GHz; who is further away is taken
 * to be so far.
 */
#include <ashlar/types.h>

#define TSC_SYNC_CPU_BITS 10

/* What the CPUs share. */
struct tsc_sync {
    ALIGNED(64) uint64_t base; /* a tick of about now */
    unsigned int expected;     /* CPUs */
    unsigned int arrived;      /* atomic */
    int64_t highest; /* atomic; the distance from base, times 2^TSC_SYNC_CPU_BITS, and the CPU's number */
};

/* Of one CPU. What it has found out is written by that CPU, the rest by tsc_sync_evaluate(). */
struct tsc_sync_view {
    uint64_t behind;         /* ticks, by how many at least; 0: it was not seen behind anybody */
    uint64_t ahead;          /* ticks, by how many at least another found itself behind this one */
    unsigned int ahead_cpu;  /* whom it was behind the most */
    unsigned int behind_cpu; /* who was behind it the most */
};

struct tsc_sync_result {
    uint64_t most;            /* ticks: the largest difference that was seen; 0: the counters agree */
    unsigned int behind_cpus; /* how many are behind, */
    unsigned int ahead_cpus;  /* and how many they are behind of */
};

/* @base: the counter of the CPU that begins. @expected: how many CPUs will take part. */
void tsc_sync_begin(struct tsc_sync *sync, uint64_t base, unsigned int expected);

/* This CPU begins its rounds; @view is cleared. */
void tsc_sync_join(struct tsc_sync *sync, struct tsc_sync_view *view);

/* Return: whether all have begun. */
bool tsc_sync_all_joined(const struct tsc_sync *sync);

/* Gives the counter of the CPU that it runs on, read behind all loads before. */
typedef uint64_t tsc_sync_read_fn(void);

/* A round: the two steps below, and @read between them. */
void tsc_sync_round(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu,
                    tsc_sync_read_fn *read);

/* A round's first step: what was published. The own counter is to be read after it. */
int64_t tsc_sync_load_highest(const struct tsc_sync *sync);

/**
 * tsc_sync_publish() - a round's second step.
 * @cpu:  whose counter it is; below 2^TSC_SYNC_CPU_BITS.
 * @seen: what tsc_sync_load_highest() gave.
 * @tick: the CPU's counter, read since.
 */
void tsc_sync_publish(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu, int64_t seen,
                      uint64_t tick);

/* The view of a CPU that has a number. */
typedef struct tsc_sync_view *tsc_sync_view_fn(unsigned int cpu);

/**
 * tsc_sync_evaluate() - what all views together say, when every CPU is through.
 * @cpus: how many CPUs have numbers; the views of those that took no part are clear.
 */
struct tsc_sync_result tsc_sync_evaluate(tsc_sync_view_fn *view_of, unsigned int cpus);

/**
 * tsc_sync_error_ticks() - by how much a CPU is wrong, if it is one of those to blame.
 *
 * One that is ahead makes all others look behind, and one that is behind sees some other ahead; so those of
 * whom there are fewer are to blame, and where there are as many of both, those that are behind.
 * Return: ticks, at least; 0: it is not to blame.
 */
uint64_t tsc_sync_error_ticks(const struct tsc_sync_result *result, const struct tsc_sync_view *view);

/* Return: whether those to blame are ahead, of their behind_cpu; else they are behind their ahead_cpu. */
bool tsc_sync_faulty_are_ahead(const struct tsc_sync_result *result);

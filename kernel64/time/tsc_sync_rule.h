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

#define AGREE_CPU_BITS 10

/* What the CPUs share. */
struct agree {
    ALIGNED(64) uint64_t base; /* a tick of about now */
    unsigned int expected;     /* CPUs */
    unsigned int arrived;      /* atomic */
    int64_t highest; /* atomic; the distance from base, times 2^AGREE_CPU_BITS, and the CPU's number */
};

/* Of one CPU. What it has found out is written by that CPU, the rest by agree_judge(). */
struct agree_view {
    uint64_t behind;         /* ticks, by how many at least; 0: it was not seen behind anybody */
    uint64_t ahead;          /* ticks, by how many at least another found itself behind this one */
    unsigned int ahead_cpu;  /* whom it was behind the most */
    unsigned int behind_cpu; /* who was behind it the most */
};

struct agree_result {
    uint64_t most;            /* ticks: the largest difference that was seen; 0: the counters agree */
    unsigned int behind_cpus; /* how many are behind, */
    unsigned int ahead_cpus;  /* and how many they are behind of */
};

/* @base: the counter of the CPU that begins. @expected: how many CPUs will take part. */
void agree_begin(struct agree *agree, uint64_t base, unsigned int expected);

/* This CPU begins its rounds; @view is cleared. */
void agree_arrive(struct agree *agree, struct agree_view *view);

/* Return: whether all have begun. */
bool agree_have_all_arrived(const struct agree *agree);

/* Gives the counter of the CPU that it runs on, read behind all loads before. */
typedef uint64_t agree_read_fn(void);

/* A round: the two steps below, and @read between them. */
void agree_round(struct agree *agree, struct agree_view *view, unsigned int cpu, agree_read_fn *read);

/* A round's first step: what was published. The own counter is to be read after it. */
int64_t agree_look(const struct agree *agree);

/**
 * agree_note() - a round's second step.
 * @cpu:  whose counter it is; below 2^AGREE_CPU_BITS.
 * @seen: what agree_look() gave.
 * @tick: the CPU's counter, read since.
 */
void agree_note(struct agree *agree, struct agree_view *view, unsigned int cpu, int64_t seen, uint64_t tick);

/* The view of a CPU that has a number. */
typedef struct agree_view *agree_view_fn(unsigned int cpu);

/**
 * agree_judge() - what all views together say, when every CPU is through.
 * @cpus: how many CPUs have numbers; the views of those that took no part are clear.
 */
struct agree_result agree_judge(agree_view_fn *view_of, unsigned int cpus);

/**
 * agree_odd_ticks() - by how much a CPU is wrong, if it is one of those to blame.
 *
 * One that is ahead makes all others look behind, and one that is behind sees some other ahead; so those of
 * whom there are fewer are to blame, and where there are as many of both, those that are behind.
 * Return: ticks, at least; 0: it is not to blame.
 */
uint64_t agree_odd_ticks(const struct agree_result *result, const struct agree_view *view);

/* Return: whether those to blame are ahead, of their behind_cpu; else they are behind their ahead_cpu. */
bool agree_blames_ahead(const struct agree_result *result);

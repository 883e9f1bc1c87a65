/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Threads that are CPUs, for tests of protocols without locks.
 *
 * Such a test passes plain memory through the protocol, and the thread sanitizer reports what is not
 * ordered by it. So the test's own signals between threads must order nothing: their loads and stores are
 * relaxed. And a wait that never ends is a failure, not a hang.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "seed.h"

#define LITMUS_TIMEOUT_S 200
#define LITMUS_THREADS   8

/* cmocka's assertions are for its own thread. */
#define MUST(condition)                                                                                      \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                                   \
            fflush(stdout);                                                                                  \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define relaxed_load(word)         __atomic_load_n(word, __ATOMIC_RELAXED)
#define relaxed_store(word, value) __atomic_store_n(word, value, __ATOMIC_RELAXED)
#define relaxed_add(word, value)   __atomic_fetch_add(word, value, __ATOMIC_RELAXED)

static _Thread_local time_t litmus_wait_end;

/* Between two steps; @turns counts them. Mostly without a system call, so that two threads on two processors
   meet within nanoseconds, as CPUs do. */
static inline void litmus_pause(unsigned int *turns)
{
    if (++*turns % 64 != 0)
        __builtin_ia32_pause();
    else
        sched_yield();
}

/* Between two checks for another thread's progress. @turns: 0 at the first: a wait has its time-out from
   there, because on a busy host many short ones take as long as a hang. */
static inline void litmus_wait(unsigned int *turns)
{
    litmus_pause(turns);
    if (*turns == 4096)
        litmus_wait_end = time(NULL) + LITMUS_TIMEOUT_S;
    else if (*turns % 4096 == 0)
        MUST(time(NULL) < litmus_wait_end);
}

/* Lets the others make progress: waits until @steps, which another thread counts, has changed since the last
 * call. */
static inline void litmus_keep_pace(unsigned int *steps, unsigned int *last)
{
    for (unsigned int turns = 0; relaxed_load(steps) == *last; litmus_wait(&turns))
        ;
    *last = relaxed_load(steps);
}

struct litmus_thread {
    void (*run)(unsigned int thread);
    unsigned int thread;
    pthread_t handle;
};

static inline void *litmus_start(void *argument)
{
    struct litmus_thread *self = argument;
    seed_thread(self->thread);
    self->run(self->thread);
    return NULL;
}

/* Runs @run(0) to @run(count - 1) at once, and waits for all. */
static inline void litmus_run(unsigned int count, void (*run)(unsigned int thread))
{
    struct litmus_thread threads[LITMUS_THREADS];
    (void)seed_next();
    for (unsigned int i = 0; i < count; i++) {
        threads[i].run = run;
        threads[i].thread = i;
        pthread_create(&threads[i].handle, NULL, litmus_start, &threads[i]);
    }
    for (unsigned int i = 0; i < count; i++)
        pthread_join(threads[i].handle, NULL);
}

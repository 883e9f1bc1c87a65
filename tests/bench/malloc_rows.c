// SPDX-License-Identifier: BSD-2-Clause
/*
 * What malloc() and free() cost, of any library: run with LD_PRELOAD for each allocator. Prints one
 * line a row, "name nanoseconds", for one allocation and one free together. scripts/bench mm runs it, the
 * allocators in turn.
 *
 *     malloc_rows [ROUNDS]      the fastest of so many rounds of each row
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIVE  1000
#define PAIRS 2000000

/* The compiler must not find out that the memory is never read. */
#define TOUCH(pointer) __asm__ volatile("" : : "r"(pointer) : "memory")

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 32;
}

/* ---- one thread; each returns how many pairs it did ---- */

static size_t pair(void)
{
    for (size_t i = 0; i < PAIRS; i++) {
        void *object = malloc(64);
        TOUCH(object);
        free(object);
    }
    return PAIRS;
}

static size_t fifo(void)
{
    static void *objects[LIVE];
    for (size_t n = 0; n < PAIRS / LIVE; n++) {
        for (size_t i = 0; i < LIVE; i++)
            *(char *)(objects[i] = malloc(64)) = 1;
        for (size_t i = 0; i < LIVE; i++)
            free(objects[i]);
    }
    return PAIRS;
}

static size_t lifo(void)
{
    static void *objects[LIVE];
    for (size_t n = 0; n < PAIRS / LIVE; n++) {
        for (size_t i = 0; i < LIVE; i++)
            *(char *)(objects[i] = malloc(64)) = 1;
        for (size_t i = LIVE; i-- > 0;)
            free(objects[i]);
    }
    return PAIRS;
}

static size_t replace(void **objects, size_t count, uint64_t seed)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t random = next_random(&seed);
        void **object = &objects[random * LIVE >> 32];
        free(*object);
        *object = malloc(16 + ((random & 0xffff) * (4096 - 16 + 1) >> 16));
        *(char *)*object = 1;
    }
    return count;
}

static size_t random_sizes(void)
{
    static void *objects[LIVE];
    return replace(objects, PAIRS / 2, 1);
}

/* ---- two threads ---- */

#define RING 1024
static _Atomic(void *) ring[RING];

static void *consume(void *argument)
{
    (void)argument;
    for (size_t i = 0; i < PAIRS; i++) {
        void *object;
        while (!(object = atomic_exchange_explicit(&ring[i % RING], NULL, memory_order_acquire)))
            ;
        free(object);
    }
    return NULL;
}

static size_t producer_consumer(void)
{
    pthread_t consumer;
    pthread_create(&consumer, NULL, consume, NULL);
    for (size_t i = 0; i < PAIRS; i++) {
        void *object = malloc(64);
        *(char *)object = 1;
        while (atomic_load_explicit(&ring[i % RING], memory_order_relaxed))
            ;
        atomic_store_explicit(&ring[i % RING], object, memory_order_release);
    }
    pthread_join(consumer, NULL);
    return PAIRS;
}

/* As in Larson and Krishnan's: threads replace objects, then hand all they have to a thread that begins
   anew. */
#define LARSON_THREADS 2
#define LARSON_TURNS   20
static void *larson_objects[LARSON_THREADS][LIVE];

static void *larson_thread(void *argument)
{
    size_t which = (size_t)(uintptr_t)argument;
    uint64_t seed = which + 1;
    for (size_t i = 0; i < PAIRS / LARSON_THREADS / LARSON_TURNS; i++) {
        uint64_t random = next_random(&seed);
        void **object = &larson_objects[which][random * LIVE >> 32];
        free(*object);
        *object = malloc(8 + (random & 0xffff) % 1000);
        *(char *)*object = 1;
    }
    return NULL;
}

static size_t larson(void)
{
    for (size_t turn = 0; turn < LARSON_TURNS; turn++) {
        pthread_t threads[LARSON_THREADS];
        for (size_t i = 0; i < LARSON_THREADS; i++)
            pthread_create(&threads[i], NULL, larson_thread,
                           (void *)(uintptr_t)((i + turn) % LARSON_THREADS));
        for (size_t i = 0; i < LARSON_THREADS; i++)
            pthread_join(threads[i], NULL);
    }
    return PAIRS;
}

/* ---- the same work on one thread, and on each of two ---- */

static void *disjoint_thread(void *argument)
{
    void *objects[64];
    (void)argument;
    for (size_t n = 0; n < PAIRS / 64; n++) {
        for (size_t i = 0; i < 64; i++)
            *(char *)(objects[i] = malloc(64)) = 1;
        for (size_t i = 0; i < 64; i++)
            free(objects[i]);
    }
    return NULL;
}

static size_t disjoint(unsigned int count)
{
    pthread_t threads[2];
    for (unsigned int i = 0; i < count; i++)
        pthread_create(&threads[i], NULL, disjoint_thread, NULL);
    for (unsigned int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
    return PAIRS / 64 * 64;
}

static size_t disjoint_1(void)
{
    return disjoint(1);
}

static size_t disjoint_2(void)
{
    return disjoint(2);
}

static const struct {
    const char *name;
    size_t (*run)(void);
    int times; /* in a round */
} rows[] = {
    { "pair.64", pair, 1 },
    { "fifo.1000", fifo, 1 },
    { "lifo.1000", lifo, 1 },
    { "random.16-4096", random_sizes, 1 },
    { "producer-consumer", producer_consumer, 1 },
    { "larson.2", larson, 1 },
    /* Their ratio is read to a percent: two threads are seldom both undisturbed. */
    { "disjoint.1", disjoint_1, 10 },
    { "disjoint.2", disjoint_2, 10 },
};

int main(int argc, char **argv)
{
    int rounds = argc > 1 ? atoi(argv[1]) : 5;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        double best = 1e9;
        for (int round = 0; round < rounds * rows[i].times; round++) {
            double start = seconds();
            size_t pairs = rows[i].run();
            double each = (seconds() - start) * 1e9 / (double)pairs;
            best = each < best ? each : best;
        }
        printf("%s %.3f\n", rows[i].name, best);
    }
    return 0;
}

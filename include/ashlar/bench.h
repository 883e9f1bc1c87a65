/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Benchmarks that run on the machine: `bench [GLOB]` in the monitor prints a row, or a JSON line,
 * for each.
 *
 *     static void run(void)
 *     {
 *         for (unsigned int i = 0; i < 1000; i++)
 *             frame_free(frame_alloc());
 *     }
 *     BENCH(frame_pair_0, "frame.pair.0", 1000, run);
 *
 * A benchmark is run BENCH_ROUNDS times between two readings of the time-stamp counter. Under QEMU's -icount
 * shift=0 that counts instructions, and the figures are reproducible; elsewhere it is time, and only ratios
 * are meaningful. The loop around an operation, of two instructions, is not subtracted.
 *
 * The linker collects the entries, sorted by name of the variable, between __benches_start and __benches_end.
 */
#include <ashlar/types.h>

#define BENCH_ROUNDS       41
#define BENCH_SAMPLE_COUNT 500

struct bench {
    const char *name;
    unsigned int operations; /* in one call of run() */
    bool (*prepare)(void);   /* NULL: none. Return: false when the machine cannot run the benchmark */
    void (*run)(void);
    void (*end)(void);        /* after a prepare() that returned true; NULL: none */
    uint64_t (*sample)(void); /* NULL; or instead of run(): one value, taken BENCH_SAMPLE_COUNT times */
    /* NULL; or instead of both: fills in up to @capacity values, which are taken together. Return: how many;
       0: it failed. */
    unsigned int (*collect)(uint64_t *values, unsigned int capacity);
    const char *unit; /* of sample() and collect() */
};

#define BENCH_WITH(word, name, operations, prepare, run, end)                                                \
    static const struct bench bench_entry_##word USED SECTION(".benches." #word)                             \
        ALIGNED(sizeof(void *)) = { name, operations, prepare, run, end, NULL, NULL, NULL }

/* A value that differs from time to time: its distribution is shown. */
#define BENCH_SAMPLES(word, name, unit, prepare, sample)                                                     \
    static const struct bench bench_entry_##word USED SECTION(".benches." #word)                             \
        ALIGNED(sizeof(void *)) = { name, 1, prepare, NULL, NULL, sample, NULL, unit }

/* Values that are measured together, such as one of each CPU. */
#define BENCH_COLLECTS(word, name, unit, prepare, collect)                                                   \
    static const struct bench bench_entry_##word USED SECTION(".benches." #word)                             \
        ALIGNED(sizeof(void *)) = { name, 1, prepare, NULL, NULL, NULL, collect, unit }

#define BENCH(word, name, operations, run) BENCH_WITH(word, name, operations, NULL, run, NULL)

extern const struct bench __benches_start[], __benches_end[];

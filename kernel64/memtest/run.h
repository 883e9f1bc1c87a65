/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The memory test on all CPUs: each has a share of the memory, and all have done a step before the next one
 * begins.
 *
 * Context of all: the BSP's thread, interrupts on; one run at a time.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>
#include <memtest/pattern.h>

/* So many errors are kept, each at another address: of a step at most so many on each CPU. */
#define MEMTEST_ERRORS_KEPT 8

struct memtest_error {
    phys_t address; /* of the word */
    uint64_t expected, found;
    unsigned int pattern, cpu;
};

/* Where a run is: for a line that is shown meanwhile. */
struct memtest_progress {
    unsigned int pattern;
    uint64_t pass;      /* from 1 */
    uint64_t done, all; /* of the pass, in units of work */
    uint64_t left_ns;   /* estimate for the pass; UINT64_MAX: not known yet */
    uint64_t core_rate; /* bytes read and written a second, on average of the cores */
    uint64_t errors;    /* so far */
};

struct memtest_pattern_result {
    uint64_t bytes;   /* read and written */
    uint64_t busy_ns; /* of all CPUs together */
    uint64_t errors;
};

struct memtest_result {
    uint64_t bytes;         /* under test */
    uint64_t passes;        /* that were finished */
    uint64_t errors;        /* words that were wrong, each time that they were read */
    uint64_t bits;          /* bits that were wrong in any of them */
    phys_t lowest, highest; /* wrong words; with errors only */
    uint64_t isolated;      /* frames that were kept from use afterwards */
    unsigned int cpus;
    bool is_stopped;
    struct memtest_pattern_result patterns[MEMTEST_PATTERNS];
    struct memtest_error first[MEMTEST_ERRORS_KEPT];
    unsigned int first_count;
};

struct memtest_request {
    unsigned int patterns; /* a bit for each */
    uint64_t passes;       /* 1 and more */
    uint64_t wait_ns;      /* of MEMTEST_WAIT */
    uint64_t seed;

    /**
     * ended() - called after each pattern; error() - for each error that is kept, after its step;
     * poll() - often, about each 10 ms; it returns false to stop the run.
     */
    void (*ended)(unsigned int pattern, uint64_t pass);
    void (*error)(const struct memtest_error *error);
    bool (*poll)(const struct memtest_progress *progress);
};

/**
 * memtest_prepare() - take the memory.
 * @limit_bytes: at most so much; UINT64_MAX for no limit.
 * @all:         everything that is free, also what CPUs' caches, empty slabs and the zones' reserves hold:
 *               until memtest_test() has returned, almost nothing can be allocated.
 * @bytes:       receives how much it is.
 *
 * Return: STATUS_OK, and memtest_test() is next; STATUS_NO_MEMORY, and nothing was taken.
 */
status_t memtest_prepare(uint64_t limit_bytes, bool all, uint64_t *bytes) MUST_CHECK;

/**
 * memtest_test() - test the memory that memtest_prepare() has taken, and give it back.
 * @request: what to do.
 * @result:  filled in.
 *
 * Frames that failed are not given back (memtest/memory.h).
 */
void memtest_test(const struct memtest_request *request, struct memtest_result *result);

/* ---- for tests ---- */

/*
 * Called, if the build has it, before a CPU reads memory under test: it may change what is read, as broken
 * RAM would. tests/self/plant_command.c defines it.
 * Context: any CPU, in its share.
 */
struct memtest_piece;
__attribute__((weak)) void memtest_spoil(const struct memtest_step *step, const struct memtest_piece *piece);

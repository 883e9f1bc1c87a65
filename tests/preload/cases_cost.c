/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an allocation costs: page faults, memory that stays with the process, instructions.
 */
#include "malloc_cases.h"

#include <signal.h>
#include <sys/ptrace.h>

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* ---- giving back, and not too early ---- */

static void a_buffer_that_is_reused_stays_resident(void)
{
    static const size_t sizes[] = { 9000, 100000, 600000, MIB(1), MIB(8), MIB(32) };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t pages = sizes[i] / PAGE + 1;
        long before = faults();
        for (int n = 0; n < 30; n++) {
            char *p = take(sizes[i]);
            memset(p, n, sizes[i]);
            free(p);
        }
        if (faults() - before > (long)pages * 3 + 100) {
            printf("%zu bytes, 30 times: %ld faults\n", sizes[i], faults() - before);
            exit(1);
        }
    }
}

/* What stays of 200 MiB: idle pages, at most 32 MiB, filled magazines in depots, and empty slabs up to a
   quarter of a cache. */
#define STAYS_MIB 80

static void fill_and_free(size_t size, size_t total)
{
    size_t count = total / size;
    char **all = take(count * sizeof(*all));
    for (size_t i = 0; i < count; i++)
        memset(all[i] = take(size), 1, size);
    long full = resident_mib();
    for (size_t i = 0; i < count; i++)
        free(all[i]);
    free(all);
    long left = resident_mib();
    if (full < (long)(total >> 20) || left > STAYS_MIB) {
        printf("%zu bytes, %zu MiB of them: %ld MiB resident, %ld after all were freed\n", size, total >> 20,
               full, left);
        exit(1);
    }
}

static void freed_memory_goes_back_to_the_system(void)
{
    static const size_t sizes[] = { 24, 200, 1500, 8000, 9000, 70000, 500000, MIB(1), MIB(40) };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        /* Each in a process of its own, so that what one leaves behind is not counted with the next. */
        int status;
        pid_t child = fork();
        if (child == 0) {
            fill_and_free(sizes[i], MIB(200));
            exit(0);
        }
        REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
        REQUIRE(status == 0);
    }
}

static void *fill_in_thread(void *unused)
{
    static __thread void *all[3000];
    for (int i = 0; i < 3000; i++)
        memset(all[i] = take(16 + (size_t)i % 700), 1, 16);
    for (int i = 0; i < 3000; i++)
        free(all[i]);
    return unused;
}

static void threads_that_end_keep_little(void)
{
    static pthread_t threads[300];
    for (int i = 0; i < 300; i++)
        REQUIRE(pthread_create(&threads[i], small_stack(), fill_in_thread, NULL) == 0);
    for (int i = 0; i < 300; i++)
        pthread_join(threads[i], NULL);
    REQUIRE(resident_mib() < 48);
}

/* ---- instructions ---- */

#define PAIR_MOST 50 /* malloc and free of a small object, their returns included */

static void *volatile stepped;

static __attribute__((noinline)) void pairs(void *(*allocate)(size_t), void (*release)(void *), int count)
{
    for (int i = 0; i < count; i++) {
        stepped = allocate(64);
        release(stepped);
    }
}

/* Return: instructions of a child that does @count pairs between two stops. */
static long count_steps(int count)
{
    int status;
    long steps = 0;
    pid_t child = fork();
    if (child == 0) {
        pairs(malloc, free, 10);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(NOT_ALLOWED);
        raise(SIGSTOP);
        pairs(malloc, free, count);
        raise(SIGUSR1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status))
        exit(NOT_ALLOWED);
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
            exit(NOT_ALLOWED);
        waitpid(child, &status, 0);
        steps++;
    } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return steps;
}

static void a_pair_takes_few_instructions(void)
{
    long each = (count_steps(110) - count_steps(10)) / 100;
    enum { LOOP = 11 }; /* of pairs(), at most: two calls, their arguments, the variable, the count */
    if (each > PAIR_MOST + LOOP) {
        printf("%ld instructions a pair and its loop, at most %d are allowed\n", each, PAIR_MOST + LOOP);
        exit(1);
    }
}

const struct malloc_case cost_cases[] = {
    CASE(a_buffer_that_is_reused_stays_resident),
    CASE(freed_memory_goes_back_to_the_system),
    CASE(threads_that_end_keep_little),
    CASE(a_pair_takes_few_instructions),
    { NULL, NULL },
};

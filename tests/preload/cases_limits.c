/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the system allows: locked memory and limits of the address space.
 */
#include "malloc_cases.h"

#include <sys/mman.h>

static void use_all_kinds(void)
{
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < KINDS; i++) {
            char *p = take(kinds[i]);
            REQUIRE(p);
            memset(p, 1, kinds[i]);
            free(p);
        }
}

static void lock_all_memory(int flags)
{
    if (mlockall(flags) == 0)
        return;
    if (errno == EPERM || errno == ENOMEM)
        exit(NOT_ALLOWED);
    REQUIRE(!"mlockall");
}

static void memory_may_be_locked_afterwards(void)
{
    use_all_kinds();
    lock_all_memory(MCL_CURRENT | MCL_FUTURE);
    use_all_kinds();
    REQUIRE(resident_mib() < 64);
}

/* As the first thing: nearly all memory is mapped after it, and so locked and touched at once. */
static void memory_may_be_locked_before(void)
{
    lock_all_memory(MCL_FUTURE);
    use_all_kinds();
    REQUIRE(resident_mib() < 64);
}

/* Return: MiB that could be had in objects of @size; all are free again. */
static size_t fill_and_empty(size_t size)
{
    void **last = NULL, **next;
    size_t count = 0;
    for (; (next = take(size)) != NULL; count++) {
        *next = last;
        last = next;
    }
    REQUIRE(errno == ENOMEM);
    for (; last; last = next) {
        next = *last;
        free(last);
    }
    return count * size >> 20;
}

/* What one kind had, another has after it. */
static void allocations_beyond_a_limit_fail_with_enomem(void)
{
    limit_address_space(MIB(200));
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < KINDS; i++)
            REQUIRE(fill_and_empty(kinds[i]) > 90);
    use_all_kinds();
}

/* ulimit -v before the start; run_malloc_cases.py starts this so. */
static void a_program_runs_under_ulimit_v(void)
{
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY);
    use_all_kinds();
    size_t had = fill_and_empty(kinds[1]);
    REQUIRE(had > limit.rlim_cur / 2 >> 20);
}

const struct malloc_case limit_cases[] = {
    CASE(memory_may_be_locked_afterwards),
    CASE(memory_may_be_locked_before),
    CASE(allocations_beyond_a_limit_fail_with_enomem),
    CASE(a_program_runs_under_ulimit_v),
    { NULL, NULL },
};

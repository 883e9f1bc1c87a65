/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Fault plans: which allocations are made to fail on purpose. fault_arm.c makes all requests reach the place
 * where this is tested.
 */
#include <ashlar/mm/fault.h>

#include <ashlar/overflow.h>

bool fault_is_armed;

static struct fault_plan plan;
static uint64_t requests, failed; /* atomic */

/* splitmix64 (Steele et al., "Fast Splittable Pseudorandom Number Generators", 2014): the nth number needs no
   state but n. */
static uint64_t random_of(uint64_t n)
{
    uint64_t z = n * 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

bool fault_decide(void)
{
    uint64_t number = __atomic_add_fetch(&requests, 1, __ATOMIC_RELAXED);
    bool fails = number == plan.nth || (plan.rate > 0 && random_of(plan.seed + number) % plan.rate == 0);
    if (fails)
        __atomic_add_fetch(&failed, 1, __ATOMIC_RELAXED);
    return fails;
}

void fault_set_plan(const struct fault_plan *new_plan)
{
    __atomic_store_n(&fault_is_armed, false, __ATOMIC_SEQ_CST);
    plan = new_plan ? *new_plan : (struct fault_plan){ .nth = 0 };
    requests = failed = 0;
    __atomic_store_n(&fault_is_armed, new_plan != NULL, __ATOMIC_SEQ_CST);
}

struct fault_counts fault_counts(void)
{
    return (struct fault_counts){ __atomic_load_n(&requests, __ATOMIC_RELAXED),
                                  __atomic_load_n(&failed, __ATOMIC_RELAXED) };
}

/* ---- reading a plan ---- */

/* Reads a decimal number and moves @words past it. Return: false when there is none, or it is too large. */
static bool read_number(const char **words, uint64_t *number)
{
    const char *start = *words;
    *number = 0;
    for (; **words >= '0' && **words <= '9'; ++*words)
        if (!multiply_fits(*number, 10u, number) || !add_fits(*number, **words - '0', number))
            return false;
    return *words > start;
}

status_t fault_parse(const char *words, struct fault_plan *result)
{
    struct fault_plan read = { .nth = 0 };
    if (__builtin_strncmp(words, "nth:", 4) == 0) {
        words += 4;
        if (!read_number(&words, &read.nth) || read.nth == 0)
            return STATUS_INVALID;
    } else if (!read_number(&words, &read.rate) || read.rate == 0 || *words++ != ',' ||
               !read_number(&words, &read.seed)) {
        return STATUS_INVALID;
    }
    if (*words != '\0')
        return STATUS_INVALID;
    *result = read;
    return STATUS_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rule by which CPUs' counters are compared: agree_rule.h has it.
 */
#include <time/tsc_sync_rule.h>

#define CPUS      (1LL << AGREE_CPU_BITS)
#define NOBODY    INT64_MIN /* further behind than any reading */
#define REACH_MAX (INT64_MAX / CPUS)

void agree_begin(struct agree *agree, uint64_t base, unsigned int expected)
{
    *agree = (struct agree){ .base = base, .expected = expected, .highest = NOBODY };
}

void agree_arrive(struct agree *agree, struct agree_view *view)
{
    *view = (struct agree_view){ .behind = 0 };
    /* Nothing is handed over by it. */
    __atomic_fetch_add(&agree->arrived, 1, __ATOMIC_RELAXED);
}

bool agree_have_all_arrived(const struct agree *agree)
{
    return __atomic_load_n(&agree->arrived, __ATOMIC_RELAXED) >= agree->expected;
}

int64_t agree_look(const struct agree *agree)
{
    /* Acquire pairs with the release in agree_note(): the other counter was read before this one will be. */
    return __atomic_load_n(&agree->highest, __ATOMIC_ACQUIRE);
}

static int64_t reading_of(const struct agree *agree, unsigned int cpu, uint64_t tick)
{
    int64_t distance = (int64_t)(tick - agree->base);
    if (distance > REACH_MAX)
        distance = REACH_MAX;
    if (distance < -REACH_MAX)
        distance = -REACH_MAX;
    return distance * CPUS + cpu;
}

void agree_note(struct agree *agree, struct agree_view *view, unsigned int cpu, int64_t seen, uint64_t tick)
{
    int64_t mine = reading_of(agree, cpu, tick), behind = (seen >> AGREE_CPU_BITS) - (mine >> AGREE_CPU_BITS);
    if (behind > (int64_t)view->behind) {
        view->behind = (uint64_t)behind;
        view->ahead_cpu = (unsigned int)(seen & (CPUS - 1));
    }
    while (mine > seen && !__atomic_compare_exchange_n(&agree->highest, &seen, mine, true, __ATOMIC_RELEASE,
                                                       __ATOMIC_RELAXED))
        ;
}

void agree_round(struct agree *agree, struct agree_view *view, unsigned int cpu, agree_read_fn *read)
{
    int64_t seen = agree_look(agree);
    agree_note(agree, view, cpu, seen, read());
}

struct agree_result agree_judge(agree_view_fn *view_of, unsigned int cpus)
{
    struct agree_result result = { 0, 0, 0 };
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        uint64_t behind = view_of(cpu)->behind;
        if (behind == 0)
            continue;
        struct agree_view *other = view_of(view_of(cpu)->ahead_cpu);
        result.behind_cpus++;
        result.ahead_cpus += other->ahead == 0;
        if (behind > other->ahead) {
            other->ahead = behind;
            other->behind_cpu = cpu;
        }
        if (behind > result.most)
            result.most = behind;
    }
    return result;
}

bool agree_blames_ahead(const struct agree_result *result)
{
    return result->ahead_cpus < result->behind_cpus;
}

uint64_t agree_odd_ticks(const struct agree_result *result, const struct agree_view *view)
{
    return agree_blames_ahead(result) ? view->ahead : view->behind;
}

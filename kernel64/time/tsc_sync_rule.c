/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Comparing CPUs' TSCs by the rule of tsc_sync_rule.h.
 */
#include <time/tsc_sync_rule.h>

#define CPUS      (1LL << TSC_SYNC_CPU_BITS)
#define LOWEST    INT64_MIN /* below any reading */
#define REACH_MAX (INT64_MAX / CPUS)

void tsc_sync_begin(struct tsc_sync *sync, uint64_t base, unsigned int expected)
{
    *sync = (struct tsc_sync){ .base = base, .expected = expected, .highest = LOWEST };
}

void tsc_sync_join(struct tsc_sync *sync, struct tsc_sync_view *view)
{
    *view = (struct tsc_sync_view){ .behind = 0 };
    /* Relaxed: it publishes nothing. */
    __atomic_fetch_add(&sync->arrived, 1, __ATOMIC_RELAXED);
}

bool tsc_sync_all_joined(const struct tsc_sync *sync)
{
    return __atomic_load_n(&sync->arrived, __ATOMIC_RELAXED) >= sync->expected;
}

int64_t tsc_sync_load_highest(const struct tsc_sync *sync)
{
    /* Acquire pairs with the release in tsc_sync_publish(): the other counter was read before this one will
     * be. */
    return __atomic_load_n(&sync->highest, __ATOMIC_ACQUIRE);
}

static int64_t reading_of(const struct tsc_sync *sync, unsigned int cpu, uint64_t tick)
{
    int64_t distance = (int64_t)(tick - sync->base);
    if (distance > REACH_MAX)
        distance = REACH_MAX;
    if (distance < -REACH_MAX)
        distance = -REACH_MAX;
    return distance * CPUS + cpu;
}

void tsc_sync_publish(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu, int64_t seen,
                      uint64_t tick)
{
    int64_t mine = reading_of(sync, cpu, tick),
            behind = (seen >> TSC_SYNC_CPU_BITS) - (mine >> TSC_SYNC_CPU_BITS);
    if (behind > (int64_t)view->behind) {
        view->behind = (uint64_t)behind;
        view->ahead_cpu = (unsigned int)(seen & (CPUS - 1));
    }
    while (mine > seen && !__atomic_compare_exchange_n(&sync->highest, &seen, mine, true, __ATOMIC_RELEASE,
                                                       __ATOMIC_RELAXED))
        ;
}

void tsc_sync_round(struct tsc_sync *sync, struct tsc_sync_view *view, unsigned int cpu,
                    tsc_sync_read_fn *read)
{
    int64_t seen = tsc_sync_load_highest(sync);
    tsc_sync_publish(sync, view, cpu, seen, read());
}

struct tsc_sync_result tsc_sync_evaluate(tsc_sync_view_fn *view_of, unsigned int cpus)
{
    struct tsc_sync_result result = { 0, 0, 0 };
    for (unsigned int cpu = 0; cpu < cpus; cpu++) {
        uint64_t behind = view_of(cpu)->behind;
        if (behind == 0)
            continue;
        struct tsc_sync_view *other = view_of(view_of(cpu)->ahead_cpu);
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

bool tsc_sync_faulty_are_ahead(const struct tsc_sync_result *result)
{
    return result->ahead_cpus < result->behind_cpus;
}

uint64_t tsc_sync_error_ticks(const struct tsc_sync_result *result, const struct tsc_sync_view *view)
{
    return tsc_sync_faulty_are_ahead(result) ? view->ahead : view->behind;
}

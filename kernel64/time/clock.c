/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading the time.
 *
 * An epoch converts ticks to nanoseconds: ns = start_ns + (ticks - start_tick) * multiplier / 2^32. One
 * multiplication; the multiplier is computed once. When a better rate or another clocksource is chosen, a new
 * epoch begins at the time that the old one shows. An epoch is not written after it is published, and the
 * array is large enough for all changes that a boot can make, so a reader needs one pointer and no lock; it
 * retries when that pointer has changed meanwhile.
 *
 * The TSC's epochs are kept in a chain, the newest first. A tick is converted by the epoch in which it was
 * counted, so a time stamp converts to the same nanosecond before and after the rate is refined.
 *
 * With 2^32 the multiplier of a counter of 4 GHz is rounded by one part in 10^9: 86 us a day, far below any
 * crystal.
 *
 * A counter of less than 64 bits is widened in wide_count: the count of the last reader, to which the new
 * count's distance is added. A reader that was overtaken finds its distance to be nearly a whole wrap, and
 * returns the other's count.
 */
#include <time/clock.h>

#include <ashlar/check.h>
#include <ashlar/time_units.h>
#include <cpu/insn.h>
#include <log/log.h>

struct epoch {
    struct clock_counter *counter; /* NULL: the TSC */
    const struct epoch *earlier;   /* of the TSC: the one before; NULL: none, or of another counter */
    uint64_t start_tick, start_ns;
    uint64_t multiplier;   /* nanoseconds a tick, times 2^CLOCK_SHIFT */
    uint64_t ticks_per_ns; /* the inverse, rounded up, times 2^CLOCK_SHIFT */
};

/* Before clock_init() a tick counts as a nanosecond. */
static struct epoch epochs[CLOCK_CHANGES_MAX + 1] = {
    { .multiplier = 1ULL << CLOCK_SHIFT, .ticks_per_ns = 1ULL << CLOCK_SHIFT },
};
static unsigned int epoch_count = 1;
static const struct epoch *current = &epochs[0];   /* atomic */
static const struct epoch *tsc_epoch = &epochs[0]; /* atomic; the TSC's newest */

static uint64_t wide_count; /* atomic; of the counter that is the clock */

static uint64_t tsc_hz = NS_PER_SECOND;
static bool is_tsc_rate_final; /* atomic */

/* ---- reading ---- */

/* Signed: a tick before the epoch's first is a time before its start. */
static inline uint64_t nanoseconds_in(const struct epoch *epoch, uint64_t ticks)
{
    __int128 product = (__int128)(int64_t)(ticks - epoch->start_tick) * (int64_t)epoch->multiplier;
    return epoch->start_ns + (uint64_t)(product >> CLOCK_SHIFT);
}

/* The last reader's count is loaded before the counter is read: the reading is then behind it by at most what
   another CPU's reading takes, however long this CPU is interrupted in between. */
static uint64_t read_wide(struct clock_counter *counter)
{
    uint64_t mask = clock_counter_mask(counter);
    uint64_t last = __atomic_load_n(&wide_count, __ATOMIC_ACQUIRE);
    for (;;) {
        uint64_t ahead = (counter->read(counter) - last) & mask;
        if (ahead > mask / 2)
            return last;
        /* Release pairs with the acquire: a reader that loads this count reads the counter after it. */
        if (ahead == 0 || __atomic_compare_exchange_n(&wide_count, &last, last + ahead, true,
                                                      __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            return last + ahead;
    }
}

/* Acquire pairs with the release in publish(): the epoch is filled in. */
static inline const struct epoch *current_epoch(void)
{
    return __atomic_load_n(&current, __ATOMIC_ACQUIRE);
}

/* A reader that was interrupted between loading the epoch and reading its counter retries: after a change of
   rate, the old epoch's time for this moment may be ahead of the new one's. */
static NOINLINE uint64_t read_slowly(void)
{
    const struct epoch *epoch;
    uint64_t ns;
    do {
        epoch = current_epoch();
        ns = nanoseconds_in(epoch, epoch->counter ? read_wide(epoch->counter) : cpu_read_tsc_ordered());
    } while (epoch != current_epoch());
    return ns;
}

uint64_t clock_now_ns(void)
{
    const struct epoch *epoch = current_epoch();
    if (UNLIKELY(epoch->counter != NULL))
        return read_slowly();
    uint64_t ns = nanoseconds_in(epoch, cpu_read_tsc_ordered());
    return LIKELY(epoch == current_epoch()) ? ns : read_slowly();
}

static const struct epoch *current_tsc_epoch(void)
{
    return __atomic_load_n(&tsc_epoch, __ATOMIC_ACQUIRE);
}

uint64_t clock_nanoseconds(uint64_t ticks)
{
    const struct epoch *epoch = current_tsc_epoch();
    while (UNLIKELY((int64_t)(ticks - epoch->start_tick) < 0) && epoch->earlier)
        epoch = epoch->earlier;
    return nanoseconds_in(epoch, ticks);
}

uint64_t clock_duration_ns(uint64_t ticks)
{
    const struct epoch *epoch = current_tsc_epoch();
    return nanoseconds_in(epoch, epoch->start_tick + ticks) - epoch->start_ns;
}

/* The PIT is read by three accesses under a lock, and NMIs and panics log. */
uint64_t clock_stamp_ns(void)
{
    const struct clock_counter *counter = current_epoch()->counter;
    return counter && counter->bits == 16 ? clock_nanoseconds(cpu_read_tsc()) : clock_now_ns();
}

uint64_t clock_tick_of(uint64_t ns)
{
    const struct epoch *epoch = current_tsc_epoch();
    if (ns <= epoch->start_ns)
        return epoch->start_tick;
    unsigned __int128 ticks =
        ((unsigned __int128)(ns - epoch->start_ns) * epoch->ticks_per_ns >> CLOCK_SHIFT) + 1;
    uint64_t left = UINT64_MAX - epoch->start_tick;
    return ticks > left ? UINT64_MAX : epoch->start_tick + (uint64_t)ticks;
}

/* No 128-bit division: in two parts. */
uint64_t clock_ticks_per_ns(uint64_t rate_hz)
{
    return (rate_hz / NS_PER_SECOND << CLOCK_SHIFT) +
           ((rate_hz % NS_PER_SECOND) << CLOCK_SHIFT) / NS_PER_SECOND + 1;
}

/* ---- changing ---- */

static struct epoch *next_epoch(struct clock_counter *counter, uint64_t rate_hz)
{
    VERIFY(epoch_count < CLOCK_CHANGES_MAX + 1 && rate_hz > 0);
    struct epoch *epoch = &epochs[epoch_count++];
    epoch->counter = counter;
    epoch->multiplier = (NS_PER_SECOND << CLOCK_SHIFT) / rate_hz;
    epoch->ticks_per_ns = clock_ticks_per_ns(rate_hz);
    return epoch;
}

static void publish(struct epoch *epoch)
{
    if (!epoch->counter)
        __atomic_store_n(&tsc_epoch, epoch, __ATOMIC_RELEASE);
    if (epoch->counter || !current->counter)
        __atomic_store_n(&current, epoch, __ATOMIC_RELEASE);
}

void clock_set_tsc_rate(uint64_t rate_hz)
{
    struct epoch *epoch = next_epoch(NULL, rate_hz);
    tsc_hz = rate_hz;
    epoch->earlier = tsc_epoch;
    epoch->start_tick = cpu_read_tsc_ordered();
    epoch->start_ns = current->counter ? clock_now_ns() : nanoseconds_in(current, epoch->start_tick);
    publish(epoch);
}

void clock_set_tsc_rate_final(void)
{
    __atomic_store_n(&is_tsc_rate_final, true, __ATOMIC_RELAXED);
}

bool clock_tsc_rate_is_final(void)
{
    return __atomic_load_n(&is_tsc_rate_final, __ATOMIC_RELAXED);
}

void clock_set_counter(struct clock_counter *counter)
{
    struct epoch *epoch = next_epoch(counter, counter->rate_hz);
    uint64_t count = counter->read(counter);
    epoch->start_ns = clock_now_ns();
    __atomic_store_n(&wide_count, count, __ATOMIC_RELAXED);
    epoch->start_tick = count;
    publish(epoch);
}

uint64_t clock_wide_count(void)
{
    return read_wide(current_epoch()->counter);
}

/* Whole wraps do not change the low bits, with which other CPUs widen the counts that they read meanwhile. */
void clock_add_wraps(uint64_t wraps)
{
    __atomic_fetch_add(&wide_count, wraps << current_epoch()->counter->bits, __ATOMIC_ACQ_REL);
}

void clock_init(uint64_t zero, uint64_t rate_hz)
{
    struct epoch *epoch = next_epoch(NULL, rate_hz);
    tsc_hz = rate_hz;
    epoch->start_tick = zero;
    publish(epoch);
    log_set_clock(clock_nanoseconds, clock_stamp_ns);
}

/* ---- the clocksource ---- */

const char *clock_name(void)
{
    return current->counter ? current->counter->name : "tsc";
}

bool clock_is_tsc(void)
{
    return !__atomic_load_n(&current, __ATOMIC_ACQUIRE)->counter;
}

uint64_t clock_tsc_hz(void)
{
    return tsc_hz;
}

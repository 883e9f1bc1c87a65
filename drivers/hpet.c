/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The high precision event timers.
 *
 * The main counter has 64 bits or 32, and 32 are used. The specification allows reads of either size, but a
 * 64-bit read crosses a 32-bit bus as two, and a carry between them gives a count that is 2^32 ticks wrong.
 * Reading the upper half twice would avoid that and cost two more accesses of up to a microsecond, for a
 * value that is not needed: the clock is updated more often than every 43 s, in which 32 bits wrap at 100
 * MHz.
 *
 * A comparator interrupts when the count equals it, not when the count has passed it: a value written too
 * late matches one wrap of the counter later. So arm() reads the count again after the write; if the count is
 * near the value or past it, the interrupt may or may not have been raised, and the comparator is set again,
 * as close as possible and each time twice as far away. "Near" is SETTLE ticks, because a new value takes
 * effect with a delay: two ticks on Intel's chips, and so many more on some of AMD's that other kernels use
 * 128 after 8 had been too few. The read also flushes the posted write.
 *
 * An extra interrupt is harmless; one that never comes hangs the machine.
 */
#include <ashlar/dev/hpet.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <ashlar/io.h>

/* "Register Overview", 2.3.1. Each is 64 bits wide and accessed in halves. */
enum reg {
    GCAP_ID = 0x000,
    COUNTER_CLK_PERIOD = 0x004, /* of the counter, in femtoseconds */
    GEN_CONF = 0x010,
    GINTR_STA = 0x020,
    MAIN_CNT = 0x0f0,
    /* of comparator 0; the next is COMPARATOR_STRIDE further */
    TIM_CONF = 0x100,
    TIM_ROUTE_CAP = 0x104,
    TIM_COMP = 0x108,
};
#define COMPARATOR_STRIDE 0x20

/* "General Capabilities and ID Register", 2.3.4. */
#define REV_ID        0x000000ffu /* never 0 */
#define NUM_TIM_CAP   0x00001f00u
#define MAX_PERIOD_FS 100000000u /* 100 ns */
#define FS_PER_SECOND 1000000000000000ULL

/* "General Configuration Register", 2.3.5. The other bits are reserved, and kept. */
#define ENABLE_CNF 0x1u
#define LEG_RT_CNF 0x2u

/* "Timer N Configuration and Capabilities Register", 2.3.8. */
#define INT_TYPE_CNF    0x0002u
#define INT_ENB_CNF     0x0004u
#define TYPE_CNF        0x0008u
#define VAL_SET_CNF     0x0040u
#define MODE32_CNF      0x0100u
#define INT_ROUTE_CNF   0x3e00u
#define INT_ROUTE_SHIFT 9
#define FSB_EN_CNF      0x4000u /* the interrupt is a message (FSB), not a line */

/*
 * A quarter of the counter's range. Up to a half, the sign of the difference of two counts is their order;
 * the other quarter is reserve for a clock that must read the counter once per wrap and sleeps between
 * interrupts.
 */
#define MAX_TICKS 0x40000000u

/* 128: see above. At 14.3 MHz, the lowest rate in use, these are 9 us. */
#define SETTLE   128
#define SHORTEST (2 * SETTLE)

/* Reads to wait for the counter to advance, and changes that are proof of it. */
#define FIND_READINGS 1000
#define FIND_CHANGES  3

static uint32_t hpet_read(const struct hpet *hpet, unsigned int reg)
{
    return mmio_read32(hpet->registers + reg);
}

static void hpet_write(const struct hpet *hpet, unsigned int reg, uint32_t value)
{
    mmio_write32(hpet->registers + reg, value);
}

/* The offset of comparator @n's copy of one of the TIM registers. */
static unsigned int of(unsigned int n, enum reg reg)
{
    return reg + n * COMPARATOR_STRIDE;
}

static uint64_t hpet_counter_read(struct clock_counter *counter)
{
    return hpet_read(container_of(counter, struct hpet, counter), MAIN_CNT);
}

static bool hpet_counts(const struct hpet *hpet)
{
    unsigned int changes = 0;
    uint32_t before = hpet_read(hpet, MAIN_CNT);
    for (unsigned int i = 0; i < FIND_READINGS && changes < FIND_CHANGES; i++) {
        uint32_t now = hpet_read(hpet, MAIN_CNT);
        changes += now != before;
        before = now;
    }
    return changes == FIND_CHANGES;
}

static void silence_comparators(const struct hpet *hpet)
{
    uint32_t level_triggered = 0;
    for (unsigned int n = 0; n < hpet->comparators; n++) {
        uint32_t config = hpet_read(hpet, of(n, TIM_CONF));
        hpet_write(hpet, of(n, TIM_CONF), config & ~(INT_ENB_CNF | FSB_EN_CNF));
        if (config & INT_TYPE_CNF)
            level_triggered |= (uint32_t)BIT(n);
    }
    /* Clears asserted level-triggered interrupts; bits of edge-triggered ones must be written as 0. */
    hpet_write(hpet, GINTR_STA, level_triggered);
}

status_t hpet_init(struct hpet *hpet, void *registers)
{
    *hpet = (struct hpet){ .registers = registers };
    uint32_t capabilities = hpet_read(hpet, GCAP_ID), period_fs = hpet_read(hpet, COUNTER_CLK_PERIOD);
    if ((capabilities & REV_ID) == 0 || period_fs == 0 || period_fs > MAX_PERIOD_FS)
        return STATUS_MALFORMED;

    hpet->comparators = (uint8_t)(((capabilities & NUM_TIM_CAP) >> 8) + 1);
    hpet->counter = (struct clock_counter){
        .name = "hpet",
        .rate_hz = (FS_PER_SECOND + period_fs / 2) / period_fs,
        .bits = 32,
        .read = hpet_counter_read,
    };
    /* It must be enabled to count. If it does not, it may be no HPET: the register is restored, and no other
       is written. */
    uint32_t config = hpet_read(hpet, GEN_CONF);
    hpet_write(hpet, GEN_CONF, (config & ~LEG_RT_CNF) | ENABLE_CNF);
    if (!hpet_counts(hpet)) {
        hpet_write(hpet, GEN_CONF, config);
        return STATUS_NOT_FOUND;
    }
    silence_comparators(hpet);
    return STATUS_OK;
}

uint32_t hpet_routes(const struct hpet *hpet, unsigned int n)
{
    return n < hpet->comparators ? hpet_read(hpet, of(n, TIM_ROUTE_CAP)) : 0;
}

static void hpet_clockevent_enable(struct hpet *hpet, bool enable)
{
    unsigned int reg = of(hpet->used, TIM_CONF);
    uint32_t config = hpet_read(hpet, reg) & ~INT_ENB_CNF;
    hpet_write(hpet, reg, enable ? config | INT_ENB_CNF : config);
    hpet->is_armed = enable;
}

static void hpet_clockevent_arm(struct clockevent_device *device, uint64_t ticks)
{
    struct hpet *hpet = container_of(device, struct hpet, clockevent);
    CHECK(ticks >= 1 && ticks <= MAX_TICKS, "hpet: a deadline is within the range of a comparator");
    /* One more, because part of the current tick has passed. */
    uint32_t delay = (uint32_t)ticks + 1 > SHORTEST ? (uint32_t)ticks + 1 : SHORTEST;
    for (uint32_t again = SHORTEST; again <= MAX_TICKS; again *= 2) {
        uint32_t value = hpet_read(hpet, MAIN_CNT) + delay;
        hpet_write(hpet, of(hpet->used, TIM_COMP), value);
        /* After the write: the previous value could match. */
        if (!hpet->is_armed)
            hpet_clockevent_enable(hpet, true);
        int32_t left = (int32_t)(value - hpet_read(hpet, MAIN_CNT));
        if (left >= SETTLE)
            return;
        delay = again;
    }
}

static void hpet_clockevent_disarm(struct clockevent_device *device)
{
    hpet_clockevent_enable(container_of(device, struct hpet, clockevent), false);
}

status_t hpet_use_comparator(struct hpet *hpet, unsigned int n, uint32_t gsi)
{
    if (n >= hpet->comparators)
        return STATUS_INVALID;
    if (gsi >= 32 || !(hpet_routes(hpet, n) & BIT(gsi)))
        return STATUS_UNSUPPORTED;

    if (hpet->is_armed)
        hpet_clockevent_enable(hpet, false);
    const uint32_t ours =
        INT_TYPE_CNF | INT_ENB_CNF | TYPE_CNF | VAL_SET_CNF | MODE32_CNF | INT_ROUTE_CNF | FSB_EN_CNF;
    uint32_t config = hpet_read(hpet, of(n, TIM_CONF)) & ~ours;
    hpet_write(hpet, of(n, TIM_CONF), config | MODE32_CNF | gsi << INT_ROUTE_SHIFT);
    /* A route exists if the field reads back (2.3.8). A 32-bit comparator need not keep MODE32_CNF. */
    uint32_t kept = hpet_read(hpet, of(n, TIM_CONF)) & ours & ~MODE32_CNF;
    if (kept != gsi << INT_ROUTE_SHIFT)
        return STATUS_UNSUPPORTED;

    hpet->used = (uint8_t)n;
    hpet->clockevent = (struct clockevent_device){
        .name = "hpet",
        .rate_hz = hpet->counter.rate_hz,
        .max_ticks = MAX_TICKS,
        .arm = hpet_clockevent_arm,
        .disarm = hpet_clockevent_disarm,
    };
    return STATUS_OK;
}

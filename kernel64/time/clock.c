/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The time-stamp counter as the clock.
 *
 * A tick becomes nanoseconds by one multiplication, ns = ticks * multiplier >> SHIFT, with the
 * multiplier computed once; no division on the reading side. SHIFT 32 keeps the rounding error
 * below one part in 10^9 for any rate from 4 MHz up.
 *
 * Measuring uses channel 2 of the 8254, which counts at 1193182 Hz and can be gated and read
 * without an interrupt. The first reading is taken right after the counter was seen to change, so
 * one sample is good to a few counts in CLOCK_SAMPLE_NS: under 1 %, enough for a log. A timer that
 * is not there reads the same value for ever; it is given up after PIT_PATIENCE readings.
 */
#include <time/clock.h>

#include <ashlar/io.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <diag/log.h>

#define SHIFT         32
#define NS_PER_SECOND 1000000000ULL

/* A rate below this is a mistake: the oldest CPU with long mode runs at 1.4 GHz, no hypervisor says less than 1 MHz. */
#define LOWEST_HZ 1000000ULL

#define PIT_HZ           1193182ULL
#define PIT_CHANNEL2     0x42
#define PIT_COMMAND      0x43
#define PIT_SET_CHANNEL2 0xb0 /* low then high byte, mode 0, binary */
#define PIT_LATCH2       0x80
#define SYSTEM_PORT_B    0x61
#define GATE2            0x01
#define SPEAKER          0x02
#define PIT_PATIENCE     1000

static struct {
    uint64_t zero;
    uint64_t multiplier; /* nanoseconds a tick, times 2^SHIFT */
    uint64_t rate_hz;
    const char *source;
} clock = { .multiplier = 1ULL << SHIFT, .rate_hz = NS_PER_SECOND, .source = "assumed" };

uint64_t clock_nanoseconds(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)(ticks - clock.zero) * clock.multiplier) >> SHIFT);
}

uint64_t clock_rate_hz(void)
{
    return clock.rate_hz;
}

const char *clock_rate_source(void)
{
    return clock.source;
}

uint64_t clock_rate_from_cpuid15(uint32_t eax, uint32_t ebx, uint32_t ecx)
{
    return eax != 0 && ebx != 0 && ecx != 0 ? (uint64_t)ecx * ebx / eax : 0;
}

static uint64_t rate_from_cpuid(void)
{
    if (cpu_cpuid(0, 0).eax < 0x15)
        return 0;
    struct cpuid_result leaf = cpu_cpuid(0x15, 0);
    return clock_rate_from_cpuid15(leaf.eax, leaf.ebx, leaf.ecx);
}

/* Leaf 0x40000010, EAX in kHz: VMware's, also spoken by KVM and VirtualBox. */
static uint64_t rate_from_hypervisor(void)
{
    if (!cpu_has(CPU_FEATURE_HYPERVISOR) || cpu_cpuid(0x40000000, 0).eax < 0x40000010)
        return 0;
    return cpu_cpuid(0x40000010, 0).eax * 1000ULL;
}

static uint16_t read_pit(void)
{
    io_out8(PIT_COMMAND, PIT_LATCH2);
    uint8_t low = io_in8(PIT_CHANNEL2);
    return (uint16_t)(low | io_in8(PIT_CHANNEL2) << 8);
}

/* The count right after it changed, and the tick of that moment; false when it does not count. */
static bool read_pit_edge(uint16_t *count, uint64_t *tick)
{
    uint16_t before = read_pit();
    for (int i = 0; i < PIT_PATIENCE; i++) {
        *count = read_pit();
        *tick = cpu_read_tsc();
        if (*count != before)
            return true;
    }
    return false;
}

static uint64_t measure_against_pit(void)
{
    uint8_t port_b = io_in8(SYSTEM_PORT_B);
    io_out8(SYSTEM_PORT_B, (uint8_t)((port_b & ~SPEAKER) | GATE2));
    io_out8(PIT_COMMAND, PIT_SET_CHANNEL2);
    io_out8(PIT_CHANNEL2, 0xff);
    io_out8(PIT_CHANNEL2, 0xff);

    const uint16_t wanted = PIT_HZ * CLOCK_SAMPLE_NS / NS_PER_SECOND;
    uint16_t first, last = 0;
    uint64_t start, end = 0, rate = 0;
    if (read_pit_edge(&first, &start)) {
        /* Each edge is waited for with patience, so a counter that stops half-way ends the loop too. */
        bool counts;
        do
            counts = read_pit_edge(&last, &end);
        while (counts && (uint16_t)(first - last) < wanted);
        if (counts)
            rate = (end - start) * PIT_HZ / (uint16_t)(first - last);
    }
    io_out8(SYSTEM_PORT_B, port_b);
    return rate;
}

/* A log with wrong seconds is better than none. */
static uint64_t assume(void)
{
    return NS_PER_SECOND;
}

void clock_init(uint64_t zero)
{
    static const struct {
        const char *name;
        uint64_t (*rate_hz)(void);
    } ways[] = {
        { "cpuid", rate_from_cpuid },
        { "hypervisor", rate_from_hypervisor },
        { "pit", measure_against_pit },
        { "assumed", assume },
    };
    size_t i = 0;
    do {
        clock.rate_hz = ways[i].rate_hz();
        clock.source = ways[i].name;
        i++;
    } while (clock.rate_hz < LOWEST_HZ);
    clock.multiplier = (NS_PER_SECOND << SHIFT) / clock.rate_hz;
    clock.zero = zero;
    log_set_clock(clock_nanoseconds);
}

void clock_log_rate(void)
{
    log_info("time", "the time-stamp counter runs at %lu Hz (%s)", clock.rate_hz, clock.source);
}

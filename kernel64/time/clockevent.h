/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The clockevent: the device that interrupts at a programmed time. One kind for all CPUs, chosen at boot and
 * again when the clocksource changes. Used by time/timer.c alone; all others arm timers.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/* The candidates. */
struct clockevent_setup {
    struct clockevent_device *device; /* of a timer chip, for CPUs without a timer of their own; NULL: none */
    int isa; /* its ISA interrupt; -1: it has a GSI, edge triggered and active high: */
    uint32_t gsi;
    uint64_t lapic_hz;     /* of the LAPIC timer, before its divider; 0: not known */
    const char *only;      /* the name of the only clockevent allowed; NULL: the best */
    void (*expired)(void); /* called in the interrupt, at the programmed time or earlier */
};

/**
 * clockevent_init() - choose the clockevent, and set it up on this CPU.
 * @setup: copied.
 *
 *     tsc-deadline   the CPU has it, and the TSC is the clocksource; no erratum forbids it (cpu/errata.h)
 *     lapic          its rate is known, and C1E does not stop it
 *     hpet, pit      its interrupt can be requested
 *
 * Other CPUs, if it is not the first choice, are made to arm theirs by an IPI with the timer's vector.
 * Return: false when there is none: timers are polled.
 * Context: BSP, interrupts off, after controllers_init(). Again after the clocksource has changed.
 */
bool clockevent_init(const struct clockevent_setup *setup);

/**
 * clockevent_arm() - program an interrupt. Replaces the one before.
 * @deadline_ns: since boot. The interrupt comes then or a little later; earlier when that is beyond the
 *               device's range; as soon as interrupts are on when it has passed.
 * @is_shared:   clockevent_is_shared(), as the caller has read it. If true, one caller at a time.
 *
 * Return: false, and nothing is armed, when it has become a shared one since.
 * Context: interrupts off, on the CPU to be interrupted.
 * Cost: a WRMSR or an uncached write; the HPET and the PIT several accesses.
 */
bool clockevent_arm(uint64_t deadline_ns, bool is_shared);

/**
 * clockevent_set_lapic_rate() - a better value of the LAPIC timer's rate. An armed timer keeps its delay.
 * @lapic_hz: before its divider; 0: not known.
 *
 * Context: interrupts off.
 */
void clockevent_set_lapic_rate(uint64_t lapic_hz);

/* "tsc-deadline", "lapic", "hpet", "pit" or "none". Context: any. */
const char *clockevent_name(void);

/* Set up the clockevent on an AP. Context: that CPU, interrupts off. */
void clockevent_init_cpu(void);

/* Stop this CPU's timer until clockevent_init_cpu(). Context: interrupts off. */
void clockevent_offline_cpu(void);

/* Whether all CPUs share one device, which interrupts the BSP. Context: any. */
bool clockevent_is_shared(void);

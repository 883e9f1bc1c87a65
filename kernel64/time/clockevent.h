/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interrupt that says that a time has come: one source for all CPUs, chosen at the start and again when
 * the clock is left. Only time/timer.c uses it; everybody else arms timers.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/types.h>

/* What there is to choose from. */
struct clockevent_setup {
    struct clock_alarm *alarm; /* of a timer chip, for a CPU that has no timer of its own; NULL: none */
    int isa;                   /* its ISA interrupt; -1: it has a GSI, edge triggered and active high: */
    uint32_t gsi;
    uint64_t lapic_hz;     /* of the LAPIC's timer, before its divider; 0: not known */
    const char *only;      /* the name of the one source that may be used; NULL: the best */
    void (*expired)(void); /* called in the interrupt when the time has come, and perhaps before */
};

/**
 * clockevent_init() - choose the source for this machine, and set up the first CPU's.
 *
 *     tsc-deadline   the CPU has it, and the time-stamp counter is the clock; no erratum forbids it
 *                    (cpu/errata.h)
 *     lapic          its rate is known, and C1E does not stop it
 *     the alarm      its interrupt can be had
 *
 * Return: false when there is none: nothing interrupts, timers run only when somebody looks.
 * Context: first CPU, interrupts off, after irq_init(). Again after the clock has changed.
 */
bool clockevent_init(const struct clockevent_setup *setup);

/**
 * clockevent_arm() - interrupt at @deadline_ns, or a little later, or earlier when that is further than the
 * source reaches.
 *
 * Replaces what was armed; a time that has passed interrupts as soon as interrupts are on.
 * Context: interrupts off, on the CPU that is to be interrupted; where clockevent_is_shared(), one caller at
 * a time.
 */
void clockevent_arm(uint64_t deadline_ns);

/* The LAPIC timer's rate before its divider is known better. What is armed keeps its delay. Context:
   interrupts off. */
void clockevent_set_lapic_rate(uint64_t lapic_hz);

/* "tsc-deadline", "lapic", "hpet", "pit", "none". */
const char *clockevent_name(void);

/* The source of another CPU, as clockevent_init() chose it. Context: that CPU, interrupts off. */
void clockevent_init_cpu(void);

/* This CPU's timer interrupts no more; clockevent_init_cpu() has it interrupt again. Context: interrupts off.
 */
void clockevent_offline_cpu(void);

/* Whether all CPUs share one source, which interrupts the first: an alarm. */
bool clockevent_is_shared(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Timers: a function called at a time, on the CPU that armed it. Nothing interrupts when nothing is due.
 *
 * A struct timer is set up by timer_init() and taken back by timer_cancel() or timer_cancel_wait():
 * time/timer_queue.h.
 */
#include <time/clockevent.h>
#include <time/timer_queue.h>

/**
 * timer_prepare_cpu() - make a CPU's queue, empty.
 * @cpu: counted by percpu_add(), and not online yet.
 *
 * Context: any.
 */
void timer_prepare_cpu(unsigned int cpu);

/**
 * timer_start() - timers work from now on.
 * @setup: what the interrupt may come from; its expired is filled in here.
 *
 * Context: first CPU, interrupts off.
 */
void timer_start(const struct clockevent_setup *setup);

/**
 * timer_arm() - have a timer's handler called at a time, on this CPU; one that is armed already is moved.
 * @deadline_ns: as clock_now_ns() counts; one that has passed is called as soon as interrupts are on.
 *
 * Return: whether it was armed. Context: any but NMI.
 */
bool timer_arm(struct timer *timer, uint64_t deadline_ns);

/**
 * timer_poll() - call what is due on this CPU: for machines that nothing interrupts, and for waiting loops.
 * Context: thread.
 */
void timer_poll(void);

/**
 * timer_sleep_until() - wait for a time, the CPU halted meanwhile.
 * Context: thread, interrupts on.
 */
void timer_sleep_until(uint64_t deadline_ns);

/* The same by reading the clock over and over: for short waits, and where interrupts are off. */
void timer_spin_ns(uint64_t delay_ns);

/**
 * timer_offline_cpu() - this CPU's timers are the first CPU's from now on, and nothing interrupts here.
 *
 * Return: whether the first CPU has to call timer_rearm(). Context: interrupts off, until this CPU stops.
 */
bool timer_offline_cpu(void) MUST_CHECK;

/* Has the hardware armed for the earliest deadline of this CPU. Context: interrupts off. */
void timer_rearm(void);

/* Whether timers interrupt. */
bool timer_interrupts(void);

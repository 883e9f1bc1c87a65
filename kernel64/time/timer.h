/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Timers: a function called at a time, on the CPU that armed it. No periodic interrupt: an idle CPU is not
 * interrupted while no timer is due.
 *
 * A struct timer is set up by timer_init() and disarmed by timer_cancel() or timer_cancel_wait():
 * time/timer_queue.h.
 */
#include <time/clockevent.h>
#include <time/timer_queue.h>

/**
 * timer_prepare_cpu() - initialize a CPU's queue, once.
 * @cpu: counted by percpu_add(), and not online yet; the BSP's before timer_start().
 *
 * Context: the BSP.
 */
void timer_prepare_cpu(unsigned int cpu);

/**
 * timer_start() - choose the clockevent; timers work from now on.
 * @setup: the candidates; its expired is filled in here.
 *
 * Context: BSP, interrupts off. Again after the clocksource has changed.
 */
void timer_start(const struct clockevent_setup *setup);

/**
 * timer_arm() - have a timer's handler called at a time on this CPU; a timer that is armed is moved.
 * @timer:       by timer_init().
 * @deadline_ns: since boot, as clock_now_ns(); one that has passed is called as soon as interrupts are on.
 *
 * Return: whether it was armed before; that deadline is void.
 * Context: any but NMI and a cross-call. Takes the locks of timer_queue_arm(), and where the clockevent is a
 *          shared one LOCK_TIMER_DEVICE.
 * Cost: O(log armed), and a write to the clockevent when it is the earliest.
 */
bool timer_arm(struct timer *timer, uint64_t deadline_ns);

/**
 * timer_poll() - call what is due on this CPU: for machines without a clockevent, and for waiting loops.
 *
 * Context: thread.
 */
void timer_poll(void);

/**
 * timer_sleep_until() - wait for a time, with the CPU halted.
 * @deadline_ns: since boot.
 *
 * Context: CHECK_MAY_SLEEP() of ashlar/sync/context.h: thread, interrupts on, no lock held.
 */
void timer_sleep_until(uint64_t deadline_ns);

/**
 * timer_spin_ns() - wait by reading the clock in a loop: for short delays, and with interrupts off.
 * @delay_ns: at least so long.
 *
 * Context: any but NMI.
 */
void timer_spin_ns(uint64_t delay_ns);

/**
 * timer_offline_cpu() - move this CPU's timers to the BSP, and stop its clockevent.
 *
 * Return: whether the BSP must call timer_rearm().
 * Context: interrupts off, until this CPU halts.
 */
bool timer_offline_cpu(void) MUST_CHECK;

/* Program the clockevent for this CPU's earliest deadline. Context: interrupts off. */
void timer_rearm(void);

/* timer_queue_list() of CPU @cpu, below percpu_count(). Context: any but NMI. */
size_t timer_list(unsigned int cpu, struct timer_armed *armed, size_t capacity);

/* Whether there is a clockevent; else timers are polled. Context: any. */
bool timer_interrupts(void);

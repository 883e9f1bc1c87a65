/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clockevent changes on one CPU while another one comes online and arms it: with threads that are CPUs,
 * each with its own GS base. In the end the second one has armed the new clockevent, by itself or in the
 * interrupt that the first one has sent. tests/models/clockevent.pml is the model.
 *
 * Without the fence of clockevent_init(), or that of clockevent_init_cpu(), the fast variant fails.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <asm/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <ashlar/bits.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <time/clockevent.h>

#include "clockevent_machine.h"
#include "litmus.h"

#define CPUS   2
#define ROUNDS 1000000

/* ---- two CPUs ---- */

PERCPU(unsigned int, cpu_number);
PERCPU(bool, may_move);

extern char __bss_start[], _end[]; /* of the linker */
static char *second_copy;          /* of per-CPU data and all around it */

static char *first_copy(void)
{
    return (char *)align_down((uintptr_t)__bss_start, 64);
}

uintptr_t percpu_distance(unsigned int cpu)
{
    return cpu == 0 ? 0 : (uintptr_t)second_copy - (uintptr_t)first_copy();
}

unsigned int percpu_count(void)
{
    return CPUS;
}

void percpu_check_stays(void)
{
    abort();
}

/* ---- the machine ---- */

static _Thread_local enum lapic_timer_mode mode, armed; /* LAPIC_TIMER_OFF: not armed */
static unsigned int is_pending;                         /* of CPU 1, the timer's interrupt */

uint32_t lapic_id(void)
{
    return 10 + PERCPU_MINE(cpu_number);
}

status_t lapic_send(uint32_t apic_id, uint8_t vector)
{
    MUST(apic_id == 11 && vector == VECTOR_TIMER);
    relaxed_store(&is_pending, 1);
    return STATUS_OK;
}

void lapic_timer_set_mode(enum lapic_timer_mode wanted)
{
    mode = wanted;
    armed = LAPIC_TIMER_OFF;
}

void lapic_timer_arm(uint32_t count)
{
    MUST(count > 0 && mode == LAPIC_TIMER_ONE_SHOT);
    armed = mode;
}

void lapic_timer_arm_deadline(uint64_t tick)
{
    (void)tick;
    MUST(mode == LAPIC_TIMER_TSC_DEADLINE);
    armed = mode;
}

/* ---- the race ---- */

static const struct clockevent_setup setup = { .isa = -1, .lapic_hz = 1000000000 };

static unsigned int begun, changed, ended; /* rounds so far */
static unsigned int interrupts;

static void wait_for_round(unsigned int *rounds, unsigned int round)
{
    for (unsigned int turns = 0; relaxed_load(rounds) != round; litmus_wait(&turns))
        ;
}

/* So that the two meet in different places. */
static void pause_at_random(void)
{
    for (uint64_t i = seed_below(64); i > 0; i--)
        __asm__ volatile("" ::: "memory");
}

static void change(unsigned int round)
{
    is_tsc = true;
    MUST(clockevent_init(&setup) && mode == LAPIC_TIMER_TSC_DEADLINE);
    relaxed_store(&begun, round);
    pause_at_random();
    is_tsc = false;
    MUST(clockevent_init(&setup) && mode == LAPIC_TIMER_ONE_SHOT);
    relaxed_store(&changed, round);
    wait_for_round(&ended, round);
}

static void come_and_go(unsigned int round)
{
    wait_for_round(&begun, round);
    pause_at_random();
    clockevent_init_cpu();
    MUST(clockevent_arm(2000, false));
    wait_for_round(&changed, round);
    if (relaxed_load(&is_pending)) {
        relaxed_store(&is_pending, 0);
        interrupts++;
        MUST(clockevent_arm(2000, false));
    }
    MUST(armed == LAPIC_TIMER_ONE_SHOT);
    clockevent_offline_cpu();
    relaxed_store(&ended, round);
}

static void run(unsigned int cpu)
{
    MUST(syscall(SYS_arch_prctl, ARCH_SET_GS, percpu_distance(cpu)) == 0);
    PERCPU_MINE(cpu_number) = cpu;
    local_irq_disable();
    for (unsigned int round = 1; round <= ROUNDS; round++)
        (cpu == 0 ? change : come_and_go)(round);
    MUST(syscall(SYS_arch_prctl, ARCH_SET_GS, 0) == 0);
}

static void a_cpu_that_comes_online_during_a_change_arms_the_new_clockevent(void **state)
{
    (void)state;
    size_t size = align_up((size_t)(_end - first_copy()), 64);
    second_copy = aligned_alloc(64, size);
    assert_non_null(second_copy);
    memset(second_copy, 0, size);
    litmus_run(CPUS, run);
    printf("%u rounds, %u interrupts\n", ROUNDS, interrupts);
    free(second_copy);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_that_comes_online_during_a_change_arms_the_new_clockevent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

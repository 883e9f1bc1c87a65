/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The clockevent is chosen again, while other CPUs have armed the old one: which of them get an interrupt.
 * The test is the local APICs. The per-CPU data of the CPU that runs is the first copy, where the GS base of
 * a process is; the others have copies of their own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/percpu.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <time/clockevent.h>

#include "clockevent_machine.h"

#define CPUS 4

/* ---- the CPUs ---- */

PERCPU(unsigned int, cpu_number);
PERCPU(bool, may_move);

extern char __bss_start[], _end[]; /* of the linker */
static char *copies[CPUS];         /* of per-CPU data and all around it, as that CPU left it */
static unsigned int me;

static char *first_copy(void)
{
    return (char *)align_down((uintptr_t)__bss_start, 64);
}

static size_t copy_size(void)
{
    return align_up((size_t)(_end - first_copy()), 64);
}

uintptr_t percpu_distance(unsigned int cpu)
{
    return cpu == me ? 0 : (uintptr_t)copies[cpu] - (uintptr_t)first_copy();
}

/* Not memcpy(): the address sanitizer has gaps there. */
static __attribute__((no_sanitize("address"))) void leave(void)
{
    const volatile char *from = first_copy();
    for (size_t i = 0; i < (size_t)(_end - first_copy()); i++)
        copies[me][i] = from[i];
}

/* From here on the code runs on that CPU. What it has is set by what is called next. */
static void run_on(unsigned int cpu)
{
    me = percpu_cpu_number = cpu;
}

unsigned int percpu_count(void)
{
    return CPUS;
}

void percpu_check_stays(void)
{
    fail();
}

/* ---- the machine ---- */

static unsigned int sent[CPUS]; /* timer interrupts, by APIC ID less 10 */
static enum lapic_timer_mode mode[CPUS];

uint32_t lapic_id(void)
{
    return 10 + me;
}

status_t lapic_send(uint32_t apic_id, uint8_t vector)
{
    assert_in_range(apic_id, 10, 10 + CPUS - 1);
    assert_int_equal(vector, VECTOR_TIMER);
    sent[apic_id - 10]++;
    return STATUS_OK;
}

void lapic_timer_set_mode(enum lapic_timer_mode wanted)
{
    mode[me] = wanted;
}

void lapic_timer_arm(uint32_t count)
{
    assert_true(count > 0);
}

void lapic_timer_arm_deadline(uint64_t tick)
{
    (void)tick;
}

/* ---- the cases ---- */

static const struct clockevent_setup setup = { .isa = -1, .lapic_hz = 1000000000 };

/* CPU 0 chooses the clockevent of the TSC, CPUs 1 and 2 come online, CPU 3 does not. */
static int start(void **state)
{
    (void)state;
    for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
        copies[cpu] = aligned_alloc(64, copy_size());
        assert_non_null(copies[cpu]);
        memset(copies[cpu], 0, copy_size());
        sent[cpu] = 0;
    }
    is_tsc = true;
    local_irq_disable();
    run_on(0);
    assert_true(clockevent_init(&setup));
    assert_string_equal(clockevent_name(), "tsc-deadline");
    for (unsigned int cpu = 1; cpu < 3; cpu++) {
        run_on(cpu);
        clockevent_init_cpu();
        assert_true(clockevent_arm(2000, false));
        assert_int_equal(mode[cpu], LAPIC_TIMER_TSC_DEADLINE);
        leave();
    }
    run_on(0);
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        assert_int_equal(sent[cpu], 0);
    return 0;
}

static int end(void **state)
{
    (void)state;
    for (unsigned int cpu = 0; cpu < CPUS; cpu++)
        free(copies[cpu]);
    return 0;
}

static void replace_tsc(void)
{
    is_tsc = false;
    assert_true(clockevent_init(&setup));
    assert_string_equal(clockevent_name(), "lapic");
    assert_int_equal(mode[0], LAPIC_TIMER_ONE_SHOT);
}

static void a_new_clockevent_interrupts_each_cpu_that_uses_the_old_one(void **state)
{
    (void)state;
    replace_tsc();
    assert_true(sent[0] == 0 && sent[1] == 1 && sent[2] == 1 && sent[3] == 0);
}

static void a_new_clockevent_does_not_interrupt_an_offline_cpu(void **state)
{
    (void)state;
    run_on(2);
    clockevent_offline_cpu();
    assert_int_equal(mode[2], LAPIC_TIMER_OFF);
    leave();
    run_on(0);
    replace_tsc();
    assert_true(sent[1] == 1 && sent[2] == 0);
}

static void the_same_clockevent_again_interrupts_no_cpu(void **state)
{
    (void)state;
    assert_true(clockevent_init(&setup));
    assert_true(sent[1] == 0 && sent[2] == 0);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_new_clockevent_interrupts_each_cpu_that_uses_the_old_one),
        CLAIM(a_new_clockevent_does_not_interrupt_an_offline_cpu),
        CLAIM(the_same_clockevent_again_interrupts_no_cpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

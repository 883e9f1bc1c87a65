/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A CPU's timers while the BSP makes the clockevent a shared one: at each of the moments at which the CPU
 * reads which one it is. The test is the clockevent and the BSP. The per-CPU data of the CPU that runs is the
 * first copy, where the GS base of a process is, and the other CPU's is another one.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <cpu/percpu.h>
#include <cpu/wait.h>
#include <time/clock.h>
#include <time/timer.h>
#include <time/tsc_sync.h>
#include <time/watchdog.h>

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    mock_assert(false, expression, file, line);
    abort();
}

/* ---- two CPUs ---- */

PERCPU(unsigned int, cpu_number);
PERCPU(bool, may_move);

void percpu_check_stays(void)
{
    fail();
}

extern char __bss_start[], _end[]; /* of the linker */
static char *other_copy;

uintptr_t percpu_distance(unsigned int cpu)
{
    return cpu == percpu_cpu_number ? 0 : (uintptr_t)other_copy - align_down((uintptr_t)__bss_start, 64);
}

/* ---- the clockevent, and the BSP that replaces it ---- */

#define NEVER      UINT64_MAX
#define READS_MOST 1000

static uint64_t now_ns, own_ns, shared_ns; /* deadlines that are armed; NEVER: none */
static unsigned int reads, shared_at;      /* the read of the clockevent's kind before which it changes */
static struct clockevent_setup setup;
static struct timer_queue *bsp_queue;

static void arm_shared(void)
{
    shared_ns = NEVER;
    timer_queue_next(bsp_queue, &shared_ns);
}

/* As the BSP handles the interrupt of the shared clockevent. */
static void run_bsp(void)
{
    now_ns = shared_ns > now_ns ? shared_ns : now_ns;
    timer_queue_run(bsp_queue, now_ns);
    arm_shared();
}

/* Return: whether the clockevent is a shared one, now that a CPU reads it. */
static bool read_kind(void)
{
    assert_true(++reads < READS_MOST);
    now_ns += 10;
    if (reads == shared_at)
        arm_shared();
    if (reads >= READS_MOST / 2 && shared_ns != NEVER)
        run_bsp();
    return reads >= shared_at;
}

bool clockevent_is_shared(void)
{
    return read_kind();
}

bool clockevent_arm(uint64_t deadline_ns, bool is_shared)
{
    bool is_shared_now = read_kind();
    if (is_shared_now)
        own_ns = NEVER;
    if (is_shared_now && !is_shared)
        return false;
    *(is_shared_now ? &shared_ns : &own_ns) = setup.only ? NEVER : deadline_ns;
    return true;
}

bool clockevent_init(const struct clockevent_setup *from)
{
    setup = *from;
    return !from->only;
}

void clockevent_offline_cpu(void)
{
    own_ns = NEVER;
}

uint64_t clock_now_ns(void)
{
    return now_ns += 10;
}

void tsc_sync_tick(void)
{
}

/* On the BSP: finds the TSC unstable, and there is no clockevent that does not need it. */
void watchdog_poll(void)
{
    assert_int_equal(percpu_cpu_number, 0);
    shared_at = reads + 1;
    timer_start(&(struct clockevent_setup){ .isa = -1, .only = "none" });
}

/* This CPU's own interrupt, when it is due. */
void hosted_irqs_enabled(void)
{
    while (own_ns <= now_ns) {
        own_ns = NEVER;
        hosted_irqs_disabled = true;
        setup.expired();
        hosted_irqs_disabled = false;
    }
}

/* HLT: until its own interrupt, or for ever. */
void cpu_interrupts_on_and_halt(void)
{
    assert_int_not_equal(own_ns, NEVER);
    now_ns = own_ns > now_ns ? own_ns : now_ns;
    local_irq_enable();
}

/* ---- the cases ---- */

#define BSP_NS  500
#define LATE_NS 1000

static struct timer bsp_timer, timer;
static unsigned int bsp_runs;

static void count_run(struct timer *which, void *context)
{
    (void)which;
    ++*(unsigned int *)context;
}

/* A timer of the BSP's queue, and none on this CPU's. The kind changes at the @at-th read after this. */
static void begin(unsigned int at)
{
    free(other_copy);
    size_t size = (uintptr_t)_end - align_down((uintptr_t)__bss_start, 64);
    other_copy = aligned_alloc(64, align_up(size, 64));
    assert_non_null(other_copy);
    now_ns = 0;
    own_ns = shared_ns = NEVER;
    shared_at = UINT32_MAX;
    percpu_cpu_number = 1;
    timer_prepare_cpu(0);
    timer_prepare_cpu(1);
    /* Its queue is the one to which this CPU's timers are moved. */
    timer_init(&bsp_timer, count_run, &bsp_runs);
    hosted_irqs_disabled = true;
    timer_start(&(struct clockevent_setup){ .isa = -1 });
    timer_arm(&bsp_timer, BSP_NS);
    (void)!timer_offline_cpu();
    hosted_irqs_disabled = false;
    bsp_queue = bsp_timer.queue;
    bsp_runs = 0;
    reads = 0;
    shared_at = at;
}

/* Whether the earliest timer of each queue has an interrupt to come. */
static void check_armed(void)
{
    uint64_t first_ns = NEVER;
    bool is_shared = reads >= shared_at;
    if (timer.is_armed && timer.queue != bsp_queue)
        assert_int_equal(own_ns, timer.deadline_ns);
    assert_true(timer_queue_next(bsp_queue, &first_ns));
    if (is_shared)
        assert_int_equal(shared_ns, first_ns);
}

/* Before each read in turn, until there are no more of them. */
static void a_timer_is_armed_whenever_the_clockevent_becomes_shared(void **state)
{
    (void)state;
    for (unsigned int at = 1; at == 1 || reads + 2 > at; at++) {
        unsigned int runs = 0;
        begin(at);
        timer_init(&timer, count_run, &runs);
        timer_arm(&timer, LATE_NS);
        check_armed();
    }
}

/* In the interrupt, whose timer arms itself again. */
static void arm_again(struct timer *which, void *context)
{
    count_run(which, context);
    timer_arm(which, now_ns + LATE_NS);
}

static void a_timer_is_armed_again_whenever_the_clockevent_becomes_shared(void **state)
{
    (void)state;
    for (unsigned int at = 1; at == 1 || reads + 2 > at; at++) {
        unsigned int runs = 0;
        begin(at);
        timer_init(&timer, arm_again, &runs);
        timer_arm(&timer, 1);
        if (own_ns != NEVER)
            cpu_interrupts_on_and_halt();
        check_armed();
    }
}

static void a_sleep_ends_whenever_the_clockevent_becomes_shared(void **state)
{
    (void)state;
    for (unsigned int at = 1; at == 1 || reads + 2 > at; at++) {
        begin(at);
        timer_sleep_until(LATE_NS);
        assert_true(now_ns >= LATE_NS);
        assert_true(local_irq_is_enabled());
    }
}

static void a_sleep_of_the_bsp_ends_when_there_is_no_clockevent_any_more(void **state)
{
    (void)state;
    begin(UINT32_MAX);
    percpu_cpu_number = 0;
    timer_prepare_cpu(0);
    timer_init(&timer, count_run, &bsp_runs);
    timer_arm(&timer, BSP_NS); /* its interrupt is the last one */
    timer_sleep_until(LATE_NS);
    assert_true(now_ns >= LATE_NS);
    assert_int_equal(bsp_runs, 1);
    assert_false(timer_interrupts());
    assert_true(local_irq_is_enabled());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_is_armed_whenever_the_clockevent_becomes_shared),
        cmocka_unit_test(a_timer_is_armed_again_whenever_the_clockevent_becomes_shared),
        cmocka_unit_test(a_sleep_ends_whenever_the_clockevent_becomes_shared),
        cmocka_unit_test(a_sleep_of_the_bsp_ends_when_there_is_no_clockevent_any_more),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(other_copy);
    return failed;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Lazy-TLB mode, with threads as CPUs and others that change page tables.
 *
 * The first test is the pattern itself, with plain memory on both sides: each of the three orders of
 * lazy_tlb.h has been made relaxed, one at a time, and the thread sanitizer has reported it; likewise a
 * deferring that only looks when it finds the word stale. The second is a storm over the states, which asks
 * what the kernel asks: no CPU that is not idle uses what was true before a change that is over. It has found
 * a leaving that is not one step, and the deferring that only looks.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <cpu/lazy_tlb.h>

#include "litmus.h"

/* ---- a wake sees deferred flushes, and a deferral sees that the old translation is unused ---- */

#define CHANGERS 2
#define ROUNDS   20000

static enum lazy_tlb word;
static unsigned int idle_round, deferred; /* relaxed */

/* Plain: used by the CPU before it is idle, and anew by each changer afterwards; changed, and looked at. */
static unsigned int in_use[ROUNDS][CHANGERS], entry[ROUNDS][CHANGERS];

static void change(unsigned int changer)
{
    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int turns = 0; relaxed_load(&idle_round) != round + 1; litmus_wait(&turns))
            ;
        entry[round][changer] = round + 1;
        MUST(lazy_tlb_defer(&word));
        MUST(in_use[round][changer] == 1);
        in_use[round][changer] = 2;
        relaxed_add(&deferred, 1);
    }
}

static void be_idle_or_change(unsigned int thread)
{
    if (thread < CHANGERS) {
        change(thread);
        return;
    }
    for (unsigned int round = 0; round < ROUNDS; round++) {
        for (unsigned int i = 0; i < CHANGERS; i++)
            in_use[round][i] = 1;
        lazy_tlb_enter(&word);
        relaxed_store(&idle_round, round + 1);
        for (unsigned int turns = 0; relaxed_load(&deferred) != (round + 1) * CHANGERS; litmus_wait(&turns))
            ;
        MUST(!lazy_tlb_leave(&word));
        for (unsigned int i = 0; i < CHANGERS; i++)
            MUST(entry[round][i] == round + 1);
        lazy_tlb_flushed(&word);
        MUST(lazy_tlb_leave(&word));
    }
}

static void a_waking_cpu_sees_every_change_made_while_it_was_idle(void **state)
{
    (void)state;
    word = CPU_BUSY;
    idle_round = deferred = 0;
    memset(in_use, 0, sizeof(in_use));
    memset(entry, 0, sizeof(entry));
    litmus_run(CHANGERS + 1, be_idle_or_change);
}

/* ---- a storm ---- */

#define CPUS    2
#define CHANGES 3000 /* of each kind: notified, deferred */

static struct {
    enum lazy_tlb lazy_tlb;
    unsigned int is_interrupted[CHANGERS];
    unsigned int tlb[CHANGERS]; /* its own: the number of the last change that it has seen */
} cpus[CPUS];

static unsigned int table[CHANGERS];  /* number of the latest change */
static unsigned int newest[CHANGERS]; /* of the latest that is over */
static unsigned int changers_left;
static unsigned int told, put_off;

static void change_often(unsigned int changer)
{
    unsigned int pause = 0;
    for (unsigned int i = 1; relaxed_load(&told) < CHANGES || relaxed_load(&put_off) < CHANGES; i++) {
        relaxed_store(&table[changer], i);
        for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
            if (lazy_tlb_defer(&cpus[cpu].lazy_tlb)) {
                relaxed_add(&put_off, 1);
                continue;
            }
            relaxed_add(&told, 1);
            /* As inbox_post() and the end of a call do it. */
            __atomic_store_n(&cpus[cpu].is_interrupted[changer], 1, __ATOMIC_RELEASE);
            for (unsigned int turns = 0;
                 __atomic_load_n(&cpus[cpu].is_interrupted[changer], __ATOMIC_ACQUIRE); litmus_wait(&turns))
                ;
        }
        __atomic_store_n(&newest[changer], i, __ATOMIC_RELEASE);
        litmus_pause(&pause);
    }
    relaxed_add(&changers_left, -1u);
}

static void flush(unsigned int cpu)
{
    for (unsigned int i = 0; i < CHANGERS; i++)
        cpus[cpu].tlb[i] = relaxed_load(&table[i]);
}

static void take_interrupts(unsigned int cpu)
{
    for (unsigned int i = 0; i < CHANGERS; i++)
        if (__atomic_load_n(&cpus[cpu].is_interrupted[i], __ATOMIC_ACQUIRE)) {
            cpus[cpu].tlb[i] = relaxed_load(&table[i]);
            __atomic_store_n(&cpus[cpu].is_interrupted[i], 0, __ATOMIC_RELEASE);
        }
}

static void use_or_change(unsigned int thread)
{
    if (thread >= CPUS) {
        change_often(thread - CPUS);
        return;
    }
    while (relaxed_load(&changers_left) > 0) {
        for (unsigned int looks = seed_below(4); looks > 0; looks--) {
            unsigned int changer = seed_below(CHANGERS),
                         least = __atomic_load_n(&newest[changer], __ATOMIC_ACQUIRE);
            MUST(cpus[thread].tlb[changer] >= least);
            take_interrupts(thread);
        }
        lazy_tlb_enter(&cpus[thread].lazy_tlb);
        for (unsigned int turns = 0, limit = seed_below(100); turns < limit;)
            litmus_wait(&turns);
        /* What a trap does, in its order. */
        while (!lazy_tlb_leave(&cpus[thread].lazy_tlb)) {
            flush(thread);
            lazy_tlb_flushed(&cpus[thread].lazy_tlb);
        }
        take_interrupts(thread);
    }
}

static void no_cpu_uses_a_stale_translation_after_a_shootdown(void **state)
{
    (void)state;
    memset(cpus, 0, sizeof(cpus));
    memset(table, 0, sizeof(table));
    memset(newest, 0, sizeof(newest));
    changers_left = CHANGERS;
    told = put_off = 0;
    litmus_run(CPUS + CHANGERS, use_or_change);
    printf("told %u times, put off %u times\n", told, put_off);
}

/* ---- alone ---- */

static void only_idle_cpus_are_not_interrupted(void **state)
{
    (void)state;
    enum lazy_tlb mine = CPU_BUSY;
    assert_false(lazy_tlb_defer(&mine));
    assert_int_equal(mine, CPU_BUSY);
    lazy_tlb_enter(&mine);
    assert_true(lazy_tlb_leave(&mine));
    assert_int_equal(mine, CPU_BUSY);
    lazy_tlb_enter(&mine);
    assert_true(lazy_tlb_defer(&mine) && lazy_tlb_defer(&mine));
    assert_false(lazy_tlb_leave(&mine));
    lazy_tlb_flushed(&mine);
    assert_int_equal(mine, CPU_BUSY);
    assert_true(lazy_tlb_leave(&mine));
    assert_false(lazy_tlb_defer(&mine));
}

static void a_change_during_a_flush_causes_another_flush(void **state)
{
    (void)state;
    enum lazy_tlb mine = CPU_BUSY;
    lazy_tlb_enter(&mine);
    assert_true(lazy_tlb_defer(&mine));
    assert_false(lazy_tlb_leave(&mine));
    assert_true(lazy_tlb_defer(&mine));
    lazy_tlb_flushed(&mine);
    assert_false(lazy_tlb_leave(&mine));
    lazy_tlb_flushed(&mine);
    assert_true(lazy_tlb_leave(&mine));
}

static void an_nmi_during_a_flush_does_its_own_flush(void **state)
{
    (void)state;
    enum lazy_tlb mine = CPU_BUSY;
    lazy_tlb_enter(&mine);
    assert_true(lazy_tlb_defer(&mine));
    assert_false(lazy_tlb_leave(&mine));
    /* The NMI, to its end: */
    assert_false(lazy_tlb_leave(&mine));
    lazy_tlb_flushed(&mine);
    assert_true(lazy_tlb_leave(&mine));
    /* The state found: */
    lazy_tlb_flushed(&mine);
    assert_true(lazy_tlb_leave(&mine));
    assert_int_equal(mine, CPU_BUSY);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_idle_cpus_are_not_interrupted),
        cmocka_unit_test(a_change_during_a_flush_causes_another_flush),
        cmocka_unit_test(an_nmi_during_a_flush_does_its_own_flush),
        cmocka_unit_test(a_waking_cpu_sees_every_change_made_while_it_was_idle),
        cmocka_unit_test(no_cpu_uses_a_stale_translation_after_a_shootdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

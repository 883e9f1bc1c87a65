/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of one operation on a timer queue: how many timers it touches.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/mman.h>

#include <ashlar/check.h>
#include <time/timer_queue.h>

#include "seed.h"

#define MOST 2000

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    fail_msg("%s:%d: %s", file, line, expression);
    abort();
}

static struct timer_queue queue;

static unsigned int log2_of(unsigned int n)
{
    return n ? 31 - (unsigned int)__builtin_clz(n) : 0;
}

static void do_nothing(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
}

/*
 * Each timer is on its own page, which a fault makes readable: so faults count the timers that an operation
 * touches.
 */
static uint8_t *pages;
static volatile unsigned int touched;

static void count_touch(int signal, siginfo_t *information, void *context)
{
    (void)signal;
    (void)context;
    uintptr_t page = (uintptr_t)information->si_addr & ~(uintptr_t)4095;
    if (page < (uintptr_t)pages || page >= (uintptr_t)pages + MOST * 4096)
        abort();
    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
    touched++;
}

static struct timer *paged(unsigned int i)
{
    return (struct timer *)(void *)(pages + i * 4096);
}

static void hide(void)
{
    touched = 0;
    assert_int_equal(mprotect(pages, MOST * 4096, PROT_NONE), 0);
}

static uint64_t shaped_deadline(unsigned int shape, unsigned int i)
{
    switch (shape) {
    case 0:
        return MOST - i; /* each new one on top: one long left spine */
    case 1:
        return i;
    default:
        return seed_below(MOST);
    }
}

static void an_operation_touches_few_timers_of_many(void **state)
{
    (void)state;
    struct sigaction action = { .sa_sigaction = count_touch, .sa_flags = SA_SIGINFO }, before;
    sigaction(SIGSEGV, &action, &before);
    pages = mmap(NULL, MOST * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Removing: down two right spines and up one, the other child of each touched too. */
    unsigned int bound = 6 * log2_of(MOST + 1), most = 0;
    for (unsigned int shape = 0; shape < 3; shape++) {
        timer_queue_init(&queue);
        mprotect(pages, MOST * 4096, PROT_READ | PROT_WRITE);
        for (unsigned int i = 0; i < MOST; i++)
            timer_init(paged(i), do_nothing, NULL);
        for (unsigned int i = 0; i < MOST; i++) {
            hide();
            timer_queue_arm(&queue, paged(i), shaped_deadline(shape, i));
            most = touched > most ? touched : most;
        }
        /* From the bottom of the long spine, from its middle, from anywhere; then from the top. */
        for (unsigned int i = 0; i < MOST / 2; i++) {
            unsigned int which = shape == 0 ? (i % 2 ? i : 2 * i) : seed_below(MOST);
            hide();
            (void)timer_cancel(paged(which));
            most = touched > most ? touched : most;
        }
        for (uint64_t now_ns; timer_queue_next(&queue, &now_ns);) {
            hide();
            unsigned int count = timer_queue_run(&queue, now_ns);
            most = touched / count > most ? touched / count : most;
        }
    }
    munmap(pages, MOST * 4096);
    sigaction(SIGSEGV, &before, NULL);
    printf("%u timers: at most %u touched, allowed %u\n", MOST, most, bound);
    assert_true(most <= bound);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation_touches_few_timers_of_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers against a model that is an unsorted array, on two queues at once; what handlers may do; the bound on the work
 * of one operation, counted in timers that it looks at; threads that are CPUs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ashlar/check.h>
#include <time/timer_queue.h>

#include "seed.h"

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    printf("%s:%d: VERIFY(%s)\n", file, line, expression);
    abort();
}

/* ---- the model ---- */

#define QUEUES 2
#define MOST   2000

/* In the model's words; @timer is in the queue's. */
struct subject {
    struct timer timer;
    bool is_armed;
    bool is_late; /* armed on a queue while it ran */
    unsigned queue;
    uint64_t deadline_ns;
    uint64_t order;
};

static struct timer_queue queues[QUEUES];
static struct subject *subjects;
static unsigned subject_count;
static uint64_t next_order;
static unsigned running_queue; /* QUEUES: none */
static uint64_t running_now;
static struct subject *running_subject;
static unsigned ran;

static bool is_sooner(const struct subject *a, const struct subject *b)
{
    return a->deadline_ns < b->deadline_ns || (a->deadline_ns == b->deadline_ns && a->order < b->order);
}

/* The earliest in a queue, or of those only that are not late. */
static struct subject *model_first(unsigned queue, bool with_late)
{
    struct subject *first = NULL;
    for (unsigned i = 0; i < subject_count; i++) {
        struct subject *at = &subjects[i];
        if (at->is_armed && at->queue == queue && (with_late || !at->is_late) && (!first || is_sooner(at, first)))
            first = at;
    }
    return first;
}

static void model_arm(struct subject *subject, unsigned queue, uint64_t deadline_ns)
{
    subject->is_armed = true;
    subject->is_late = running_queue == queue;
    subject->queue = queue;
    subject->deadline_ns = deadline_ns;
    subject->order = next_order++;
}

static int by_order(const void *a, const void *b)
{
    const struct subject *const *x = a, *const *y = b;
    return (*x)->order < (*y)->order ? -1 : (*x)->order > (*y)->order;
}

static void model_move_all(unsigned from, unsigned to)
{
    struct subject *moved[MOST];
    unsigned count = 0;
    for (unsigned i = 0; i < subject_count; i++)
        if (subjects[i].is_armed && subjects[i].queue == from)
            moved[count++] = &subjects[i];
    qsort(moved, count, sizeof(moved[0]), by_order);
    for (unsigned i = 0; i < count; i++)
        model_arm(moved[i], to, moved[i]->deadline_ns);
}

/* ---- what is always true of a heap ---- */

static unsigned log2_of(unsigned n)
{
    return n ? 31 - (unsigned)__builtin_clz(n) : 0;
}

static uint32_t rank_in(const struct timer *heap)
{
    return heap ? heap->rank : 0;
}

static void expect_order(const struct timer *parent, const struct timer *child)
{
    if (!child)
        return;
    assert_ptr_equal(child->parent, parent);
    assert_true(parent->deadline_ns < child->deadline_ns ||
                (parent->deadline_ns == child->deadline_ns && parent->sequence < child->sequence));
}

/* Returns how many there are. */
static unsigned expect_heap(const struct timer_queue *queue, const struct timer *top)
{
    const struct timer *waiting[MOST + 1];
    unsigned depth = 0, count = 0;
    if (top) {
        assert_null(top->parent);
        waiting[depth++] = top;
    }
    while (depth > 0) {
        const struct timer *at = waiting[--depth];
        count++;
        assert_true(count <= subject_count);
        assert_true(at->is_armed);
        assert_ptr_equal(at->queue, queue);
        assert_true(rank_in(at->left) >= rank_in(at->right));
        assert_int_equal(at->rank, rank_in(at->right) + 1);
        expect_order(at, at->left);
        expect_order(at, at->right);
        if (at->right)
            waiting[depth++] = at->right;
        if (at->left)
            waiting[depth++] = at->left;
    }
    assert_true(rank_in(top) <= log2_of(count + 1));
    return count;
}

static void expect_as_modelled(void)
{
    for (unsigned q = 0; q < QUEUES; q++) {
        unsigned first = expect_heap(&queues[q], queues[q].first), late = expect_heap(&queues[q], queues[q].late);
        unsigned armed = 0, armed_late = 0;
        for (unsigned i = 0; i < subject_count; i++)
            if (subjects[i].is_armed && subjects[i].queue == q)
                *(subjects[i].is_late ? &armed_late : &armed) += 1;
        assert_int_equal(first, armed);
        assert_int_equal(late, armed_late);
        assert_true(queues[q].is_running == (q == running_queue));

        uint64_t deadline_ns = 12345;
        const struct subject *earliest = model_first(q, true);
        assert_true(timer_queue_next(&queues[q], &deadline_ns) == (earliest != NULL));
        assert_int_equal(deadline_ns, earliest ? earliest->deadline_ns : 12345);
    }
    for (unsigned i = 0; i < subject_count; i++)
        assert_true(subjects[i].timer.is_armed == subjects[i].is_armed);
}

/* ---- operations, on both ---- */

static void arm(struct subject *subject, unsigned queue, uint64_t deadline_ns)
{
    const struct subject *earliest = model_first(queue, true);
    bool is_earliest = running_queue != queue && (!earliest || deadline_ns < earliest->deadline_ns);
    struct timer_arming got = timer_queue_arm(&queues[queue], &subject->timer, deadline_ns);
    assert_true(got.was_armed == subject->is_armed);
    assert_true(got.is_earliest == is_earliest);
    model_arm(subject, queue, deadline_ns);
}

static void cancel(struct subject *subject)
{
    struct timer_cancelling got = timer_cancel(&subject->timer);
    assert_true(got.was_armed == subject->is_armed);
    assert_true(got.is_running == (subject == running_subject));
    subject->is_armed = false;
    if (!got.is_running)
        assert_int_equal(0, timer_cancel_wait(&subject->timer));
}

static void move_all(unsigned from, unsigned to)
{
    const struct subject *earliest = model_first(to, true), *moved = model_first(from, true);
    bool is_earliest =
        from != to && running_queue != to && moved && (!earliest || moved->deadline_ns < earliest->deadline_ns);
    assert_true(timer_queue_move_all(&queues[from], &queues[to]) == is_earliest);
    if (from != to)
        model_move_all(from, to);
}

static void run(unsigned queue, uint64_t now_ns)
{
    running_queue = queue;
    running_now = now_ns;
    ran = 0;
    unsigned returned = timer_queue_run(&queues[queue], now_ns);
    assert_int_equal(returned, ran);
    const struct subject *left = model_first(queue, false);
    assert_true(!left || left->deadline_ns > now_ns);
    running_queue = QUEUES;
    for (unsigned i = 0; i < subject_count; i++)
        subjects[i].is_late = false;
}

/* Few values, so that many are equal; now and then one at an end. */
static uint64_t some_moment(void)
{
    switch (seed_below(40)) {
    case 0:
        return UINT64_MAX - seed_below(2);
    case 1:
        return seed_below(2);
    default:
        return 1000 + seed_below(200);
    }
}

static void some_operation(bool in_handler)
{
    struct subject *subject = &subjects[seed_below(subject_count)];
    unsigned queue = seed_below(QUEUES), choice = seed_below(100);
    if (choice < 60)
        arm(subject, queue, some_moment());
    else if (choice < 90)
        cancel(subject);
    else if (choice == 90)
        move_all(queue, seed_below(QUEUES));
    else if (!in_handler)
        run(queue, 900 + seed_below(250));
}

static void expect_turn_and_do_something(struct timer *timer, void *context)
{
    struct subject *subject = context;
    assert_ptr_equal(timer, &subject->timer);
    assert_ptr_equal(subject, model_first(running_queue, false));
    assert_true(subject->deadline_ns <= running_now);
    subject->is_armed = false;
    running_subject = subject;
    ran++;
    if (seed_below(4) == 0)
        arm(subject, seed_below(QUEUES), some_moment());
    for (unsigned i = seed_below(3); i > 0; i--)
        some_operation(true);
    if (seed_below(8) == 0)
        cancel(subject);
    running_subject = NULL;
}

static void start(unsigned count)
{
    memset(queues, 0, sizeof(queues));
    free(subjects);
    subjects = calloc(count, sizeof(*subjects));
    subject_count = count;
    running_queue = QUEUES;
    running_subject = NULL;
    for (unsigned i = 0; i < count; i++)
        timer_init(&subjects[i].timer, expect_turn_and_do_something, &subjects[i]);
}

static void random_operations_agree_with_an_array(void **state)
{
    (void)state;
    static const unsigned counts[] = { 1, 2, 3, 5, 16, 100, 500, MOST };
    for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
        start(counts[c]);
        unsigned operations = 400 + 2 * counts[c];
        for (unsigned i = 0; i < operations; i++) {
            some_operation(false);
            expect_as_modelled();
        }
    }
}

/* ---- one thing at a time ---- */

static unsigned calls;
static struct timer *called[64];

static void note(struct timer *timer, void *context)
{
    (void)context;
    if (calls < ARRAY_LEN(called))
        called[calls] = timer;
    calls++;
}

static void start_notes(struct timer *timers, unsigned count)
{
    memset(queues, 0, sizeof(queues));
    calls = 0;
    subject_count = count;
    for (unsigned i = 0; i < count; i++)
        timer_init(&timers[i], note, NULL);
}

static void equal_deadlines_run_in_the_order_of_arming(void **state)
{
    (void)state;
    struct timer timers[40];
    start_notes(timers, 40);
    for (unsigned i = 0; i < 40; i++)
        timer_queue_arm(&queues[0], &timers[(i * 7) % 40], 50);
    /* Armed again it is the last. */
    timer_queue_arm(&queues[0], &timers[0], 50);
    assert_int_equal(timer_queue_run(&queues[0], 49), 0);
    assert_int_equal(timer_queue_run(&queues[0], 50), 40);
    for (unsigned i = 1; i < 40; i++)
        assert_ptr_equal(called[i - 1], &timers[(i * 7) % 40]);
    assert_ptr_equal(called[39], &timers[0]);
}

static void moved_timers_run_after_equal_ones_in_their_own_order(void **state)
{
    (void)state;
    struct timer timers[6];
    start_notes(timers, 6);
    for (unsigned i = 0; i < 3; i++)
        timer_queue_arm(&queues[1], &timers[3 + i], 50);
    for (unsigned i = 0; i < 3; i++)
        timer_queue_arm(&queues[0], &timers[i], 50);
    /* Back and forth: numbers that only grew by what is added would wrap. */
    for (unsigned i = 0; i < 200; i++)
        timer_queue_move_all(&queues[i % 2], &queues[(i + 1) % 2]);
    assert_int_equal(timer_queue_run(&queues[1], 50), 0);
    assert_int_equal(timer_queue_run(&queues[0], 50), 6);
    for (unsigned i = 0; i < 6; i++)
        assert_ptr_equal(called[i], &timers[(i + 3) % 6]);
}

static void a_timer_that_was_never_armed_is_at_rest(void **state)
{
    (void)state;
    struct timer timer;
    start_notes(&timer, 1);
    struct timer_cancelling got = timer_cancel(&timer);
    assert_false(got.was_armed || got.is_running);
    assert_int_equal(0, timer_cancel_wait(&timer));
}

static void arm_in_the_past(struct timer *timer, void *context)
{
    (void)context;
    calls++;
    assert_false(timer_queue_arm(&queues[0], timer, 0).is_earliest);
}

static void a_handler_that_arms_itself_in_the_past_waits_for_the_next_run(void **state)
{
    (void)state;
    struct timer timers[2];
    start_notes(timers, 2);
    timers[0].run = timers[1].run = arm_in_the_past;
    timer_queue_arm(&queues[0], &timers[0], 10);
    timer_queue_arm(&queues[0], &timers[1], 20);
    assert_int_equal(timer_queue_run(&queues[0], 30), 2);
    assert_int_equal(calls, 2);
    uint64_t next;
    assert_true(timer_queue_next(&queues[0], &next));
    assert_int_equal(next, 0);
    assert_int_equal(timer_queue_run(&queues[0], 30), 2);
}

static void free_itself(struct timer *timer, void *context)
{
    (void)context;
    calls++;
    memset(timer, 0xff, sizeof(*timer));
    free(timer);
}

static void a_handler_may_free_its_timer(void **state)
{
    (void)state;
    start_notes(NULL, 0);
    for (unsigned i = 0; i < 50; i++) {
        struct timer *timer = malloc(sizeof(*timer));
        timer_init(timer, free_itself, NULL);
        timer_queue_arm(&queues[0], timer, (i * 31) % 50);
    }
    assert_int_equal(timer_queue_run(&queues[0], 24), 25);
    assert_int_equal(timer_queue_run(&queues[0], 100), 25);
    assert_int_equal(calls, 50);
}

/* ---- the work of one operation ---- */

#ifndef __SANITIZE_THREAD__
/*
 * Each timer on a page of its own that cannot be read until a fault lets it: so faults count the timers that an
 * operation looks at.
 */
static uint8_t *pages;
static volatile unsigned looked_at;

static void look(int signal, siginfo_t *information, void *context)
{
    (void)signal;
    (void)context;
    uintptr_t page = (uintptr_t)information->si_addr & ~(uintptr_t)4095;
    if (page < (uintptr_t)pages || page >= (uintptr_t)pages + MOST * 4096)
        abort();
    mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
    looked_at++;
}

static struct timer *paged(unsigned i)
{
    return (struct timer *)(void *)(pages + i * 4096);
}

static void hide(void)
{
    looked_at = 0;
    assert_int_equal(mprotect(pages, MOST * 4096, PROT_NONE), 0);
}

static uint64_t shaped_deadline(unsigned shape, unsigned i)
{
    switch (shape) {
    case 0:
        return MOST - i; /* each new one on top: one long left way */
    case 1:
        return i;
    default:
        return seed_below(MOST);
    }
}

static void an_operation_looks_at_few_timers_however_many_there_are(void **state)
{
    (void)state;
    struct sigaction action = { .sa_sigaction = look, .sa_flags = SA_SIGINFO }, before;
    sigaction(SIGSEGV, &action, &before);
    pages = mmap(NULL, MOST * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    /* Removing: down two right ways and up one, the other child of each looked at too. */
    unsigned bound = 6 * log2_of(MOST + 1), most = 0;
    for (unsigned shape = 0; shape < 3; shape++) {
        memset(queues, 0, sizeof(queues));
        mprotect(pages, MOST * 4096, PROT_READ | PROT_WRITE);
        for (unsigned i = 0; i < MOST; i++)
            timer_init(paged(i), note, NULL);
        for (unsigned i = 0; i < MOST; i++) {
            hide();
            timer_queue_arm(&queues[0], paged(i), shaped_deadline(shape, i));
            most = looked_at > most ? looked_at : most;
        }
        /* From the bottom of the long way, from its middle, from anywhere; then from the top. */
        for (unsigned i = 0; i < MOST / 2; i++) {
            unsigned which = shape == 0 ? (i % 2 ? i : 2 * i) : seed_below(MOST);
            hide();
            (void)timer_cancel(paged(which));
            most = looked_at > most ? looked_at : most;
        }
        for (uint64_t now_ns; timer_queue_next(&queues[0], &now_ns);) {
            hide();
            unsigned count = timer_queue_run(&queues[0], now_ns);
            most = looked_at / count > most ? looked_at / count : most;
        }
    }
    munmap(pages, MOST * 4096);
    sigaction(SIGSEGV, &before, NULL);
    printf("%u timers: at most %u looked at, allowed %u\n", MOST, most, bound);
    assert_true(most <= bound);
}
#endif

/* ---- threads that are CPUs ---- */

static unsigned load(unsigned *flag)
{
    return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static void store(unsigned *flag, unsigned value)
{
    __atomic_store_n(flag, value, __ATOMIC_RELEASE);
}

static unsigned entered, released;
static unsigned finished; /* not atomic: what the waiter sees, it sees by waiting */

static void stay(struct timer *timer, void *context)
{
    (void)timer;
    (void)context;
    store(&entered, 1);
    while (!load(&released))
        usleep(100);
    usleep(20000);
    finished = 1;
}

static void *run_once(void *argument)
{
    (void)timer_queue_run(argument, 100);
    return NULL;
}

/* @with_arming: while the handler runs, the timer is armed on another queue. */
static void wait_for_a_handler(bool with_arming)
{
    struct timer timer;
    start_notes(&timer, 1);
    timer.run = stay;
    entered = released = finished = 0;
    timer_queue_arm(&queues[0], &timer, 1);
    pthread_t cpu;
    pthread_create(&cpu, NULL, run_once, &queues[0]);
    while (!load(&entered))
        usleep(100);

    struct timer_cancelling got = timer_cancel(&timer);
    assert_true(!got.was_armed && got.is_running);
    if (with_arming) {
        assert_false(timer_queue_arm(&queues[1], &timer, 5).was_armed);
        /* Due on another CPU, while its handler is at work on this one: it is kept for later. */
        assert_int_equal(timer_queue_run(&queues[1], 10), 0);
        uint64_t next;
        assert_true(timer_queue_next(&queues[1], &next));
        assert_int_equal(next, 5);
    }
    store(&released, 1);
    assert_int_equal(timer_cancel_wait(&timer), with_arming ? 1 : 0);
    assert_int_equal(finished, 1);
    got = timer_cancel(&timer);
    assert_false(got.was_armed || got.is_running);
    pthread_join(cpu, NULL);
}

static void cancel_wait_waits_for_a_handler_elsewhere(void **state)
{
    (void)state;
    wait_for_a_handler(false);
}

static void a_handler_never_runs_on_two_cpus_at_once(void **state)
{
    (void)state;
    wait_for_a_handler(true);
}

#define CPUS   4
#define SHARED 24
#define ROUNDS 6000

static struct timer_queue cpus[CPUS];
static struct shared {
    struct timer timer;
    unsigned inside;
    unsigned armed, ran, cancelled, replaced;
} shared[SHARED];
static uint64_t clock_now;
static unsigned stopping, armers_left;
static __thread uint64_t random_state;

static unsigned random_below(unsigned limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(random_state >> 40) % limit;
}

static void add(unsigned *counter, unsigned count)
{
    __atomic_fetch_add(counter, count, __ATOMIC_RELAXED);
}

static void arm_some(struct shared *one)
{
    add(&one->armed, 1);
    uint64_t deadline_ns = __atomic_load_n(&clock_now, __ATOMIC_RELAXED) + random_below(60);
    if (timer_queue_arm(&cpus[random_below(CPUS)], &one->timer, deadline_ns).was_armed)
        add(&one->replaced, 1);
}

static void cancel_some(struct shared *one)
{
    if (timer_cancel(&one->timer).was_armed)
        add(&one->cancelled, 1);
}

static void count_run(struct timer *timer, void *context)
{
    struct shared *one = context;
    if (__atomic_exchange_n(&one->inside, 1, __ATOMIC_RELAXED) != 0)
        abort();
    add(&one->ran, 1);
    struct timer_cancelling got = timer_cancel(timer);
    if (!got.is_running)
        abort();
    add(&one->cancelled, got.was_armed);
    if (!load(&stopping)) {
        if (random_below(3) == 0)
            arm_some(one);
        if (random_below(4) == 0)
            arm_some(&shared[random_below(SHARED)]);
        if (random_below(4) == 0)
            cancel_some(&shared[random_below(SHARED)]);
    }
    __atomic_store_n(&one->inside, 0, __ATOMIC_RELAXED);
}

static void *be_a_cpu(void *argument)
{
    unsigned cpu = (unsigned)(uintptr_t)argument;
    random_state = cpu + 1;
    uint64_t next;
    do {
        uint64_t now_ns = __atomic_add_fetch(&clock_now, 1 + random_below(4), __ATOMIC_RELAXED);
        (void)timer_queue_run(&cpus[cpu], now_ns);
        if (random_below(200) == 0)
            (void)timer_queue_move_all(&cpus[cpu], &cpus[random_below(CPUS)]);
    } while (load(&armers_left) > 0 || timer_queue_next(&cpus[cpu], &next));
    return NULL;
}

static void *be_an_armer(void *argument)
{
    random_state = (uintptr_t)argument * 977;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct shared *one = &shared[random_below(SHARED)];
        unsigned choice = random_below(10);
        if (choice < 6)
            arm_some(one);
        else if (choice < 9)
            cancel_some(one);
        else
            add(&one->cancelled, timer_cancel_wait(&one->timer));
    }
    __atomic_fetch_sub(&armers_left, 1, __ATOMIC_ACQ_REL);
    return NULL;
}

static void each_arming_runs_once_or_is_cancelled_once(void **state)
{
    (void)state;
    memset(cpus, 0, sizeof(cpus));
    memset(shared, 0, sizeof(shared));
    for (unsigned i = 0; i < SHARED; i++)
        timer_init(&shared[i].timer, count_run, &shared[i]);
    stopping = 0;
    armers_left = 2;
    pthread_t threads[CPUS + 2];
    for (uintptr_t i = 0; i < CPUS + 2; i++)
        pthread_create(&threads[i], NULL, i < CPUS ? be_a_cpu : be_an_armer, (void *)i);
    for (unsigned i = CPUS; i < CPUS + 2; i++)
        pthread_join(threads[i], NULL);
    store(&stopping, 1);
    for (unsigned i = 0; i < CPUS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < CPUS; i++)
        while (timer_queue_run(&cpus[i], UINT64_MAX) > 0)
            ;
    unsigned all = 0;
    for (unsigned i = 0; i < SHARED; i++) {
        struct shared *one = &shared[i];
        assert_int_equal(one->armed, one->ran + one->cancelled + one->replaced);
        all += one->ran;
    }
    printf("%u ran\n", all);
    assert_true(all > 0);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_operations_agree_with_an_array),
        cmocka_unit_test(equal_deadlines_run_in_the_order_of_arming),
        cmocka_unit_test(moved_timers_run_after_equal_ones_in_their_own_order),
        cmocka_unit_test(a_timer_that_was_never_armed_is_at_rest),
        cmocka_unit_test(a_handler_that_arms_itself_in_the_past_waits_for_the_next_run),
        cmocka_unit_test(a_handler_may_free_its_timer),
#ifndef __SANITIZE_THREAD__
        cmocka_unit_test(an_operation_looks_at_few_timers_however_many_there_are),
#endif
        cmocka_unit_test(cancel_wait_waits_for_a_handler_elsewhere),
        cmocka_unit_test(a_handler_never_runs_on_two_cpus_at_once),
        cmocka_unit_test(each_arming_runs_once_or_is_cancelled_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

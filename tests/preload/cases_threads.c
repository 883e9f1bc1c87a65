/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads and forks: children of a program whose other threads are inside the library, more threads than it
 * has numbers for, and threads of different priority on one CPU.
 */
#include "malloc_cases.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/* ---- forks ---- */

static volatile int is_over;
static long turns; /* atomic */

static void wait_for_turns(long more)
{
    long until = __atomic_load_n(&turns, __ATOMIC_RELAXED) + more;
    while (__atomic_load_n(&turns, __ATOMIC_RELAXED) < until)
        sched_yield();
}

static void expect_child(pid_t pid)
{
    int status;
    REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void expect_children(int count, void (*child)(void))
{
    for (int i = 0; i < count; i++) {
        wait_for_turns(1);
        pid_t pid = fork();
        if (pid == 0) {
            alarm(HANG_SECONDS);
            child();
            _exit(7);
        }
        expect_child(pid);
    }
}

static void *fail_all_the_time(void *unused)
{
    while (!is_over) {
        void *p = take(400000); /* a block: asks the shrinkers before it fails */
        if (p)
            free(p);
        __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
    }
    return unused;
}

static void child_fails(void)
{
    while (take(400000))
        ;
    if (take(GIB(1)))
        _exit(1);
}

static void a_child_may_fail_while_another_thread_does(void)
{
    pthread_t thread;
    limit_address_space(MIB(64));
    REQUIRE(pthread_create(&thread, small_stack(), fail_all_the_time, NULL) == 0);
    while (take(400000))
        ;
    expect_children(300, child_fails);
    is_over = 1;
    pthread_join(thread, NULL);
}

static void *once(void *unused)
{
    free(take(50));
    __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
    return unused;
}

static void child_makes_a_thread(void)
{
    pthread_t thread;
    for (int i = 0; i < 3; i++) {
        if (pthread_create(&thread, small_stack(), once, NULL) != 0)
            _exit(1);
        pthread_join(thread, NULL);
    }
    free(take(MIB(1)));
}

/*
 * A fork while another thread takes a number, which is a few instructions and one system call under a lock.
 * The library's call of mprotect() comes here, because a program's symbol is found before the C library's; it
 * does not go on before the thread that forks sleeps, as it must on that lock, or has forked.
 */
static struct {
    int is_armed, is_inside, is_forking, has_forked; /* all atomic */
    pid_t forker;
} number;

/* From /proc: a test that looks at the time instead passes on a slow machine. */
static bool forker_sleeps(void)
{
    char path[64], stat[256] = "";
    (void)snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)number.forker);
    int file = open(path, O_RDONLY);
    REQUIRE(file >= 0 && read(file, stat, sizeof(stat) - 1) > 0);
    close(file);
    const char *name_end = strrchr(stat, ')');
    return name_end && strncmp(name_end, ") S", 3) == 0;
}

int mprotect(void *start, size_t size, int protection)
{
    if (__atomic_exchange_n(&number.is_armed, 0, __ATOMIC_ACQ_REL)) {
        __atomic_store_n(&number.is_inside, 1, __ATOMIC_RELEASE);
        while (!__atomic_load_n(&number.has_forked, __ATOMIC_ACQUIRE) &&
               !(__atomic_load_n(&number.is_forking, __ATOMIC_ACQUIRE) && forker_sleeps()))
            sched_yield();
    }
    return (int)syscall(SYS_mprotect, start, size, protection);
}

static void a_fork_waits_for_a_thread_that_takes_its_number(void)
{
    pthread_t thread;
    free(take(50)); /* this thread has its own */
    number.forker = getpid();
    __atomic_store_n(&number.is_armed, 1, __ATOMIC_RELEASE);
    REQUIRE(pthread_create(&thread, NULL, once, NULL) == 0);
    while (!__atomic_load_n(&number.is_inside, __ATOMIC_ACQUIRE))
        sched_yield();
    __atomic_store_n(&number.is_forking, 1, __ATOMIC_RELEASE);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(HANG_SECONDS);
        child_makes_a_thread();
        _exit(7);
    }
    __atomic_store_n(&number.has_forked, 1, __ATOMIC_RELEASE);
    pthread_join(thread, NULL);
    expect_child(pid);
}

static pthread_mutex_t idle = PTHREAD_MUTEX_INITIALIZER; /* held as long as the idle ones are to wait */

static void *busy_or_idle(void *is_busy)
{
    do {
        char *p = take(50);
        p[0] = 1;
        free(p);
        __atomic_add_fetch(&turns, 1, __ATOMIC_RELAXED);
        if (!is_busy) {
            pthread_mutex_lock(&idle);
            pthread_mutex_unlock(&idle);
        }
    } while (is_busy && !is_over);
    return NULL;
}

/* More than the library has numbers for. */
static void a_child_may_make_threads_when_there_were_1100(void)
{
    enum { COUNT = 1100 };
    static pthread_t threads[COUNT];
    pthread_mutex_lock(&idle);
    for (intptr_t i = 0; i < COUNT; i++)
        if (pthread_create(&threads[i], small_stack(), busy_or_idle, (void *)(intptr_t)(i > COUNT - 3)) != 0)
            exit(NOT_ALLOWED);
    wait_for_turns(COUNT);
    expect_children(20, child_makes_a_thread);
    is_over = 1;
    pthread_mutex_unlock(&idle);
    for (int i = 0; i < COUNT; i++)
        pthread_join(threads[i], NULL);
}

/* ---- scheduling ---- */

/* Both on one CPU: the one of high priority interrupts the other everywhere, also while it holds a lock that
   both want. */
static void *allocate_with_priority(void *is_high)
{
    void *all[400];
    for (int n = 0; n < (is_high ? 1500 : 1 << 30) && !is_over; n++) {
        for (int i = 0; i < 400; i++)
            all[i] = malloc(700);
        for (int i = 0; i < 400; i++)
            free(all[i]);
        if (is_high) {
            struct timespec nap = { 0, 20000 + n * 37 % 50000 };
            nanosleep(&nap, NULL);
        }
    }
    is_over = 1;
    return NULL;
}

static void fifo_threads_do_not_wait_for_ever(void)
{
    pthread_t threads[2];
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    for (intptr_t i = 0; i < 2; i++) {
        pthread_attr_t attributes;
        struct sched_param parameter = { .sched_priority = (int)(10 + i) };
        pthread_attr_init(&attributes);
        pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
        if (pthread_attr_setaffinity_np(&attributes, sizeof(one), &one) != 0 ||
            pthread_attr_setschedpolicy(&attributes, SCHED_FIFO) != 0 ||
            pthread_attr_setschedparam(&attributes, &parameter) != 0 ||
            pthread_create(&threads[i], &attributes, allocate_with_priority, (void *)i) != 0)
            exit(NOT_ALLOWED);
    }
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
}

const struct malloc_case thread_cases[] = {
    CASE(a_child_may_fail_while_another_thread_does),
    CASE(a_fork_waits_for_a_thread_that_takes_its_number),
    CASE(a_child_may_make_threads_when_there_were_1100),
    CASE(fifo_threads_do_not_wait_for_ever),
    { NULL, NULL },
};

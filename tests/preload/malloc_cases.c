/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a program may expect of libashlar-malloc.so as its malloc, and what has to end it: run_malloc_cases.py
 * runs each case in a process of its own.
 *
 * usage: malloc_cases NAME: prints what is wrong and exits with 1; exits with 0 when nothing is, with 77
 * when the system does not allow the case. The cases under WRONG have to be ended by SIGABRT before they
 * return. malloc_cases alone prints all names.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MIB(n)       ((size_t)(n) << 20)
#define GIB(n)       ((size_t)(n) << 30)
#define PAGE         4096u
#define NOT_ALLOWED  77
#define HANG_SECONDS 60

#define REQUIRE(x) ((x) ? (void)0 : (printf("line %d: not so: %s\n", __LINE__, #x), exit(1)))

/* Object, block, mapping: one size of each. */
static const size_t kinds[] = { 100, 20000, MIB(3) };
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* The compiler is not to know what comes of a pointer. */
static void *hidden(void *pointer)
{
    __asm__ volatile("" : "+r"(pointer)::"memory");
    return pointer;
}

static void *take(size_t size)
{
    return hidden(malloc(size));
}

static long resident_mib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%ld %ld", &pages, &resident) == 2);
    fclose(file);
    return resident * PAGE >> 20;
}

static long peak_mib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss >> 10;
}

static long faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

/* Runs @body in a child. Return: the signal that ended it; 0: it returned. */
static int ended_by(void (*body)(void *), void *argument)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        int nowhere = open("/dev/null", O_WRONLY);
        dup2(nowhere, STDERR_FILENO);
        alarm(HANG_SECONDS);
        body(argument);
        _exit(0);
    }
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* ---- WRONG ---- */

static void wrong_object_twice(void)
{
    void *p = take(100);
    free(p);
    free(p);
}

static void wrong_object_twice_with_another_between(void)
{
    void *a = take(100), *b = take(100);
    free(a);
    free(b);
    free(a);
}

/* As many between as put it into a depot, and from there into its slab. */
static void free_twice_with_between(size_t size, int between)
{
    static void *others[50000];
    void *p = take(size);
    for (int i = 0; i < between; i++)
        others[i] = take(size);
    free(p);
    for (int i = 0; i < between; i++)
        free(others[i]);
    free(p);
}

static void wrong_object_twice_with_a_thousand_between(void)
{
    free_twice_with_between(100, 1000);
}

static void wrong_object_twice_with_many_between(void)
{
    free_twice_with_between(500, 50000);
}

static void *free_it(void *pointer)
{
    free(pointer);
    return NULL;
}

static void wrong_object_twice_by_two_threads(void)
{
    pthread_t thread;
    void *p = take(100);
    free(p);
    pthread_create(&thread, NULL, free_it, p);
    pthread_join(thread, NULL);
}

static void wrong_calloc_twice(void)
{
    void *p = hidden(calloc(5, 20));
    free(p);
    free(p);
}

static void wrong_realloc_of_freed(void)
{
    void *p = take(100);
    free(p);
    hidden(realloc(p, 200));
}

static void wrong_free_of_moved(void)
{
    void *p = take(100);
    hidden(realloc(p, 5000));
    free(p);
}

static void wrong_realloc_inside(void)
{
    hidden(realloc((char *)take(100) + 16, 200));
}

static void wrong_usable_size_of_static(void)
{
    static char bytes[64];
    printf("%zu\n", malloc_usable_size(hidden(bytes + 16)));
}

static void wrong_stack(void)
{
    char buffer[8192];
    free(hidden(buffer + 4200));
}

static void wrong_static_page(void)
{
    static char area[8 * PAGE] __attribute__((aligned(PAGE)));
    *(size_t *)(void *)(area + PAGE) = 4 * PAGE; /* what an allocator with headers would take for one */
    free(hidden(area + 2 * PAGE));
}

static void wrong_text(void)
{
    free(hidden((void *)(uintptr_t)&wrong_text));
}

static void wrong_small_number(void)
{
    free(hidden((void *)(uintptr_t)16));
}

static void wrong_noncanonical(void)
{
    free(hidden((void *)(uintptr_t)0x8123456789abcdefu));
}

static void wrong_others_mapping(void)
{
    free(hidden(mmap(NULL, MIB(4), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)));
}

static void wrong_block_twice(void)
{
    void *p = take(kinds[1]);
    free(p);
    free(p);
}

static void wrong_block_inside(void)
{
    free((char *)take(kinds[1]) + PAGE);
}

static void wrong_block_inside_a_page(void)
{
    free((char *)take(kinds[1]) + 64);
}

static void wrong_mapping_twice(void)
{
    void *p = take(kinds[2]);
    free(p);
    free(p);
}

static void wrong_mapping_inside(void)
{
    free((char *)take(kinds[2]) + PAGE);
}

static void wrong_never_given(void)
{
    char *p = take(100);
    free(p + MIB(32)); /* the library's window: nothing there was ever used */
}

/* ---- pointers into objects of every size ---- */

static void free_pointer(void *pointer)
{
    free(pointer);
}

/* Several objects, so that slabs of several frames are used behind the first one, too. */
static void no_pointer_into_an_object_is_freed(void)
{
    static const size_t steps[] = { 1, 8, 16, 24, 48, 64, 100, 4096 };
    for (size_t size = 16; size <= 8192; size = size * 9 / 8 + 8) {
        char *objects[9];
        for (int i = 0; i < 9; i++)
            objects[i] = take(size);
        for (size_t n = 0; n < sizeof(steps) / sizeof(steps[0]); n++)
            if (steps[n] < size && ended_by(free_pointer, objects[n] + steps[n]) != SIGABRT) {
                printf("%zu bytes: a free of byte %zu was accepted\n", size, steps[n]);
                exit(1);
            }
        for (int i = 0; i < 9; i++)
            free(objects[i]);
    }
}

/* Memory that was not initialised may look as if it had been freed. */
static void what_looks_freed_is_not_refused(void)
{
    char *freed = take(200), copy[200];
    free(freed);
    memcpy(copy, freed, sizeof(copy));
    for (int i = 0; i < 1000; i++) {
        char *p = take(200);
        memcpy(p, copy, sizeof(copy));
        free(p);
    }
}

/* ---- sizes ---- */

static void aligned_blocks_may_be_larger_than_1_gib(void)
{
    void *p = NULL;
    REQUIRE(posix_memalign(&p, MIB(2), GIB(3) / 2) == 0 && (uintptr_t)p % MIB(2) == 0);
    ((char *)p)[GIB(3) / 2 - 1] = 1;
    free(p);
    for (size_t alignment = 32; alignment <= GIB(1); alignment *= 2)
        for (size_t size = 1; size <= GIB(2); size = size * 37 + 1) {
            p = hidden(aligned_alloc(alignment, size));
            REQUIRE(p && (uintptr_t)p % alignment == 0 && malloc_usable_size(p) >= size);
            ((char *)p)[0] = ((char *)p)[size - 1] = 1;
            free(p);
        }
}

static void realloc_above_1_gib_copies_nothing(void)
{
    size_t size = MIB(1100);
    char *p = take(size);
    for (size_t at = 0; at < size; at += MIB(100))
        p[at] = (char)(at >> 20);
    for (int i = 0; i < 50; i++) {
        p = hidden(realloc(p, size += MIB(1)));
        REQUIRE(p);
    }
    for (size_t at = 0; at < MIB(1100); at += MIB(100))
        REQUIRE(p[at] == (char)(at >> 20));
    REQUIRE(resident_mib() < 64);
    p = hidden(realloc(p, 100));
    REQUIRE(p && p[0] == 0);
}

/* 1 MiB to 300, an eighth at a time, all of it written: never two copies of the larger part. */
static void realloc_in_steps_has_one_copy(void)
{
    size_t size = MIB(1);
    char *p = take(size);
    memset(p, 1, size);
    while (size < MIB(300)) {
        size_t old = size;
        p = hidden(realloc(p, size += size / 8));
        REQUIRE(p);
        memset(p + old, 1, size - old);
    }
    REQUIRE(peak_mib() < (long)(size >> 20) * 11 / 10 + 8);
    for (size_t at = 0; at < size; at += PAGE)
        REQUIRE(p[at] == 1);
}

static void realloc_keeps_content_across_all_kinds(void)
{
    unsigned char *p = NULL;
    size_t old = 0;
    for (int round = 0; round < 3000; round++) {
        size_t size = (size_t)1 << (round * 7 % 23) | (size_t)round;
        p = hidden(realloc(p, size));
        REQUIRE(p && malloc_usable_size(p) >= size);
        for (size_t at = 0; at < (old < size ? old : size); at += 509)
            REQUIRE(p[at] == (unsigned char)(at / 509));
        for (size_t at = 0; at < size; at += 509)
            p[at] = (unsigned char)(at / 509);
        old = size;
    }
}

static void calloc_does_not_touch_what_is_new(void)
{
    long before = resident_mib();
    char *p = hidden(calloc(1, MIB(900)));
    REQUIRE(p && p[MIB(450)] == 0);
    REQUIRE(resident_mib() - before < 8);
}

static void calloc_is_zero_when_memory_was_used_before(void)
{
    for (int round = 0; round < 40; round++)
        for (size_t size = 24; size < MIB(70); size = size * 5 / 3 + round) {
            unsigned char *p = take(size);
            memset(p, 0xa5, size);
            free(p);
            p = hidden(calloc(size / 8 + 1, 8));
            REQUIRE(p);
            for (size_t at = 0; at < size; at += size < 20000 ? 1 : 1021)
                REQUIRE(p[at] == 0);
            if (size < MIB(1))
                memset(p, 0x5a, size);
            free(p);
            if (round > 3 && size > MIB(1))
                break;
        }
}

/* ---- what the system allows ---- */

static void use_all_kinds(void)
{
    for (int round = 0; round < 100; round++)
        for (size_t i = 0; i < KINDS; i++) {
            char *p = take(kinds[i]);
            REQUIRE(p);
            memset(p, 1, kinds[i]);
            free(p);
        }
}

static void lock_all_memory(int flags)
{
    if (mlockall(flags) == 0)
        return;
    if (errno == EPERM || errno == ENOMEM)
        exit(NOT_ALLOWED);
    REQUIRE(!"mlockall");
}

static void memory_may_be_locked_afterwards(void)
{
    use_all_kinds();
    lock_all_memory(MCL_CURRENT | MCL_FUTURE);
    use_all_kinds();
    REQUIRE(resident_mib() < 64);
}

/* As the first thing: nearly all memory is mapped after it, and so locked and touched at once. */
static void memory_may_be_locked_before(void)
{
    lock_all_memory(MCL_FUTURE);
    use_all_kinds();
    REQUIRE(resident_mib() < 64);
}

static void limit_address_space(size_t more)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%ld", &pages) == 1);
    fclose(file);
    struct rlimit limit = { (size_t)pages * PAGE + more, (size_t)pages * PAGE + more };
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Return: MiB that could be had in objects of @size; all are free again. */
static size_t fill_and_empty(size_t size)
{
    void **last = NULL, **next;
    size_t count = 0;
    for (; (next = take(size)) != NULL; count++) {
        *next = last;
        last = next;
    }
    REQUIRE(errno == ENOMEM);
    for (; last; last = next) {
        next = *last;
        free(last);
    }
    return count * size >> 20;
}

/* What one kind had, another has after it. */
static void a_limit_is_an_error_and_no_end(void)
{
    limit_address_space(MIB(200));
    for (int round = 0; round < 3; round++)
        for (size_t i = 0; i < KINDS; i++)
            REQUIRE(fill_and_empty(kinds[i]) > 90);
    use_all_kinds();
}

/* ulimit -v before the start; run_malloc_cases.py starts this so. */
static void a_program_runs_under_ulimit_v(void)
{
    struct rlimit limit;
    REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY);
    use_all_kinds();
    size_t had = fill_and_empty(kinds[1]);
    REQUIRE(had > limit.rlim_cur / 2 >> 20);
}

/* ---- forks ---- */

static volatile int is_over;
static long turns; /* atomic */

static void wait_for_turns(long more)
{
    long until = __atomic_load_n(&turns, __ATOMIC_RELAXED) + more;
    while (__atomic_load_n(&turns, __ATOMIC_RELAXED) < until)
        sched_yield();
}

static void expect_children(int count, void (*child)(void))
{
    for (int i = 0; i < count; i++) {
        int status;
        wait_for_turns(1);
        pid_t pid = fork();
        if (pid == 0) {
            alarm(HANG_SECONDS);
            child();
            _exit(7);
        }
        REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid);
        REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    }
}

static pthread_attr_t *small_stack(void)
{
    static pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 65536);
    return &attributes;
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

static void *make_threads(void *unused)
{
    while (!is_over) {
        pthread_t thread;
        if (pthread_create(&thread, small_stack(), once, NULL) == 0)
            pthread_join(thread, NULL);
    }
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

static void a_child_may_go_on_while_threads_begin_and_end(void)
{
    pthread_t makers[3];
    for (int i = 0; i < 3; i++)
        REQUIRE(pthread_create(&makers[i], NULL, make_threads, NULL) == 0);
    expect_children(200, child_makes_a_thread);
    is_over = 1;
    for (int i = 0; i < 3; i++)
        pthread_join(makers[i], NULL);
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

/* ---- giving back, and not too early ---- */

static void a_buffer_taken_again_and_again_stays(void)
{
    static const size_t sizes[] = { 9000, 100000, 600000, MIB(1), MIB(8), MIB(32) };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        size_t pages = sizes[i] / PAGE + 1;
        long before = faults();
        for (int n = 0; n < 30; n++) {
            char *p = take(sizes[i]);
            memset(p, n, sizes[i]);
            free(p);
        }
        if (faults() - before > (long)pages * 3 + 100) {
            printf("%zu bytes, 30 times: %ld faults\n", sizes[i], faults() - before);
            exit(1);
        }
    }
}

/* What stays of 200 MiB: idle pages, at most 32 MiB, filled magazines in depots, and empty slabs up to a
   quarter of a cache. */
#define STAYS_MIB 80

static void fill_and_free(size_t size, size_t total)
{
    size_t count = total / size;
    char **all = take(count * sizeof(*all));
    for (size_t i = 0; i < count; i++)
        memset(all[i] = take(size), 1, size);
    long full = resident_mib();
    for (size_t i = 0; i < count; i++)
        free(all[i]);
    free(all);
    long left = resident_mib();
    if (full < (long)(total >> 20) || left > STAYS_MIB) {
        printf("%zu bytes, %zu MiB of them: %ld MiB resident, %ld after all were freed\n", size, total >> 20,
               full, left);
        exit(1);
    }
}

static void what_is_freed_goes_back_to_the_system(void)
{
    static const size_t sizes[] = { 24, 200, 1500, 8000, 9000, 70000, 500000, MIB(1), MIB(40) };
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        /* Each in a process of its own, so that what one leaves behind is not counted with the next. */
        int status;
        pid_t child = fork();
        if (child == 0) {
            fill_and_free(sizes[i], MIB(200));
            exit(0);
        }
        REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
        REQUIRE(status == 0);
    }
}

static void *fill_in_thread(void *unused)
{
    static __thread void *all[3000];
    for (int i = 0; i < 3000; i++)
        memset(all[i] = take(16 + (size_t)i % 700), 1, 16);
    for (int i = 0; i < 3000; i++)
        free(all[i]);
    return unused;
}

static void threads_that_end_keep_little(void)
{
    static pthread_t threads[300];
    for (int i = 0; i < 300; i++)
        REQUIRE(pthread_create(&threads[i], small_stack(), fill_in_thread, NULL) == 0);
    for (int i = 0; i < 300; i++)
        pthread_join(threads[i], NULL);
    REQUIRE(resident_mib() < 48);
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

/* ---- instructions ---- */

#define PAIR_MOST 50 /* malloc and free of a small object, their returns included */

static void *volatile stepped;

static __attribute__((noinline)) void pairs(void *(*allocate)(size_t), void (*release)(void *), int count)
{
    for (int i = 0; i < count; i++) {
        stepped = allocate(64);
        release(stepped);
    }
}

/* Return: instructions of a child that does @count pairs between two stops. */
static long count_steps(int count)
{
    int status;
    long steps = 0;
    pid_t child = fork();
    if (child == 0) {
        pairs(malloc, free, 10);
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
            _exit(NOT_ALLOWED);
        raise(SIGSTOP);
        pairs(malloc, free, count);
        raise(SIGUSR1);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (!WIFSTOPPED(status))
        exit(NOT_ALLOWED);
    do {
        if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
            exit(NOT_ALLOWED);
        waitpid(child, &status, 0);
        steps++;
    } while (WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return steps;
}

static void a_pair_takes_few_instructions(void)
{
    long each = (count_steps(110) - count_steps(10)) / 100;
    enum { LOOP = 11 }; /* of pairs(), at most: two calls, their arguments, the variable, the count */
    if (each > PAIR_MOST + LOOP) {
        printf("%ld instructions a pair and its loop, at most %d are allowed\n", each, PAIR_MOST + LOOP);
        exit(1);
    }
}

/* ---- the table ---- */

/* clang-format off */
#define CASES(C)                                                                                             \
    C(wrong_object_twice) C(wrong_object_twice_with_another_between)                                         \
    C(wrong_object_twice_with_a_thousand_between) C(wrong_object_twice_with_many_between)                    \
    C(wrong_object_twice_by_two_threads) C(wrong_calloc_twice) C(wrong_realloc_of_freed)                     \
    C(wrong_free_of_moved) C(wrong_realloc_inside) C(wrong_usable_size_of_static) C(wrong_stack)             \
    C(wrong_static_page) C(wrong_text) C(wrong_small_number) C(wrong_noncanonical) C(wrong_others_mapping)   \
    C(wrong_block_twice) C(wrong_block_inside) C(wrong_block_inside_a_page) C(wrong_mapping_twice)           \
    C(wrong_mapping_inside) C(wrong_never_given)                                                             \
    C(no_pointer_into_an_object_is_freed) C(what_looks_freed_is_not_refused)                                 \
    C(aligned_blocks_may_be_larger_than_1_gib) C(realloc_above_1_gib_copies_nothing)                         \
    C(realloc_in_steps_has_one_copy) C(realloc_keeps_content_across_all_kinds)                               \
    C(calloc_does_not_touch_what_is_new) C(calloc_is_zero_when_memory_was_used_before)                       \
    C(memory_may_be_locked_afterwards) C(memory_may_be_locked_before) C(a_limit_is_an_error_and_no_end)      \
    C(a_program_runs_under_ulimit_v) C(a_child_may_fail_while_another_thread_does)                           \
    C(a_child_may_go_on_while_threads_begin_and_end) C(a_child_may_make_threads_when_there_were_1100)        \
    C(a_buffer_taken_again_and_again_stays) C(what_is_freed_goes_back_to_the_system)                         \
    C(threads_that_end_keep_little) C(fifo_threads_do_not_wait_for_ever) C(a_pair_takes_few_instructions)
/* clang-format on */

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name) { #name, name },
    CASES(CASE)
#undef CASE
};

int main(int count, char **words)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (count < 2) {
            puts(cases[i].name);
        } else if (strcmp(words[1], cases[i].name) == 0) {
            cases[i].run();
            return 0;
        }
    }
    return count < 2 ? 0 : 2;
}

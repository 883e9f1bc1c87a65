/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The CPUs of the hosted library: threads.
 *
 * A thread becomes a CPU with its first call and leaves its number to another one when it ends, with the
 * magazines as they are; beyond WARM_NUMBERS idle numbers, without what they hold. Number 0 is shared by
 * threads that can have no number: one at a time, for one call.
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/slab.h>

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define HOSTED_CPUS  1024
#define WARM_NUMBERS 16

__thread intptr_t hosted_cpu_offset;
__thread unsigned int hosted_cpu;
static __thread bool is_ending;
unsigned int hosted_cpu_count = 1;

extern char __stop_ashlar_percpu[] PORT_PRIVATE;
static char *areas; /* accessible for numbers that were ever given out */

static struct spinlock up_lock;
/* guarded by up_lock: */
static bool is_up; /* atomic; also read without the lock */

static struct spinlock shared_lock; /* taken before all others but numbers_lock */
/* guarded by shared_lock: the number 0, which threads without one of their own take in turn. */

static pthread_mutex_t numbers_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned int idle_numbers[HOSTED_CPUS], idle_count; /* guarded by numbers_lock */
static bool is_new[HOSTED_CPUS]; /* likewise: never used, or by a thread that a fork left out */
static pthread_key_t ending_key;

void hosted_die(const char *message)
{
    char line[600] = "ashlar-malloc: ";
    __builtin_strncat(line, message, sizeof(line) - __builtin_strlen(line) - 2);
    __builtin_strcat(line, "\n");
    (void)!write(STDERR_FILENO, line, __builtin_strlen(line));
    abort();
}

/* ---- memory ---- */

static struct memmap_range ram = { { 0 }, { HOSTED_RAM_END - HOSTED_RAM }, MEMMAP_USABLE };
static uint64_t early_end = HOSTED_RAM_END - HOSTED_RAM; /* early memory follows the window, upward */

static phys_t take_early(uint64_t size_bytes, uint64_t alignment)
{
    uint64_t start = align_up(early_end, alignment), size = align_up(size_bytes, PAGE_SIZE);
    if (!hosted_map(HOSTED_RAM + start, size))
        return PHYS_INVALID;
    early_end = start + size;
    return phys(start);
}

static bool next_early(size_t *cursor, struct phys_range *taken)
{
    *taken = (struct phys_range){ ram.end, phys(early_end) };
    return (*cursor)++ == 0;
}

/* Addresses for twice the memory that there is, or as much as the process may have. */
static uint64_t window_size(void)
{
    uint64_t size = 2 * (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t most = HOSTED_RAM_END - HOSTED_RAM - HUGE_PAGE_SIZE; /* physical address 0 is not used */
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < size)
        size = limit.rlim_cur;
    size = align_up(size, HUGE_PAGE_SIZE);
    return size < most ? size : most;
}

char *hosted_cpu_area(unsigned int cpu)
{
    return areas + cpu * align_up((uint64_t)(__stop_ashlar_percpu - __start_ashlar_percpu), PAGE_SIZE);
}

static bool open_area(unsigned int cpu)
{
    char *area = hosted_cpu_area(cpu);
    return mprotect(area, (size_t)(hosted_cpu_area(cpu + 1) - area), PROT_READ | PROT_WRITE) == 0;
}

static void become(unsigned int number)
{
    hosted_cpu = number;
    hosted_cpu_offset = hosted_cpu_area(number) - __start_ashlar_percpu;
}

static void leave_cpu(void)
{
    hosted_cpu = 0;
    hosted_cpu_offset = 0;
}

static void bring_up(void)
{
    void *start = mmap(NULL, (size_t)(hosted_cpu_area(HOSTED_CPUS) - hosted_cpu_area(0)), PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        hosted_die("no address space for threads");
    areas = start;
    if (!open_area(0))
        hosted_die("no memory for the first thread");
    ram.start = phys(ram.end.raw - window_size());

    const struct buddy_setup setup = {
        .ranges = &ram, .range_count = 1, .take = take_early, .next_taken = next_early
    };
    slab_checks_new_caches = secure_getenv("ASHLAR_MALLOC_CHECKED") != NULL;
    become(0);
    if (buddy_init(&setup) != STATUS_OK || slab_init() != STATUS_OK || kmalloc_init() != STATUS_OK)
        hosted_die("the allocators cannot start: its addresses are taken, or there is no memory");
    hosted_prepare_classes();
    leave_cpu();
}

/* ---- threads ---- */

static void release_number(void *number)
{
    pthread_mutex_lock(&numbers_lock);
    bool is_warm = idle_count < WARM_NUMBERS;
    pthread_mutex_unlock(&numbers_lock);
    if (!is_warm) {
        slab_leave_cpu();
        frame_cache_drain();
    }
    is_ending = true;
    leave_cpu();
    pthread_mutex_lock(&numbers_lock);
    idle_numbers[idle_count++] = (unsigned int)(uintptr_t)number;
    pthread_mutex_unlock(&numbers_lock);
}

static void init_number(unsigned int number)
{
    frame_cache_prepare_cpu(number);
    slab_prepare_cpu(number);
}

/* Becomes a CPU. Return: its number; 0 when there is none left. */
static unsigned int take_number(void)
{
    unsigned int number = 0;
    pthread_mutex_lock(&numbers_lock);
    if (idle_count > 0) {
        number = idle_numbers[--idle_count];
    } else if (hosted_cpu_count < HOSTED_CPUS && open_area(hosted_cpu_count)) {
        number = hosted_cpu_count;
        is_new[number] = true;
        __atomic_store_n(&hosted_cpu_count, number + 1, __ATOMIC_RELEASE);
    }
    if (number != 0)
        become(number);
    if (number != 0 && is_new[number])
        init_number(number);
    is_new[number] = false;
    pthread_mutex_unlock(&numbers_lock);
    return number;
}

static void ensure_is_up(void)
{
    if (__atomic_load_n(&is_up, __ATOMIC_ACQUIRE))
        return;
    spin_lock(&up_lock);
    if (!is_up) {
        bring_up();
        if (pthread_key_create(&ending_key, release_number) != 0)
            hosted_die("no key for the end of threads");
        hosted_prepare_forks();
        __atomic_store_n(&is_up, true, __ATOMIC_RELEASE);
    }
    spin_unlock(&up_lock);
}

/* Before there are threads: a fork by one while another brings the library up would leave the child with half
   of it. */
static __attribute__((constructor)) void bring_up_early(void)
{
    ensure_is_up();
}

bool hosted_enter(void)
{
    if (hosted_cpu_offset != 0)
        return false;
    ensure_is_up();
    unsigned int number = is_ending ? 0 : take_number();
    if (number == 0) {
        spin_lock(&shared_lock);
        become(0);
        return true;
    }
    /* This may allocate, which now finds a CPU. */
    pthread_setspecific(ending_key, (void *)(uintptr_t)number);
    return false;
}

void hosted_leave(void)
{
    leave_cpu();
    spin_unlock(&shared_lock);
}

void hosted_hold_threads(void)
{
    pthread_mutex_lock(&numbers_lock);
    spin_lock(&shared_lock);
}

void hosted_release_threads(void)
{
    spin_unlock(&shared_lock);
    pthread_mutex_unlock(&numbers_lock);
}

void hosted_reclaim_numbers(void)
{
    bool is_idle[HOSTED_CPUS] = { false };
    for (unsigned int i = 0; i < idle_count; i++)
        is_idle[idle_numbers[i]] = true;
    for (unsigned int number = 1; number < hosted_cpu_count; number++) {
        if (is_idle[number] || number == hosted_cpu)
            continue;
        is_new[number] = true;
        idle_numbers[idle_count++] = number;
    }
}

/* ---- reports ---- */

/* Evidence that a program ran on this library, in the file that ASHLAR_MALLOC_COUNTS names; for tests. Not in
   a set-user-ID program (secure_getenv), which would write where its caller may not. */
static __attribute__((destructor)) void write_counts(void)
{
    const char *name = secure_getenv("ASHLAR_MALLOC_COUNTS");
    struct slab_stats stats;
    uint64_t slabs = 0;
    char line[64];
    if (!name || !is_up)
        return;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        slabs += stats.slabs;
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file >= 0) {
        (void)!write(file, line, (size_t)snprintf(line, sizeof(line), "slabs=%lu\n", slabs));
        close(file);
    }
}

uint64_t port_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void port_report(const char *format, ...)
{
    (void)format; /* a library has no log */
}

/* No stdio: it allocates. */
void port_bug(const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    hosted_die(message);
}

void verify_failed(const char *expression, const char *file, int line)
{
    (void)file;
    (void)line;
    hosted_die(expression);
}

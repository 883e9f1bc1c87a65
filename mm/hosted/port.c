/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The machine that the hosted library runs on: a reservation of address space is memory, threads are CPUs.
 *
 * A thread becomes a CPU with its first call and leaves its number to another one when it ends, with the magazines
 * as they are. Number 0 has the section itself for its area and belongs to nobody in particular: threads that can
 * have no number take turns on it.
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
#include <time.h>
#include <unistd.h>

#define HOSTED_CPUS 1024

__thread intptr_t hosted_cpu_offset;
__thread unsigned hosted_cpu;
static __thread bool is_ending;
unsigned hosted_cpu_count = 1;
uint64_t hosted_ram_bytes;

extern char __stop_ashlar_percpu[];
static char *areas; /* of CPUs 1 and up */

static bool is_up;
static struct port_lock up_lock;     /* guards is_up */
static struct port_lock shared_lock; /* CPU 0's turn */
static pthread_mutex_t numbers_lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned idle_numbers[HOSTED_CPUS], idle_count; /* guarded by numbers_lock */
static pthread_key_t ending_key;

static void die(const char *words)
{
    static const char prefix[] = "ashlar-mm: ";
    (void)!write(STDERR_FILENO, prefix, sizeof(prefix) - 1);
    (void)!write(STDERR_FILENO, words, __builtin_strlen(words));
    abort();
}

/* ---- memory ---- */

static void *reserve(uint64_t address, uint64_t size)
{
    void *start = mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (start != (void *)(uintptr_t)address)
        die("the addresses for its memory are taken, or forbidden (ulimit -v)\n");
    return start;
}

/* The first frame stays nobody's, as on a PC. */
static struct memmap_range ram = { { PAGE_SIZE }, { 0 }, MEMMAP_USABLE };
static uint64_t early_top;

static phys_t take_early(uint64_t size_bytes, uint64_t alignment)
{
    uint64_t start = align_down(early_top - size_bytes, alignment);
    if (size_bytes > early_top || start < PAGE_SIZE)
        return PHYS_INVALID;
    early_top = start;
    return phys(start);
}

static bool next_early(size_t *cursor, struct phys_range *taken)
{
    *taken = (struct phys_range){ phys(early_top), ram.end };
    return (*cursor)++ == 0;
}

/* The array is there as a whole; the process's own page tables do the rest. */
status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    (void)start;
    (void)end;
    (void)page_size;
    return STATUS_OK;
}

status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    (void)start;
    (void)memory;
    (void)page_size;
    return STATUS_OK;
}

/* As much as the machine has, and then as much again: what programs ask for and what they touch differ. */
static void bring_up(void)
{
    uint64_t installed = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
    hosted_ram_bytes = align_up(2 * installed, HUGE_PAGE_SIZE);
    reserve(HOSTED_RAM, hosted_ram_bytes);
    reserve(HOSTED_FRAMES, hosted_ram_bytes / PAGE_SIZE * sizeof(struct frame));
    areas = mmap(NULL, HOSTED_CPUS * (size_t)(__stop_ashlar_percpu - __start_ashlar_percpu), PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (areas == MAP_FAILED)
        die("no address space for threads\n");
    ram.end = phys(hosted_ram_bytes);
    early_top = hosted_ram_bytes;

    const struct buddy_setup setup = { .ranges = &ram, .range_count = 1, .take = take_early, .next_taken = next_early };
    slab_checks_new_caches = getenv("ASHLAR_MM_CHECKED") != NULL;
    if (buddy_init(&setup) != STATUS_OK || slab_init() != STATUS_OK || kmalloc_init() != STATUS_OK)
        die("the allocators cannot start\n");
}

/* ---- threads ---- */

char *hosted_cpu_area(unsigned cpu)
{
    size_t size = (size_t)(__stop_ashlar_percpu - __start_ashlar_percpu);
    return cpu == 0 ? __start_ashlar_percpu : areas + (cpu - 1) * size;
}

static void leave_number(void *number)
{
    is_ending = true;
    hosted_cpu = 0;
    hosted_cpu_offset = 0;
    pthread_mutex_lock(&numbers_lock);
    idle_numbers[idle_count++] = (unsigned)(uintptr_t)number;
    pthread_mutex_unlock(&numbers_lock);
}

/* Return: 0 when there is none left. */
static unsigned take_number(void)
{
    unsigned number = 0;
    pthread_mutex_lock(&numbers_lock);
    if (idle_count > 0) {
        number = idle_numbers[--idle_count];
    } else if (hosted_cpu_count < HOSTED_CPUS) {
        number = hosted_cpu_count;
        __atomic_store_n(&hosted_cpu_count, number + 1, __ATOMIC_RELEASE);
        frame_cache_init_cpu(number);
        slab_init_cpu(number);
    }
    pthread_mutex_unlock(&numbers_lock);
    return number;
}

static void make_sure_it_is_up(void)
{
    if (__atomic_load_n(&is_up, __ATOMIC_ACQUIRE))
        return;
    port_lock(&up_lock);
    if (!is_up) {
        bring_up();
        if (pthread_key_create(&ending_key, leave_number) != 0)
            die("no key for the end of threads\n");
        hosted_prepare_forks();
        __atomic_store_n(&is_up, true, __ATOMIC_RELEASE);
    }
    port_unlock(&up_lock);
}

bool hosted_enter(void)
{
    if (hosted_cpu_offset != 0)
        return false;
    make_sure_it_is_up();
    unsigned number = is_ending ? 0 : take_number();
    if (number == 0) {
        port_lock(&shared_lock);
        return true;
    }
    hosted_cpu = number;
    hosted_cpu_offset = hosted_cpu_area(number) - __start_ashlar_percpu;
    /* This may allocate, which now finds a CPU. */
    pthread_setspecific(ending_key, (void *)(uintptr_t)number);
    return false;
}

void hosted_hold_threads(void)
{
    pthread_mutex_lock(&numbers_lock);
}

void hosted_release_threads(void)
{
    pthread_mutex_unlock(&numbers_lock);
}

void hosted_leave(void)
{
    port_unlock(&shared_lock);
}

/* ---- words ---- */

/* For tests, which want to know that a program really ran on this: to the file that ASHLAR_MM_COUNTS names. */
static __attribute__((destructor)) void say_what_was_made(void)
{
    const char *name = getenv("ASHLAR_MM_COUNTS");
    struct slab_stats stats;
    uint64_t slabs = 0;
    char words[64];
    if (!name || !is_up)
        return;
    for (size_t cursor = 0; slab_next_stats(&cursor, &stats);)
        slabs += stats.slabs;
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (file >= 0) {
        (void)!write(file, words, (size_t)snprintf(words, sizeof(words), "slabs=%lu\n", slabs));
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
    (void)format; /* a library has nowhere to warn */
}

/* No stdio: it allocates. */
void port_wrong(const char *format, ...)
{
    char words[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(words, sizeof(words) - 1, format, arguments);
    va_end(arguments);
    __builtin_strcat(words, "\n");
    die(words);
}

void verify_failed(const char *expression, const char *file, int line)
{
    (void)file;
    (void)line;
    die(expression);
    abort();
}

// SPDX-License-Identifier: BSD-2-Clause
/*
 * Records a program's calls of malloc(): preloaded, it passes each call on to glibc and appends to the file
 * that ASHLAR_MIX names. scripts/bench mm replays the record on each allocator (replay_mix.c).
 *
 * The record is pairs of 64-bit numbers, an address and a size; SIZE_MAX stands for a free. realloc() is a
 * free and an allocation. Threads are kept in one order, not necessarily the one in which they ran.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST (16u << 20) /* events; later ones are lost */

/* glibc's own names for what is defined anew here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *pointer, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *pointer);

struct event {
    uint64_t address, size;
};

static struct event *events;
static uint64_t event_count;
static int file = -1;

__attribute__((constructor)) static void begin(void)
{
    const char *path = getenv("ASHLAR_MIX");
    if (!path)
        return;
    /* A child process would write over it. */
    file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0 || ftruncate(file, MOST * sizeof(struct event)) != 0)
        return;
    void *map = mmap(NULL, MOST * sizeof(struct event), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    events = map == MAP_FAILED ? NULL : map;
}

__attribute__((destructor)) static void end(void)
{
    uint64_t count = __atomic_load_n(&event_count, __ATOMIC_RELAXED);
    if (events && ftruncate(file, (off_t)((count < MOST ? count : MOST) * sizeof(struct event))) != 0)
        abort();
    events = NULL;
}

static void record(const void *pointer, uint64_t size)
{
    if (!events || !pointer)
        return;
    uint64_t index = __atomic_fetch_add(&event_count, 1, __ATOMIC_RELAXED);
    if (index < MOST)
        events[index] = (struct event){ (uintptr_t)pointer, size };
}

void *malloc(size_t size)
{
    void *pointer = __libc_malloc(size);
    record(pointer, size);
    return pointer;
}

void free(void *pointer)
{
    record(pointer, SIZE_MAX);
    __libc_free(pointer);
}

void *calloc(size_t count, size_t size)
{
    void *pointer = __libc_calloc(count, size);
    record(pointer, count * size);
    return pointer;
}

void *realloc(void *old, size_t size)
{
    void *pointer = __libc_realloc(old, size);
    if (pointer || size == 0)
        record(old, SIZE_MAX);
    record(pointer, size);
    return pointer;
}

void *memalign(size_t alignment, size_t size)
{
    void *pointer = __libc_memalign(alignment, size);
    record(pointer, size);
    return pointer;
}

void *aligned_alloc(size_t alignment, size_t size)
{
    return memalign(alignment, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
    void *pointer = memalign(alignment, size);
    if (pointer)
        *result = pointer;
    return pointer ? 0 : ENOMEM;
}

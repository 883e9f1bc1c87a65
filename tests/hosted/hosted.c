/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The port of mm for a process: threads are CPUs, a mapping without backing is physical memory.
 */
#define _GNU_SOURCE
#include "hosted.h"

#include <ashlar/bits.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

unsigned char *hosted_ram;
uint64_t hosted_ram_start;
struct frame *hosted_frames;
__thread unsigned int hosted_cpu;
unsigned int hosted_cpu_count = 1;

unsigned int hosted_wrong_count;
char hosted_wrong_words[512];
bool hosted_wrong_expected;
bool hosted_large_descriptor_pages;

static uint64_t ram_size;

#define DESCRIPTOR_BYTES(ram_bytes) ((ram_bytes) / PAGE_SIZE * sizeof(struct frame))

static void *reserve_aligned(uint64_t size, uint64_t alignment)
{
    unsigned char *start = mmap(NULL, size + alignment, PROT_READ | PROT_WRITE,
                                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED) {
        perror("hosted memory");
        abort();
    }
    unsigned char *aligned = (unsigned char *)align_up((uint64_t)(uintptr_t)start, alignment);
    if (aligned > start)
        munmap(start, (size_t)(aligned - start));
    munmap(aligned + size, (size_t)(start + alignment - aligned));
    return aligned;
}

void hosted_memory_init(uint64_t start, uint64_t end)
{
    if (hosted_ram) {
        munmap(hosted_ram, ram_size);
        munmap(hosted_frames, DESCRIPTOR_BYTES(ram_size));
    }
    hosted_ram_start = start;
    ram_size = end - start;
    hosted_ram = reserve_aligned(ram_size, HUGE_PAGE_SIZE);
    hosted_frames = reserve_aligned(DESCRIPTOR_BYTES(ram_size), LARGE_PAGE_SIZE);
    mprotect(hosted_frames, DESCRIPTOR_BYTES(ram_size), PROT_NONE);
    madvise(hosted_ram, ram_size, MADV_NOHUGEPAGE);
    madvise(hosted_frames, DESCRIPTOR_BYTES(ram_size),
            hosted_large_descriptor_pages ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

/* A part at a time: mincore() needs a byte per page. */
static uint64_t resident_bytes(unsigned char *start, uint64_t size)
{
    enum { PIECE_PAGES = 1 << 20 };
    unsigned char *present = malloc(PIECE_PAGES);
    uint64_t bytes = 0;
    for (uint64_t at = 0; at < size; at += PIECE_PAGES * PAGE_SIZE) {
        uint64_t piece = size - at < PIECE_PAGES * PAGE_SIZE ? size - at : PIECE_PAGES * PAGE_SIZE;
        if (mincore(start + at, piece, present) != 0)
            abort();
        for (uint64_t page = 0; page < piece / PAGE_SIZE; page++)
            bytes += present[page] & 1 ? PAGE_SIZE : 0;
    }
    free(present);
    return bytes;
}

uint64_t hosted_touched_bytes(void)
{
    return resident_bytes(hosted_ram, ram_size);
}

uint64_t hosted_touched_descriptor_bytes(void)
{
    return resident_bytes((unsigned char *)hosted_frames, DESCRIPTOR_BYTES(ram_size));
}

/*
 * The whole array is mapped, by the process's own page tables. But as in the kernel a part may be used only
 * after it was mapped, and mapped only after it was prepared, from memory without another owner.
 */
status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
{
    if (start >= end || (page_size != PAGE_SIZE && page_size != LARGE_PAGE_SIZE))
        abort();
    return STATUS_OK;
}

status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
{
    if ((page_size != PAGE_SIZE && page_size != LARGE_PAGE_SIZE) || !is_aligned(memory.raw, page_size) ||
        !is_aligned((uint64_t)(uintptr_t)start, page_size))
        abort();
    if (mprotect(start, page_size, PROT_READ | PROT_WRITE) != 0) {
        perror("hosted descriptors");
        abort();
    }
    /* What the allocator has not zeroed is not zero; of a large page the ends, so that little is touched. */
    memset(start, 0xa5, PAGE_SIZE);
    memset((char *)start + page_size - PAGE_SIZE, 0xa5, PAGE_SIZE);
    return STATUS_OK;
}

uint64_t port_ticks(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void port_report(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void port_bug(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(hosted_wrong_words, sizeof(hosted_wrong_words), format, arguments);
    va_end(arguments);
    __atomic_add_fetch(&hosted_wrong_count, 1, __ATOMIC_RELAXED);
    if (!hosted_wrong_expected) {
        fprintf(stderr, "%s\n", hosted_wrong_words);
        abort();
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The hosted <ashlar/mm/port.h>: physical memory is a block of this process, which begins at physical
 * address @hosted_ram_start; CPUs are threads that set their own number. Functions of more than a line are
 * in hosted.c; a test that needs none of them need not link it.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/frames.h>
#include <ashlar/status.h>

#include <process_port.h>

extern unsigned char *hosted_ram;
extern uint64_t hosted_ram_start;

static inline void *port_pointer(phys_t address)
{
    return hosted_ram + (address.raw - hosted_ram_start);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)((const unsigned char *)pointer - hosted_ram) + hosted_ram_start);
}

/* All memory is there from the beginning. */
static inline bool port_commit(void *start, size_t size_bytes)
{
    (void)start;
    (void)size_bytes;
    return true;
}

static inline void port_uncommit(void *start, size_t size_bytes)
{
    (void)start;
    (void)size_bytes;
}

static inline void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal)
{
    (void)memory;
    (void)size_bytes;
    (void)objects;
    (void)reciprocal;
}

/* The test defines how flushes are recorded. */
void port_flush(virt_t virt, uint64_t size_bytes);

/* A test of it defines it: how many periods in which no page table is freed are in force. */
extern unsigned int hosted_tables_held __attribute__((weak));

static inline bool port_flush_table(virt_t virt, uint64_t size_bytes)
{
    port_flush(virt, size_bytes);
    return !(&hosted_tables_held && hosted_tables_held > 0);
}

static inline void port_block_table_freeing(void)
{
    if (&hosted_tables_held)
        hosted_tables_held++;
}

static inline void port_unblock_table_freeing(void)
{
    if (&hosted_tables_held)
        hosted_tables_held--;
}

/* Where a test does not define it, no table is freed while another thread reads. */
static inline bool port_tables_stay(void)
{
    return !&hosted_tables_held || hosted_tables_held > 0;
}

/* hosted_frames[0] describes the frame at hosted_ram. */
extern struct frame *hosted_frames;

static inline struct frame *port_frame(const void *pointer)
{
    return hosted_frames + ((uint64_t)((const unsigned char *)pointer - hosted_ram) >> PAGE_SHIFT);
}

static inline struct frame *port_frame_of(const void *pointer)
{
    return port_frame(pointer); /* which rounds down */
}

static inline void *port_frame_pointer(const struct frame *frame)
{
    return hosted_ram + ((uint64_t)(frame - hosted_frames) << PAGE_SHIFT);
}

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size) MUST_CHECK;
status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size) MUST_CHECK;

/* A thread sets its number before it calls mm; two running threads never have the same. */
#define HOSTED_CPUS 64
extern __thread unsigned int hosted_cpu;
extern unsigned int hosted_cpu_count;

static inline unsigned int port_cpu(void)
{
    return hosted_cpu;
}

static inline unsigned int port_cpu_count(void)
{
    return hosted_cpu_count;
}

#define PORT_PRIVATE
#define PORT_PER_CPU(type, name)         type name[HOSTED_CPUS]
#define PORT_MINE(name)                  (name[hosted_cpu])
#define PORT_MINE_AT(type, name, offset) (*(type *)(void *)((char *)&name[hosted_cpu] + (offset)))
#define PORT_OF(name, cpu)               (&name[cpu])

uint64_t port_ticks(void);
void port_report(const char *format, ...) PRINTF_LIKE(1, 2);
void port_bug(const char *format, ...) PRINTF_LIKE(1, 2);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A process's implementation of <ashlar/mm/port.h>, for the allocators as a library: memory is a window at a
 * fixed address (pages.c backs the parts in use), and each thread is a CPU for as long as it lives
 * (port.c).
 *
 * Fixed, so that a shift leads from an address to its descriptor, as in the kernel. The window ends at a
 * constant, and memory is used from its end downward, so that one subtraction and one comparison tell an
 * address inside. Per-CPU variables are collected in a section, which is never used itself; a CPU has a
 * copy of it, and each thread has the distance from the original to its copy.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/frames.h>
#include <ashlar/status.h>

#include <process_port.h>

#define HOSTED_RAM     0x40000000000u               /* physical address 0 */
#define HOSTED_RAM_END (HOSTED_RAM + 0x4000000000u) /* 256 GiB: as far as a struct slab may lie */
#define HOSTED_PHASES  (HOSTED_RAM >> 10)           /* port_note_slab(): 4 bytes a frame */

static inline void *port_pointer(phys_t address)
{
    return (void *)(uintptr_t)(HOSTED_RAM + address.raw);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)(uintptr_t)pointer - HOSTED_RAM);
}

bool port_commit(void *start, size_t size_bytes);
void port_uncommit(void *start, size_t size_bytes);
void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal);

/* A process has no page tables to change. */
static inline void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static inline bool port_flush_table(virt_t virt, uint64_t size_bytes)
{
    port_flush(virt, size_bytes);
    return true;
}

static inline struct frame *port_frame(const void *pointer)
{
    return (struct frame *)((uintptr_t)pointer >> 9);
}

static inline struct frame *port_frame_of(const void *pointer)
{
    return (struct frame *)(((uintptr_t)pointer >> PAGE_SHIFT) * sizeof(struct frame));
}

static inline void *port_frame_pointer(const struct frame *frame)
{
    return (void *)((uintptr_t)frame << 9);
}

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size) MUST_CHECK;
status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size) MUST_CHECK;

/* ---- CPUs ---- */

/* From a variable in the section to this thread's. 0: the thread is no CPU now. The section stays all zero:
   pushing to its stacks finds no slot. */
extern __thread intptr_t hosted_cpu_offset __attribute__((visibility("hidden"), tls_model("initial-exec")));
extern __thread unsigned int hosted_cpu __attribute__((visibility("hidden"), tls_model("initial-exec")));
extern unsigned int hosted_cpu_count __attribute__((visibility("hidden")));
char *hosted_cpu_area(unsigned int cpu);
extern char __start_ashlar_percpu[] __attribute__((visibility("hidden")));

static inline unsigned int port_cpu(void)
{
    return hosted_cpu;
}

static inline unsigned int port_cpu_count(void)
{
    return __atomic_load_n(&hosted_cpu_count, __ATOMIC_ACQUIRE);
}

/* The library's own: reached without its table of global addresses. */
#define PORT_PRIVATE                     __attribute__((visibility("hidden")))
#define PORT_PER_CPU(type, name)         type name PORT_PRIVATE __attribute__((section("ashlar_percpu")))
#define PORT_MINE(name)                  (*(__typeof__(name) *)(void *)((char *)&(name) + hosted_cpu_offset))
#define PORT_MINE_AT(type, name, offset) (*(type *)(void *)((char *)&(name) + hosted_cpu_offset + (offset)))
#define PORT_OF(name, cpu)                                                                                   \
    ((__typeof__(name) *)(void *)(hosted_cpu_area(cpu) + ((char *)&(name)-__start_ashlar_percpu)))

uint64_t port_ticks(void);
void port_report(const char *format, ...) PRINTF_LIKE(1, 2);
void port_bug(const char *format, ...) PRINTF_LIKE(1, 2);

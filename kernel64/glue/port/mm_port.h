/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's answers to <ashlar/mm/port.h>. Includes none of kernel64's rooms: mm sees this.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/frames.h>
#include <ashlar/status.h>

static inline void *port_pointer(phys_t address)
{
    return (void *)(uintptr_t)(DIRECT_MAP_START + address.raw);
}

static inline phys_t port_phys(const void *pointer)
{
    return phys((uint64_t)(uintptr_t)pointer - DIRECT_MAP_START);
}

void port_flush(uint64_t virt, uint64_t size_bytes);

/* layout.h puts the descriptors where these shifts lead; >> of a negative number keeps its sign here. */
static inline struct frame *port_frame(const void *pointer)
{
    return (struct frame *)((intptr_t)pointer >> 9);
}

static inline struct frame *port_frame_of(const void *pointer)
{
    return (struct frame *)(((intptr_t)pointer >> PAGE_SHIFT) * (intptr_t)sizeof(struct frame));
}

static inline void *port_frame_pointer(const struct frame *frame)
{
    return (void *)((uintptr_t)frame << 9);
}

status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size);
status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size);

/*
 * Per-CPU variables lie in the section that cpu/percpu.h describes: the linked copy is the first CPU's, and GS leads each
 * CPU to its own. No thread moves between CPUs and no interrupt handler calls mm, so that nothing is to be pinned.
 */
extern unsigned int percpu_cpu_number; /* cpu/percpu.c */
unsigned int percpu_count(void);
uintptr_t percpu_distance(unsigned int cpu);

static inline unsigned port_cpu(void)
{
    return *(__seg_gs unsigned int *)(uintptr_t)&percpu_cpu_number;
}

static inline unsigned port_cpu_count(void)
{
    return percpu_count();
}

#define PORT_PRIVATE
#define PORT_PER_CPU(type, name) type name SECTION(".bss.percpu")
#define PORT_MINE(name)          (*(__seg_gs __typeof__(name) *)(uintptr_t)&(name))
#define PORT_MINE_AT(type, name, offset) (*(__seg_gs type *)((uintptr_t)&(name) + (offset)))
#define PORT_OF(name, cpu)       ((__typeof__(name) *)(void *)((char *)&(name) + percpu_distance(cpu)))

static inline void port_pin(void)
{
}

static inline void port_unpin(void)
{
}

static inline void port_pause(void)
{
    __builtin_ia32_pause();
}

struct port_lock {
    uint32_t held;
    uint32_t interrupts_were_on; /* the holder's */
};

void port_lock(struct port_lock *lock);
bool port_try_lock(struct port_lock *lock);
void port_unlock(struct port_lock *lock);

uint64_t port_ticks(void);
void port_report(const char *format, ...) PRINTF_LIKE(1, 2);
void port_wrong(const char *format, ...) PRINTF_LIKE(1, 2);

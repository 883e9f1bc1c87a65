/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Per-CPU data, declared beside the code that owns it:
 *
 *     PERCPU(uint64_t, calls);
 *     PERCPU_MINE(calls)++;                               one instruction
 *     sum += *PERCPU_OF(cpu, calls);                      another CPU's
 *
 * They are initially zero. The linker collects them in one section, which is the BSP's own copy: its GS
 * base is 0. Another CPU's GS base is the distance from that section to its copy.
 *
 * PERCPU_MINE() is valid only while the code stays on its CPU: with interrupts off, or where nothing migrates
 * it. A checked build panics otherwise.
 */
#include <ashlar/types.h>

#define PERCPU(type, name) type percpu_##name SECTION(".bss.percpu")

/* For a header, when more than one file uses it. */
#define PERCPU_DECLARE(type, name) extern type percpu_##name

/* This CPU's, as an lvalue. The compiler knows the segment, so it costs what any variable costs. */
#define PERCPU_MINE(name) (*(PERCPU_CHECK(), (__seg_gs __typeof__(percpu_##name) *)(uintptr_t)&percpu_##name))

/* The address of any CPU's. @cpu: below percpu_count(). */
#define PERCPU_OF(cpu, name) ((__typeof__(percpu_##name) *)((uintptr_t)&percpu_##name + percpu_distance(cpu)))

/*
 * The same for arrays: this CPU's element, and the address of any CPU's first one. Separate, because GCC 12
 * drops the segment of an array's type silently: PERCPU_MINE(name)[i] would be the BSP's.
 */
#define PERCPU_ARRAY(type, name, count) type percpu_array_##name[count] SECTION(".bss.percpu")
#define PERCPU_MINE_AT(name, index)                                                                          \
    ((PERCPU_CHECK(), (__seg_gs __typeof__(*percpu_array_##name) *)(uintptr_t)percpu_array_##name)[index])
#define PERCPU_ARRAY_OF(cpu, name)                                                                           \
    ((__typeof__(&*percpu_array_##name))(void *)((char *)percpu_array_##name + percpu_distance(cpu)))

#define PERCPU_MAX 1024

/* The number of CPUs with a copy; only grows. Context: any.
   NOLINTNEXTLINE(readability-redundant-declaration): vm/port/mm_port.h has one for mm. */
unsigned int percpu_count(void);

/* Bytes of a copy; alignment: 64. Context: any. */
size_t percpu_size(void);

/**
 * percpu_add() - add a CPU; its number is the previous percpu_count().
 * @copy: percpu_size() bytes, aligned to 64; cleared here; must persist.
 *
 * Context: one caller at a time; fewer than PERCPU_MAX CPUs.
 */
void percpu_add(void *copy);

/* From the BSP's copy to that of @cpu, in bytes; @cpu: below percpu_count(). Context: any.
   NOLINTNEXTLINE(readability-redundant-declaration): vm/port/mm_port.h has one for mm. */
uintptr_t percpu_distance(unsigned int cpu);

/* The number of the executing CPU. */
PERCPU_DECLARE(unsigned int, cpu_number);

/*
 * Whether the code on this CPU may be migrated to another while interrupts are on. There is no scheduler yet,
 * so it is true in tests only.
 */
PERCPU_DECLARE(bool, may_move);

#ifdef ASHLAR_CHECKED
/* Panics if the caller may be migrated now. Context: any. */
void percpu_check_stays(void);

/* For PERCPU_MINE(). Context: any. */
static ALWAYS_INLINE void percpu_check(void)
{
    if (UNLIKELY(*(__seg_gs bool *)(uintptr_t)&percpu_may_move))
        percpu_check_stays();
}
#define PERCPU_CHECK() percpu_check()
#else
#define PERCPU_CHECK() ((void)0)
#endif

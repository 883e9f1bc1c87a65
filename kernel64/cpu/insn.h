/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * One inline function for each instruction that C cannot express. Sequences are written in the code that
 * needs them.
 *
 * Instructions that change address translation (control registers, flushes) are also compiler barriers. The
 * interrupt flag: <ashlar/sync/irqflags.h>; device ports: <ashlar/io.h>.
 *
 * Context of all: any, also NMI and panic, unless a function says otherwise.
 * Source: Intel SDM vol. 2A, "Instruction Set Reference, A-L"; vol. 2B, "Instruction Set Reference, M-U".
 */
#include <cpu/cpuid.h>

static inline struct cpuid_result cpu_cpuid(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(subleaf));
    return r;
}

/* #GP when the CPU has no such register; a hypervisor may refuse one too: cpu/fixup.h. */
static inline uint64_t cpu_read_msr(uint32_t msr)
{
    uint32_t low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (uint64_t)high << 32 | low;
}

static inline void cpu_write_msr(uint32_t msr, uint64_t value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((uint32_t)value), "d"((uint32_t)(value >> 32)) : "memory");
}

/* Not ordered against the instructions around it. */
static inline uint64_t cpu_read_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/* Ordered after all earlier instructions, loads included (Intel SDM vol. 2B, "RDTSC"). */
static inline uint64_t cpu_read_tsc_ordered(void)
{
    uint32_t low, high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
    return (uint64_t)high << 32 | low;
}

/* Return: whether the generator had a number ready. #UD without CPUID.1:ECX.RDRAND. */
static inline bool cpu_read_random(uint64_t *number)
{
    bool ready;
    __asm__ volatile("rdrand %0" : "=r"(*number), "=@ccc"(ready));
    return ready;
}

#define CPU_CONTROL_REGISTER(n)                                                                              \
    static inline uint64_t cpu_read_cr##n(void)                                                              \
    {                                                                                                        \
        uint64_t value;                                                                                      \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)::"memory");                                      \
        return value;                                                                                        \
    }                                                                                                        \
    static inline void cpu_write_cr##n(uint64_t value)                                                       \
    {                                                                                                        \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(value) : "memory");                                         \
    }
CPU_CONTROL_REGISTER(0)
CPU_CONTROL_REGISTER(2)
CPU_CONTROL_REGISTER(3)
CPU_CONTROL_REGISTER(4)
#undef CPU_CONTROL_REGISTER

#define CPU_DEBUG_REGISTER(n)                                                                                \
    static inline uint64_t cpu_read_dr##n(void)                                                              \
    {                                                                                                        \
        uint64_t value;                                                                                      \
        __asm__ volatile("mov %%dr" #n ", %0" : "=r"(value));                                                \
        return value;                                                                                        \
    }                                                                                                        \
    static inline void cpu_write_dr##n(uint64_t value)                                                       \
    {                                                                                                        \
        __asm__ volatile("mov %0, %%dr" #n ::"r"(value));                                                    \
    }
CPU_DEBUG_REGISTER(6)
CPU_DEBUG_REGISTER(7)
#undef CPU_DEBUG_REGISTER

static inline uint64_t cpu_read_rflags(void)
{
    uint64_t flags;
    __asm__ volatile("pushfq; popq %0" : "=r"(flags)::"memory");
    return flags;
}

/* Invalidates this CPU's translation of one page, also a global one. */
static inline void cpu_invalidate_page(const volatile void *address)
{
    __asm__ volatile("invlpg (%0)" ::"r"(address) : "memory");
}

/* Halts until the next interrupt or NMI. */
static inline void cpu_halt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}

/* Arms the monitor: MWAIT ends when the line of @address is written to. #UD without CPU_FEATURE_MONITOR. */
static inline void cpu_monitor(const void *address)
{
    __asm__ volatile("monitor" ::"a"(address), "c"(0), "d"(0));
}

/* The operand of LGDT, LIDT, SGDT and SIDT. */
struct PACKED descriptor_table_pointer {
    uint16_t limit; /* size in bytes, less 1 */
    uint64_t base;
};

static inline void cpu_load_gdt(const struct descriptor_table_pointer *table)
{
    __asm__ volatile("lgdt %0" ::"m"(*table) : "memory");
}

static inline void cpu_load_idt(const struct descriptor_table_pointer *table)
{
    __asm__ volatile("lidt %0" ::"m"(*table) : "memory");
}

static inline void cpu_store_gdt(struct descriptor_table_pointer *table)
{
    __asm__ volatile("sgdt %0" : "=m"(*table));
}

static inline void cpu_store_idt(struct descriptor_table_pointer *table)
{
    __asm__ volatile("sidt %0" : "=m"(*table));
}

static inline void cpu_load_task_register(uint16_t selector)
{
    __asm__ volatile("ltr %0" ::"r"(selector) : "memory");
}

static inline uint16_t cpu_store_task_register(void)
{
    uint16_t selector;
    __asm__ volatile("str %0" : "=r"(selector));
    return selector;
}

#define CPU_SEGMENT_REGISTER(name)                                                                           \
    static inline uint16_t cpu_read_##name(void)                                                             \
    {                                                                                                        \
        uint16_t selector;                                                                                   \
        __asm__ volatile("mov %%" #name ", %0" : "=r"(selector));                                            \
        return selector;                                                                                     \
    }
CPU_SEGMENT_REGISTER(cs)
CPU_SEGMENT_REGISTER(ds)
CPU_SEGMENT_REGISTER(es)
CPU_SEGMENT_REGISTER(fs)
CPU_SEGMENT_REGISTER(gs)
CPU_SEGMENT_REGISTER(ss)
#undef CPU_SEGMENT_REGISTER

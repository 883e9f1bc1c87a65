/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Check of the CPU's features. Each feature that kernel64 requires has its own message.
 * Source: Intel SDM vol. 2A, "CPUID - CPU Identification"; AMD APM vol. 3, "Obtaining Processor
 * Information Via the CPUID Instruction", Fn8000_0001.
 */
#include "cpu.h"

#include "confidential.h"
#include "console.h"

#include <ashlar/hw/cpu.h>

#define LEAF1_EDX_TSC (1u << 4)
#define LEAF1_EDX_MSR (1u << 5)
#define LEAF1_EDX_PAE (1u << 6)
#define LEAF1_EDX_PGE (1u << 13)
#define LEAF1_EDX_PAT (1u << 16)
#define EXT1_EDX_NX   (1u << 20)
#define EXT1_EDX_1GIB (1u << 26)
#define EXT1_EDX_LONG (1u << 29)

struct cpuid {
    uint32_t eax, ebx, ecx, edx;
};

static struct cpuid cpuid(uint32_t leaf)
{
    struct cpuid r;
    __asm__ volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx) : "a"(leaf), "c"(0));
    return r;
}

/* A CPU that has CPUID lets bit 21 of EFLAGS be changed. */
static bool has_cpuid(void)
{
    uint32_t before, after;
    __asm__ volatile("pushfl\n\t"
                     "pushfl\n\t"
                     "xorl %2, (%%esp)\n\t"
                     "popfl\n\t"
                     "pushfl\n\t"
                     "popl %0\n\t"
                     "popl %1\n\t"
                     "pushl %1\n\t"
                     "popfl"
                     : "=&r"(after), "=&r"(before)
                     : "i"(RFLAGS_ID)
                     : "cc");
    return ((after ^ before) & RFLAGS_ID) != 0;
}

static uint32_t read_cr4(void)
{
    uint32_t value;
    __asm__ volatile("movl %%cr4, %0" : "=r"(value));
    return value;
}

static void require(bool has, const char *what)
{
    if (has)
        return;
    console_write("Ashlar cannot run on this CPU: it has no ");
    console_write(what);
    fatal(".");
}

void cpu_require(struct stub_cpu *cpu)
{
    require(has_cpuid(), "CPUID instruction (an i486 or older)");
    confidential_refuse();
    require(cpuid(0x80000000).eax >= 0x80000001, "long mode (it is a 32-bit CPU)");
    struct cpuid basic = cpuid(1), extended = cpuid(0x80000001);
    require((extended.edx & EXT1_EDX_LONG) != 0, "long mode (it is a 32-bit CPU)");
    require((basic.edx & LEAF1_EDX_PAE) != 0, "physical address extension (PAE)");
    require((basic.edx & LEAF1_EDX_MSR) != 0, "model-specific registers (MSR)");
    require((basic.edx & LEAF1_EDX_TSC) != 0, "time-stamp counter (TSC)");
    require((basic.edx & LEAF1_EDX_PGE) != 0, "global pages (PGE)");
    require((basic.edx & LEAF1_EDX_PAT) != 0, "page attribute table (PAT)");
    cpu->has_nx = (extended.edx & EXT1_EDX_NX) != 0;
    cpu->has_gib_pages = (extended.edx & EXT1_EDX_1GIB) != 0;
    cpu->la57_was_on = (read_cr4() & CR4_LA57) != 0;
}

uint64_t cpu_time_stamp(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

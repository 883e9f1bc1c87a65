/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MTRRs of this machine's CPUs, read and compared; cpu/mtrr.c has the rules.
 */
#include <cpu/mtrr_cpu.h>

#include <ashlar/bits.h>
#include <cpu/insn.h>
#include <cpu/fixup.h>

#define EDX_MTRR     BIT(12)
#define MSR_MTRR_CAP 0xfe
#define MOST         44 /* the default type, 11 fixed ones, 16 pairs */

struct values {
    uint64_t cap;
    uint64_t of[MOST];
};

static struct values first; /* constant once read; cap 0: no MTRRs */

/* A hypervisor may have the feature bit and not the registers. */
static void read_all(void *argument)
{
    struct values *values = argument;
    uint64_t cap = cpu_read_msr(MSR_MTRR_CAP);
    for (unsigned int index = 0; index < mtrr_count(cap); index++)
        values->of[index] = cpu_read_msr(mtrr_msr(cap, index));
    values->cap = cap;
}

static void read(struct values *values)
{
    struct trap_frame caught;
    values->cap = 0;
    if (cpu_cpuid(1, 0).edx & EDX_MTRR)
        (void)fixup_try(read_all, values, &caught);
}

void mtrr_note_first(void)
{
    read(&first);
}

struct mtrr_difference mtrr_compare(void)
{
    struct values here;
    read(&here);
    if (here.cap != first.cap)
        return (struct mtrr_difference){ MSR_MTRR_CAP, here.cap, first.cap };
    return first.cap ? mtrr_find_difference(first.cap, here.of, first.of)
                     : (struct mtrr_difference){ 0, 0, 0 };
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Enumerates the MTRRs, and compares those of two CPUs.
 *
 * Source: Intel SDM vol. 3A, "Memory Type Range Registers (MTRRs)".
 */
#include <cpu/mtrr.h>

#include <ashlar/bits.h>

#define CAP_VARIABLE 0xff
#define CAP_FIXED    0x100

#define MSR_VARIABLE 0x200 /* base and mask, in turn */
#define MASK_VALID   BIT(11)

/* The maximum of variable ranges. */
#define MOST_VARIABLE 16

static const uint16_t fixed[] = {
    0x250, 0x258, 0x259, 0x268, 0x269, 0x26a, 0x26b, 0x26c, 0x26d, 0x26e, 0x26f
};

static unsigned int fixed_count(uint64_t cap)
{
    return cap & CAP_FIXED ? ARRAY_LEN(fixed) : 0;
}

unsigned int mtrr_count(uint64_t cap)
{
    unsigned int variable = (unsigned int)(cap & CAP_VARIABLE);
    return 1 + fixed_count(cap) + 2 * (variable < MOST_VARIABLE ? variable : MOST_VARIABLE);
}

uint32_t mtrr_msr(uint64_t cap, unsigned int index)
{
    if (index == 0)
        return MSR_MTRR_DEF_TYPE;
    index--;
    return index < fixed_count(cap) ? fixed[index] : MSR_VARIABLE + index - fixed_count(cap);
}

/* Base or mask of a variable range, 0 if the range is not valid. */
static uint64_t meaning_of(const uint64_t *values, uint32_t msr, unsigned int index)
{
    if (msr < MSR_VARIABLE || msr >= MSR_VARIABLE + 2 * MOST_VARIABLE)
        return values[index];
    uint64_t mask = values[msr & 1 ? index : index + 1];
    return mask & MASK_VALID ? values[index] : 0;
}

struct mtrr_difference mtrr_find_difference(uint64_t cap, const uint64_t *here, const uint64_t *first)
{
    for (unsigned int index = 0; index < mtrr_count(cap); index++) {
        uint32_t msr = mtrr_msr(cap, index);
        if (meaning_of(here, msr, index) != meaning_of(first, msr, index))
            return (struct mtrr_difference){ msr, here[index], first[index] };
    }
    return (struct mtrr_difference){ 0, 0, 0 };
}

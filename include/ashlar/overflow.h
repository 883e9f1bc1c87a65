/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Checked arithmetic for sizes, counts, alignments and addresses from outside: from a caller, firmware, a
 * loader, a person. Not for numbers whose bounds the code knows.
 *
 * Each is true when the exact result fits into *result; otherwise *result must not be used. The operands may
 * have any integer types, also different ones; the compiler computes with unlimited width (GCC manual,
 * "Built-in Functions to Perform Arithmetic with Overflow Checking").
 *
 *     uint64_t end;
 *     if (!add_fits(start, size_bytes, &end))
 *         return STATUS_INVALID;
 *
 * The rest of the tree does not use the built-ins: scripts/check/walls refuses them.
 *
 * Context of all: any. Pure.
 */
#include <ashlar/types.h>

/* A function, so that the compiler warns about an unused result. */
static inline bool MUST_CHECK overflow_fits(bool has_overflowed)
{
    return LIKELY(!has_overflowed);
}

#define add_fits(a, b, result)      overflow_fits(__builtin_add_overflow(a, b, result))
#define subtract_fits(a, b, result) overflow_fits(__builtin_sub_overflow(a, b, result))
#define multiply_fits(a, b, result) overflow_fits(__builtin_mul_overflow(a, b, result))

/**
 * align_up_fits() - round up to a multiple.
 * @value:     any.
 * @alignment: a power of two.
 * @result:    receives the smallest multiple of @alignment that is not below @value; undefined when false is
 *             returned.
 *
 * Return: false when that is 2^64 or more.
 */
static inline bool MUST_CHECK align_up_fits(uint64_t value, uint64_t alignment, uint64_t *result)
{
    bool fits = add_fits(value, alignment - 1, result);
    *result &= ~(alignment - 1);
    return fits;
}

/**
 * range_fits() - whether a range of bytes lies below a limit.
 * @start, @size_bytes: any.
 * @limit: exclusive; at most UINT64_MAX, so that the last byte of 2^64 is never in such a range.
 *
 * Return: true when the range is not empty and ends at or below @limit.
 */
static inline bool MUST_CHECK range_fits(uint64_t start, uint64_t size_bytes, uint64_t limit)
{
    uint64_t end;
    return size_bytes > 0 && add_fits(start, size_bytes, &end) && end <= limit;
}

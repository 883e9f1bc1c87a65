/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * MTRRs, compared between CPUs. All CPUs must have the same ones (Intel SDM vol. 3A, "MTRR Considerations in
 * MP Systems"); otherwise memory has other types, or is slow, on one of them. They are not changed here.
 */
#include <ashlar/types.h>

#define MSR_MTRR_DEF_TYPE     0x2ff
#define MTRR_DEF_TYPE_ENABLED 0x800

/* A register that differs. */
struct mtrr_difference {
    uint32_t msr; /* 0: none differs */
    uint64_t here, first;
};

/**
 * mtrr_count(), mtrr_msr() - the number of a CPU's MTRRs, and the MSR of each. Pure.
 * @cap:   IA32_MTRRCAP.
 * @index: below mtrr_count().
 *
 * Context: any.
 */
unsigned int mtrr_count(uint64_t cap);
uint32_t mtrr_msr(uint64_t cap, unsigned int index);

/**
 * mtrr_find_difference() - the first register whose values differ in meaning. Pure.
 * @cap:          IA32_MTRRCAP of both CPUs.
 * @here, @first: the values of two CPUs, mtrr_count(@cap) each.
 *
 * Variable ranges that are not valid are equal, whatever their bases.
 * Context: any.
 */
struct mtrr_difference mtrr_find_difference(uint64_t cap, const uint64_t *here, const uint64_t *first);

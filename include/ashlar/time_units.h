/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Units of time, uint64_t, for whoever counts in nanoseconds or shows them. What time it is: kernel64/time.
 */
#include <ashlar/types.h>

#define NS_PER_US     UINT64_C(1000)
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)
#define US_PER_SECOND UINT64_C(1000000)

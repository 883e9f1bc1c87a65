/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Units of time, uint64_t. The clock itself is kernel64/time's.
 */
#include <ashlar/types.h>

#define NS_PER_US     UINT64_C(1000)
#define NS_PER_MS     UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)
#define US_PER_MS     UINT64_C(1000)
#define US_PER_SECOND UINT64_C(1000000)

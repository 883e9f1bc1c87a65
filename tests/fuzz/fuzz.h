/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/* Shared by the fuzzers: libFuzzer's entry, and a report of a wrong result. */
#include <ashlar/types.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void insist(bool condition)
{
    if (!condition)
        abort();
}

/* A copy that ends where the address sanitizer begins to watch. */
static inline uint8_t *exact_copy(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

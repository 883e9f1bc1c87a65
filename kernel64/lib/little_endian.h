/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Little-endian numbers in bytes of any alignment. The caller has checked the length.
 *
 * Context of all: any. Pure.
 */
#include <ashlar/types.h>

static inline uint16_t get_le16(const void *bytes)
{
    uint16_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint32_t get_le32(const void *bytes)
{
    uint32_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

static inline uint64_t get_le64(const void *bytes)
{
    uint64_t value;
    __builtin_memcpy(&value, bytes, sizeof(value));
    return value;
}

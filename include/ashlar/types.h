/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Fixed-width integers, attributes, and three small helpers, for every file. Not for definitions of one
 * subsystem.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NORETURN          __attribute__((noreturn))
#define PACKED            __attribute__((packed))
#define ALIGNED(n)        __attribute__((aligned(n)))
#define SECTION(name)     __attribute__((section(name)))
#define USED              __attribute__((used))
#define UNUSED            __attribute__((unused))
#define MUST_CHECK        __attribute__((warn_unused_result))
#define NOINLINE          __attribute__((noinline))
#define ALWAYS_INLINE     inline __attribute__((always_inline))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

#define LIKELY(x)   __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Does not compile for a pointer: the second term is then a negative array size. */
#define ARRAY_LEN(a)                                                                                         \
    (sizeof(a) / sizeof((a)[0]) +                                                                            \
     0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(__typeof__(a), __typeof__(&(a)[0]))]))

#define container_of(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

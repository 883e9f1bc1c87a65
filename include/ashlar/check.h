/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Three ways to insist on something.
 *
 *   STATIC_ASSERT  layouts, sizes, the address map: decided by the compiler.
 *   VERIFY         in every build: cheap facts whose failure means memory is already wrong.
 *   CHECK          in checked builds, as dear as one likes; elsewhere compiled but not run.
 *
 * None of them is for input: what firmware, a loader or a person says is reported and survived.
 */
#include <ashlar/types.h>

#define STATIC_ASSERT(condition, why) _Static_assert(condition, why)

/**
 * verify_failed() - the end of a failed VERIFY or CHECK; each program supplies its own.
 * @expression: source text of what should have been true.
 * @file, @line: where.
 *
 * kernel64 panics, a hosted test aborts.
 */
NORETURN void verify_failed(const char *expression, const char *file, int line);

#define VERIFY(x) (LIKELY(x) ? (void)0 : verify_failed(#x, __FILE__, __LINE__))

#ifdef ASHLAR_CHECKED
#define CHECK(x) VERIFY(x)
#else
#define CHECK(x) ((void)(0 && (x)))
#endif

#define UNREACHABLE() verify_failed("unreachable", __FILE__, __LINE__)

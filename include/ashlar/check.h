/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Assertions.
 *
 *   STATIC_ASSERT  layouts, sizes, the address map: decided by the compiler.
 *   VERIFY         in every build: cheap conditions whose failure means that memory is corrupt.
 *   CHECK          in checked builds, at any cost; elsewhere compiled but not evaluated.
 *
 * None of them is for input from firmware, a loader or a person: an invalid one is reported and survived.
 */
#include <ashlar/types.h>

#define STATIC_ASSERT(condition, why) _Static_assert(condition, why)

/**
 * verify_failed() - handle a failed VERIFY or CHECK; each program supplies its own.
 * @expression: source text of the condition, and of CHECK() what it means.
 * @file, @line: of the assertion.
 *
 * kernel64 panics, a hosted test aborts.
 * Context: any.
 */
NORETURN void verify_failed(const char *expression, const char *file, int line);

#define VERIFY(x) (LIKELY(x) ? (void)0 : verify_failed(#x, __FILE__, __LINE__))

/* @why: what is true when nothing is broken, a string: "subject: claim". */
#ifdef ASHLAR_CHECKED
#define CHECK(x, why) (LIKELY(x) ? (void)0 : verify_failed(#x " (" why ")", __FILE__, __LINE__))
#else
#define CHECK(x, why) ((void)(0 && (x)))
#endif

#define UNREACHABLE() verify_failed("unreachable", __FILE__, __LINE__)

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Mistakes on purpose: the kinds of `crash KIND`, also for self-tests, which make those that
 * trap_try() survives.
 */
#include <ashlar/types.h>

struct crash_kind {
    const char *name;
    void (*run)(void);
    const char *help; /* what the mistake is */
};

extern const struct crash_kind crash_kinds[];
extern const unsigned crash_kind_count;

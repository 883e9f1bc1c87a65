/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * When the boot reached what: a name and a time stamp a stage, in the order in which they were reached.
 * The first is "stub", the stub's first instructions; the last is "prompt".
 */
#include <ashlar/types.h>

/* More stages than this are left out of the list, never out of the boot. */
#define STAGES_MAX 32

struct stage {
    const char *name;
    uint64_t ticks; /* time-stamp counter */
};

/* Notes that @name (constant) is reached now. Context: the first CPU. */
void stage_mark(const char *name);

/* The same for a moment that has passed: what the hand-off tells. */
void stage_mark_at(const char *name, uint64_t ticks);

/* Return: the stages, oldest first. */
const struct stage *stages(size_t *count);

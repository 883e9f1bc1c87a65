/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Boot stages: a name and a time stamp each, in chronological order. The first is "stub", the stub's first
 * instructions; the last is "prompt".
 *
 * Context of all: the BSP.
 */
#include <ashlar/types.h>

/* Further stages are dropped. */
#define BOOT_STAGES_MAX 32

struct boot_stage {
    const char *name;
    uint64_t ticks; /* time-stamp counter */
};

/**
 * boot_stage_mark() - record a stage now.
 * @name: constant.
 */
void boot_stage_mark(const char *name);

/**
 * boot_stage_mark_at() - record a stage in the past, as the hand-off gives it.
 * @name:  constant.
 * @ticks: of the time-stamp counter.
 */
void boot_stage_mark_at(const char *name, uint64_t ticks);

/**
 * boot_stages() - the list.
 * @count: receives how many there are.
 *
 * Return: the stages, oldest first.
 */
const struct boot_stage *boot_stages(size_t *count);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Required and optional features of the CPU, by CPUID.
 */
#include <ashlar/types.h>

#pragma GCC visibility push(hidden)

struct stub_cpu {
    bool has_nx, has_gib_pages;
    bool la57_was_on; /* 5-level paging, left on in CR4 */
};

/**
 * cpu_require() - stop with a fatal error if this CPU cannot run kernel64.
 * @cpu: receives the optional features.
 */
void cpu_require(struct stub_cpu *cpu);

/* Only after cpu_require(). */
uint64_t cpu_time_stamp(void);

#pragma GCC visibility pop

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Translations forgotten on every CPU.
 */
#include <ashlar/types.h>

/**
 * shootdown() - when it returns, no CPU uses an old translation of [virt, virt + size_bytes).
 *
 * One interrupt to each CPU that is busy, whatever the size; idle ones flush when they wake. Waits as ipi_call() does, and
 * names whoever does not answer.
 * Context: as ipi_call().
 */
void shootdown(uint64_t virt, uint64_t size_bytes);

/* The same, with idle CPUs interrupted too: what they remember of page tables must be gone when it returns. */
void shootdown_everywhere(uint64_t virt, uint64_t size_bytes);

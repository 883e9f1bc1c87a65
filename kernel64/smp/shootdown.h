/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Translations forgotten on every CPU.
 */
#include <ashlar/types.h>

/**
 * shootdown() - when it returns, no CPU uses an old translation of [virt, virt + size_bytes).
 *
 * One interrupt to each CPU that is busy, whatever the size; idle ones flush when they wake. Waits as
 * ipi_call() does, and names whoever does not answer.
 * Context: as ipi_call().
 */
void shootdown(uint64_t virt, uint64_t size_bytes);

/**
 * shootdown_everywhere() - the same, with idle CPUs interrupted too: what they remember of page tables must
 * be gone.
 *
 * Return: whether it is gone from every CPU. False while one is being started or leaves, which cannot be
 *         interrupted. It is not waited for: the caller may be an interrupt of the CPU that starts it, and
 *         then it would never arrive.
 * Context: as ipi_call().
 */
bool shootdown_everywhere(uint64_t virt, uint64_t size_bytes);

/**
 * shootdown_block_table_freeing(), shootdown_unblock_table_freeing() - between them a CPU may walk the page
 * tables that is not online.
 *
 * One that is started walks them on suspicion from the trampoline on, and flushes when it comes online; one
 * that leaves does so until it halts. Context: the one that starts them, or leaves; no lock of mm's.
 */
void shootdown_block_table_freeing(void);
void shootdown_unblock_table_freeing(void);

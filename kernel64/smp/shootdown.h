/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * TLB shootdown: port_flush() and port_flush_table() of mm/port.h, declared by mm, defined here.
 *
 * One interrupt goes to each CPU that is busy, whatever the size of the range. port_flush() only marks an
 * idle CPU, which flushes when it wakes; port_flush_table() interrupts it too, because it may hold entries of
 * its paging-structure caches. Both wait as ipi_call() does, and name a CPU that does not answer.
 * Context of both: as ipi_call().
 */
#include <ashlar/types.h>

/**
 * shootdown_block_table_freeing(), shootdown_unblock_table_freeing() - begin and end a period in which page
 * tables are not freed, because a CPU that gets no shootdown may walk them.
 *
 * A CPU that is being started walks them speculatively from the trampoline on, and flushes when it comes
 * online; a CPU that goes offline does so until it halts. Periods may overlap: they are counted.
 * Context: the CPU that starts others, or that goes offline; none of mm's locks held.
 */
void shootdown_block_table_freeing(void);
void shootdown_unblock_table_freeing(void);

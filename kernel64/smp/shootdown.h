/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * TLB shootdown: port_flush(), port_flush_table() and port_block_table_freeing() of mm/port.h, which has
 * their contracts, defined here.
 *
 * One interrupt goes to each CPU that is busy, whatever the size of the range. port_flush() only marks an
 * idle CPU, which flushes when it wakes; port_flush_table() interrupts it too, because it may hold entries of
 * its paging-structure caches. Both wait as ipi_call() does, and log a CPU that does not respond.
 *
 * A CPU that is being started walks page tables speculatively from the trampoline on, and flushes when it
 * comes online; a CPU that goes offline does so until it halts. In both periods table freeing is blocked.
 * Context of the flushes: as ipi_call().
 */
#include <ashlar/mm/port.h>

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The functions that mm requires of the machine. It is resolved at compile time, by the folder with an
 * <mm_port.h> that is on the include path, and not by function pointers: single instructions count on the
 * allocators' fast paths.
 *
 *   kernel64/vm/port/mm_port.h   for the kernel
 *   mm/malloc/mm_port.h          for a process, with the allocators as a library: a window of addresses
 *   tests/hosted/mm_port.h       for a hosted test: "physical" memory is a block that the test supplies
 *
 * Each defines, as a function or an inline:
 *
 * Memory
 *   void *port_pointer(phys_t address)
 *       Where a physical page can be read and written. @address: RAM.
 *   phys_t port_phys(const void *pointer)
 *       The inverse. @pointer: from port_pointer(), or inside that page.
 *   bool port_commit(void *start, size_t size_bytes)
 *       A block was just allocated, and its first @size_bytes from @start on are going to be written.
 *       Return: false when the machine has no memory to back them: the block is then given back unused.
 *       Content stays undefined.
 *   void port_uncommit(void *start, size_t size_bytes)
 *       A whole block, of which a part was committed, is about to be given back: its content is no longer
 *       needed. Neither is called for what the buddy allocator keeps for itself, nor with a lock of mm's
 *       held.
 *   void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal)
 *       The block at @memory was cut into objects, the first at @objects; reciprocal is 2^32 / stride,
 *       rounded up.
 *   void port_flush(virt_t virt, uint64_t size_bytes)
 *       Invalidates [virt, virt + size_bytes) in the TLBs of all CPUs: each CPU has done so when this
 *       returns, or does so before it executes anything else.
 *   bool port_flush_table(virt_t virt, uint64_t size_bytes)
 *       The same, and the page table that led there, to which no entry leads any more, is to be freed.
 *       Return true when no CPU holds it in its paging-structure caches; false while
 *       port_block_table_freeing() is in force: then the table must stay what it is. Does not wait for the
 *       end of that.
 *   void port_block_table_freeing(void), void port_unblock_table_freeing(void)
 *       Begin and end a period in which no page table is freed, because a CPU that gets no shootdown may walk
 *       it (one that is being started or is going offline), or code walks the tables without a lock. Periods
 *       may overlap: they are counted. A table whose entry was cleared before the period began is not reached
 *       in it. What could not be freed is freed by a later paging_prune(). In any context.
 *   bool port_tables_stay(void)
 *       Checked builds: whether such a period is in force, or no other CPU runs.
 *
 * Frame descriptors: an array over all physical addresses, 8 bytes a frame, backed by memory only where the
 * buddy allocator has mapped some.
 *   struct frame *port_frame(const void *pointer)
 *       The descriptor of the frame at @pointer, which is from port_pointer() and page-aligned.
 *   struct frame *port_frame_of(const void *pointer)
 *       The same for a pointer to anywhere in the frame.
 *   void *port_frame_pointer(const struct frame *frame)
 *       The inverse.
 *   status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
 *       Makes the page tables that pages of that size (PAGE_SIZE or LARGE_PAGE_SIZE) at [start, end)
 *       will need. During buddy_init() only; may take early memory.
 *   status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
 *       Maps one page of memory at @start in the array, writable, content undefined: the allocator zeroes
 *       what it uses. Called with or without its lock held, by the owner of the frames described, so this
 *       takes no lock of mm's. The tables exist, so it takes no memory. A page is mapped once, and stays.
 *
 * Processors
 *   unsigned int port_cpu(void)        this CPU's number, 0 .. port_cpu_count() - 1
 *   unsigned int port_cpu_count(void)  may grow: by a CPU for which frame_cache_prepare_cpu() and
 *                                      slab_prepare_cpu() run next
 *   PORT_PER_CPU(type, name)           defines (after `extern`: declares) a zeroed variable for each CPU
 *   PORT_PRIVATE                       an attribute of variables that only mm refers to, where that makes
 *                                      access shorter
 *   PORT_MINE(name)                    this CPU's, as an lvalue whose members are used at once; its address
 *                                      is not taken. Pinned, or it may soon be another CPU's.
 *   PORT_MINE_AT(type, name, offset)   what is at that many bytes in this CPU's @name, likewise
 *   PORT_OF(name, cpu)                 a pointer to the one of CPU number @cpu
 *   void port_pause(void)              one iteration of a loop that waits for another CPU
 *   void port_pin(void), port_unpin(void)
 *       Between them this code stays on its CPU, and no other code that calls mm runs there, which makes
 *       PORT_MINE() safe without atomics. Does not nest. As short as possible.
 *   void *PORT_STACK_POP(name), *PORT_STACK_POP_AT(name, offset)
 *       Pops from the struct port_stack that this CPU's @name begins with, or that is at so many bytes in it.
 *       NULL when the top is NULL, which is below the first one, so that empty needs no test of its own.
 *   bool PORT_STACK_PUSH(name, pointer), PORT_STACK_PUSH_AT(name, offset, pointer)
 *       Pushes; false when the top has reached the limit.
 *       These four need no pin: an interrupt that uses the same stack in the middle of one of them has the
 *       same effect as if it had come before it.
 *
 * Locks: fair or not, held for a short time; interrupts are masked while one is held or waited for.
 *   struct spinlock, SPINLOCK(), SPIN_INIT(), spin_lock(), spin_trylock(), spin_unlock(), CHECK_HELD()
 *       As in <ashlar/sync/spinlock.h>, whose locks the kernel uses. Not recursive; they nest within a pin,
 *       and among each other in the order of <ashlar/sync/lock_class.h>, which both check. A function that
 *       ends in _locked begins with CHECK_HELD(), which in a checked build ends the program by
 *       lock_panic_not_held() when this CPU does not hold the lock.
 *
 * Reports
 *   uint64_t port_ticks(void)
 *       A time stamp; only differences are meaningful.
 *   void port_report(const char *format, ...)
 *       One line of warning, without newline; format as in lib/format.h.
 *   void port_bug(const char *format, ...)
 *       Memory is already corrupt: a block freed twice, for example. The kernel panics with this message. A
 *       process under test may record it and return, so the caller must then drop the operation and leave
 *       everything as it was. Call it with no lock held and not pinned.
 */
#include <ashlar/addr.h>
#include <ashlar/mm/frames.h>
#include <ashlar/status.h>

/* A stack of pointers, in a per-CPU variable. */
struct port_stack {
    void **top;   /* the last one pushed */
    void **limit; /* at which pushing ends */
};

#include <mm_port.h>

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * All that mm asks of the machine. It is resolved when compiling, by which folder with an
 * <mm_port.h> is on the include path, and not by function pointers: the allocators' common paths
 * count single instructions.
 *
 *   kernel64/vm/port/mm_port.h   the kernel's answers
 *   mm/malloc/mm_port.h            a process's, for the allocators as a library: a window of addresses
 *   tests/hosted/mm_port.h         a test's: "physical" memory is a block the test brings
 *
 * Each answers, as a function or an inline:
 *
 * Memory
 *   void *port_pointer(phys_t address)
 *       Where a physical page can be read and written. @address: RAM.
 *   phys_t port_phys(const void *pointer)
 *       The way back. @pointer: from port_pointer(), or inside that page.
 *   bool port_commit(void *start, size_t size_bytes)
 *       A block was just allocated, and its first @size_bytes from @start on are going to be written. Return:
 *       false when the machine has nothing to put behind them: the block is then given back unused. Content
 *       stays undefined.
 *   void port_uncommit(void *start, size_t size_bytes)
 *       A whole block, of which a part was committed, is about to be given back: its content is no longer
 *       needed. Neither concerns what the buddy allocator keeps for itself. Not with a lock of mm's held.
 *   void port_note_slab(void *memory, uint64_t size_bytes, const void *objects, uint32_t reciprocal)
 *       The block at @memory was cut into objects, the first at @objects; reciprocal is 2^32 / stride,
 *       rounded up.
 *   void port_flush(virt_t virt, uint64_t size_bytes)
 *       No CPU uses a translation of [virt, virt + size_bytes) from before any more: it has dropped them when
 *       this returns, or drops them before it does anything else.
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
 * Frame descriptors: an array over all physical addresses, 8 bytes a frame, with memory behind it
 * only where the buddy allocator put some.
 *   struct frame *port_frame(const void *pointer)
 *       The descriptor of the frame that @pointer, from port_pointer() and page-aligned, shows.
 *   struct frame *port_frame_of(const void *pointer)
 *       The same for a pointer to anywhere in the frame.
 *   void *port_frame_pointer(const struct frame *frame)
 *       The way back.
 *   status_t port_prepare_descriptors(struct frame *start, struct frame *end, uint64_t page_size)
 *       Makes the page tables that pages of that size (PAGE_SIZE or LARGE_PAGE_SIZE) at [start, end)
 *       will need. During buddy_init() only; may take early memory.
 *   status_t port_map_descriptors(struct frame *start, phys_t memory, uint64_t page_size)
 *       Puts one page of memory behind the array at @start, writable, content undefined: the allocator zeroes
 *       what it uses. Called with or without its lock held, by the owner of the frames described, so this
 *       takes no lock of mm's. The tables are there, so it takes no memory. A page is mapped once, and stays.
 *
 * Processors
 *   unsigned int port_cpu(void)        this CPU's number, 0 .. port_cpu_count() - 1
 *   unsigned int port_cpu_count(void)  may grow: by a CPU for which frame_cache_prepare_cpu() and
 *                                  slab_prepare_cpu() run next
 *   PORT_PER_CPU(type, name)       defines (after `extern`: declares) a zeroed variable for each CPU
 *   PORT_PRIVATE                   an attribute of variables that only mm refers to, where that makes access
 *                                  shorter
 *   PORT_MINE(name)                this CPU's, as an lvalue whose members are used at once; its
 *                                  address is not taken. Pinned, or it may be another CPU's soon.
 *   PORT_MINE_AT(type, name, offset)
 *                                  what lies at that many bytes in this CPU's @name, likewise
 *   PORT_OF(name, cpu)             a pointer to the one of CPU number @cpu
 *   void port_pin(void), port_unpin(void)
 *       Between them this code stays on its CPU, and nothing else that calls mm runs there: that
 *       is what makes PORT_MINE() safe without atomics. Does not nest. As short as possible.
 *   void *PORT_STACK_POP(name), *PORT_STACK_POP_AT(name, offset)
 *       Pops from the struct port_stack that this CPU's @name begins with, or that lies at so many bytes
 *       in it. NULL when the top is NULL: what lies under the first, so that empty needs no test of its own.
 *   bool PORT_STACK_PUSH(name, pointer), PORT_STACK_PUSH_AT(name, offset, pointer)
 *       Pushes; false when the top has reached the limit. These four need no pin: an interrupt that uses the
 *       same stack in their middle is as if it had come before.
 *   void port_pause(void)          one turn of a loop that waits for another CPU
 *
 * Locks: fair or not, taken for short; interrupts are off while one is held or waited for.
 *   struct spinlock, SPINLOCK(), SPIN_INIT(), spin_lock(), spin_trylock(), spin_unlock(), CHECK_HELD()
 *       As <ashlar/sync/spinlock.h> has them; the kernel's are those. Not recursive; they nest within a pin,
 *       and among each other in the order of <ashlar/sync/lock_class.h>, which both check. A function that
 *       ends in _locked begins with CHECK_HELD(), which in a checked build ends the program by
 *       lock_panic_not_held() when this CPU does not hold the lock.
 *
 * Words
 *   uint64_t port_ticks(void)
 *       A time stamp; only differences mean something.
 *   void port_report(const char *format, ...)
 *       One line of warning, without newline; format as lib/format.h has it.
 *   void port_bug(const char *format, ...)
 *       Memory is already wrong: a block freed twice, say. The kernel panics with these words. A
 *       process under test may note them and return, so the caller must then drop the operation
 *       and leave everything as it was. Call it with no lock held and not pinned.
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

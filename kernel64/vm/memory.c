/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The allocators on this machine: the memory that they get, and the memory for the buddy allocator's own
 * tables.
 *
 * Its tables are early memory (boot/early.h). early_finish() ends the taking of usable memory: what was taken
 * stays taken, and the rest is the buddy allocator's. The memory map stays as the sweep made it.
 */
#include <vm/memory.h>

#include <ashlar/bits.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>
#include <ashlar/mm/frames.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <log/log.h>
#include <panic/panic.h>
#include <vm/address_space.h>

OPTION(fail, "nth:N|RATE,SEED", "for tests: make the Nth memory allocation fail, or about one in RATE");

/* fail=RATE,SEED or fail=nth:N */
static void apply_fail(void)
{
    char words[48];
    struct fault_plan plan;
    status_t status = option_read(&option_fail, words, sizeof(words));
    if (status == STATUS_NOT_FOUND)
        return;
    if (status == STATUS_OK && fault_parse(words, &plan) == STATUS_OK)
        fault_arm(&plan);
    else
        log_warn("mm", "fail=%s: expected RATE,SEED or nth:N, in decimal", words);
}

void memory_init(const struct buddy_setup *nodes)
{
    struct buddy_setup setup = *nodes;
    setup.take = early_alloc;
    setup.next_taken = early_next_taken;
    setup.ranges = machine_map(&setup.range_count);
    status_t status = buddy_init(&setup);
    if (status != STATUS_OK)
        panic("memory: the buddy allocator cannot start: %s.\nUsable memory is in pieces too small for its "
              "tables.",
              status_sentence(status));
    early_finish();
    status = slab_init();
    if (status == STATUS_OK)
        status = kmalloc_init();
    if (status == STATUS_OK)
        status = vrange_init_memory();
    if (status != STATUS_OK)
        panic("memory: the slab allocator cannot start: %s.\nIt needs about 100 KiB; %lu KiB are free.",
              status_sentence(status), buddy_free_frames() << (PAGE_SHIFT - 10));
    address_space_use_allocator();
    apply_fail();
}

bool memory_is_free(phys_t frame)
{
    phys_t page = phys(align_down(frame.raw, PAGE_SIZE));
    return buddy_owns(page) && frame_kind(port_frame(port_pointer(page))) == FRAME_NONE;
}

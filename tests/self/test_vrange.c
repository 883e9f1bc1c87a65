/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ranges of kernel address space on this machine: memory that can be written to its last byte and not one
 * further, on either side. Copes with allocations that fail, for the sweep of `test -f`.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/vrange.h>
#include <cpu/fixup.h>
#include <trap/traps.h>

static void touch(void *argument)
{
    *(volatile uint8_t *)argument = 1;
}

static bool faults(uint8_t *address)
{
    struct trap_frame frame;
    return !fixup_try(touch, address, &frame) && frame.vector == TRAP_PAGE_FAULT;
}

KTEST(vrange, memory_is_mapped_exactly_to_its_edges)
{
    enum { SIZE = 5 * 4096 };
    void *memory;
    ASSERT_THAT(vrange_map_memory(SIZE - 100, VRANGE_STACK, "test", &memory) == STATUS_OK);
    uint8_t *bytes = memory;
    for (unsigned int i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i * 7);
    for (unsigned int i = 0; i < SIZE; i++)
        EXPECT(bytes[i] == (uint8_t)(i * 7));
    EXPECT(faults(bytes - 1));
    EXPECT(faults(bytes - 4096));
    EXPECT(faults(bytes + SIZE));

    struct vrange_info info;
    bool is_guard;
    EXPECT(vrange_find(virt_of(bytes - 1), &info, &is_guard) && is_guard && info.kind == VRANGE_STACK);
    EXPECT(vrange_find(virt_of(bytes), &info, &is_guard) && !is_guard);
    vrange_unmap(bytes + SIZE - 1);
    EXPECT(faults(bytes));
    EXPECT(!vrange_find(virt_of(bytes), &info, &is_guard));
}

KTEST(vrange, adjacent_ranges_have_a_guard_page_between)
{
    void *ranges[40];
    unsigned int count = 0;
    while (count < ARRAY_LEN(ranges) &&
           vrange_map_memory(4096, VRANGE_MEMORY, "test", &ranges[count]) == STATUS_OK)
        *(unsigned int *)ranges[count] = count, count++;
    EXPECT(count == ARRAY_LEN(ranges));
    for (unsigned int i = 0; i < count; i++) {
        EXPECT(*(unsigned int *)ranges[i] == i);
        EXPECT(faults((uint8_t *)ranges[i] + 4096));
    }
    for (unsigned int i = 0; i < count; i += 2)
        vrange_unmap(ranges[i]);
    for (unsigned int i = 1; i < count; i += 2)
        vrange_unmap(ranges[i]);
}

/* Two memory types of one page at once are undefined (Intel SDM vol. 3A, "Programming the PAT"). */
KTEST(vrange, ram_is_not_mapped_uncached_as_well_as_in_the_direct_map)
{
    void *frame = frame_alloc(), *other = NULL;
    ASSERT_THAT(frame != NULL);
    static const unsigned int types[] = { PAGE_UNCACHED, PAGE_WRITE_COMBINING };
    for (unsigned int i = 0; i < ARRAY_LEN(types); i++)
        EXPECT(vrange_map_device(port_phys(frame), PAGE_SIZE, types[i] | PAGE_WRITE, "test", &other) ==
               STATUS_EXISTS);
    EXPECT(other == NULL);
    frame_free(frame);
}

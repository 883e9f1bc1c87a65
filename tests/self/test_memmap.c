/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory map, checked on this machine: all memory of the allocator, or 64 GiB of it, is allocated and
 * filled with a pattern, and afterwards all other memory must be unchanged.
 *
 * After the first 512 MiB, single pages at even distances are samples of the rest: a virtual machine often
 * has more memory than its host, until it is written, and an emulator would need minutes.
 */
#include <ashlar/bits.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/slab.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/irqflags.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <cpu/physical.h>
#include <cpu/image.h>
#include <smp/ipi.h>

#define ALL_UP_TO     MIB(512)
#define MOST_TAKEN    GIB(64) /* each GiB in use has 2 MiB of descriptors, which the host must have */
#define SAMPLED_PAGES 256     /* about; a host that backs memory by 2 MiB pages gives 512 MiB for them */

static uint64_t sum_of(uint64_t sum, const void *start, const void *end)
{
    for (const uint64_t *word = start; (const void *)(word + 1) <= end; word++)
        sum = (sum ^ *word) * 0x100000001b3ULL; /* the prime of FNV-1a, 64 bits */
    return sum;
}

/* Early memory: page tables, in which the CPU sets accessed bits, and the consoles' characters. And the
 * running kernel, whose data and stack change; its read-only part is summed by its addresses. */
static bool changes_by_itself(uint64_t address)
{
    const struct handoff *handoff = machine_handoff();
    return (address >= handoff->kernel_start && address < handoff->kernel_end) ||
           (address >= early_taken().start.raw && address < early_left().end.raw);
}

static uint64_t sum_of_range(uint64_t sum, uint64_t start, uint64_t end)
{
    while (start < end) {
        uint64_t page_end = align_down(start, PAGE_SIZE) + PAGE_SIZE;
        uint64_t stop = page_end < end ? page_end : end;
        if (!changes_by_itself(start))
            sum = sum_of(sum, phys_to_pointer(phys(start)), phys_to_pointer(phys(stop)));
        start = stop;
    }
    return sum;
}

/*
 * Outside the direct map: the screen, which does not change meanwhile, because nothing is printed. Mapped
 * before all memory is allocated, because mapping takes memory.
 */
static struct {
    void *bytes; /* NULL: there is none */
    uint64_t size;
} screen;

static void device_map_screen(void)
{
    struct memmap_entry entry;
    screen.bytes = NULL;
    for (size_t cursor = 0; boot_info_next_reservation(machine_boot_info(), &cursor, &entry);) {
        if (entry.kind != MEMMAP_FRAMEBUFFER)
            continue;
        screen.size = entry.end - entry.start;
        /* Consoles have it mapped as one or the other. */
        if (vrange_map_device(phys(entry.start), screen.size, PAGE_UNCACHED, "test", &screen.bytes) !=
                STATUS_OK &&
            vrange_map_device(phys(entry.start), screen.size, PAGE_WRITE_COMBINING, "test", &screen.bytes) !=
                STATUS_OK)
            screen.bytes = NULL;
        return;
    }
}

static void unmap_screen(void)
{
    if (screen.bytes)
        vrange_unmap(screen.bytes);
}

/* By each owner's own data and not by the map, so that a range missing from the map is detected. */
static uint64_t sum_of_all_that_is_taken(void)
{
    const struct handoff *handoff = machine_handoff();
    uint64_t sum = sum_of(0, __text_start, __rodata_end);
    sum = sum_of_range(sum, handoff->image_start, handoff->image_end);

    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_reservation(machine_boot_info(), &cursor, &entry);) {
        if (entry.kind != MEMMAP_FRAMEBUFFER)
            sum = sum_of_range(sum, entry.start, entry.end);
    }
    if (screen.bytes)
        sum = sum_of(sum, screen.bytes, (const uint8_t *)screen.bytes + screen.size);
    for (size_t cursor = 0; boot_info_next_map_entry(machine_boot_info(), &cursor, &entry);) {
        if (entry.kind == MEMMAP_ACPI_RECLAIM)
            sum = sum_of_range(sum, entry.start, entry.end);
    }
    return sum;
}

/* All memory, in blocks linked through the first words of their first page. */
struct block {
    phys_t next; /* PHYS_INVALID after the last */
    uint64_t order;
};

static struct block *block_at(phys_t address)
{
    return phys_to_pointer(address);
}

/* Adds blocks that end below @below to the chain, large ones first, until there are none or @most bytes. */
static void take_below(phys_t below, uint64_t most, phys_t *first, uint64_t *bytes)
{
    for (unsigned int order = BUDDY_ORDERS; order-- > 0;) {
        phys_t address;
        while (*bytes < most &&
               phys_is_valid(address = buddy_alloc_where(order, BUDDY_URGENT, below, BUDDY_ANY_NODE))) {
            *block_at(address) = (struct block){ *first, order };
            *first = address;
            *bytes += PAGE_SIZE << order;
        }
    }
}

/* All of it below 4 GiB first, then the rest. @bytes: receives how much it is. */
static phys_t take_everything(uint64_t *bytes)
{
    phys_t first = PHYS_INVALID;
    *bytes = 0;
    take_below(phys(GIB(4)), UINT64_MAX, &first, bytes);
    take_below(BUDDY_ANYWHERE, MOST_TAKEN, &first, bytes);
    return first;
}

static void give_everything(phys_t first)
{
    while (phys_is_valid(first)) {
        struct block block = *block_at(first);
        buddy_free(first, (unsigned int)block.order);
        first = block.next;
    }
}

static uint64_t pattern_at(const uint64_t *word)
{
    return (uint64_t)(uintptr_t)word * 0x9e3779b97f4a7c15ULL;
}

/* Return: how many words of the page do not hold their pattern; writes them first if @write. */
static uint64_t walk_page(uint64_t address, size_t skipped_bytes, bool write)
{
    uint64_t *word = phys_to_pointer(phys(address)), *end = word + PAGE_SIZE / sizeof(*word);
    uint64_t wrong = 0;
    for (word += skipped_bytes / sizeof(*word); word < end; word++) {
        if (write)
            *word = pattern_at(word);
        else
            wrong += *word != pattern_at(word);
    }
    return wrong;
}

/* @distance: of samples; an odd number of pages, so that they are not all at the same
   offset in a large page. */
static uint64_t walk_everything(phys_t first, uint64_t distance, bool write)
{
    uint64_t wrong = 0, walked = 0;
    for (struct block *block; phys_is_valid(first); first = block->next) {
        block = block_at(first);
        uint64_t start = first.raw, end = start + (PAGE_SIZE << block->order), next;
        for (uint64_t at = start; at < end; at = next) {
            wrong += walk_page(at, at == start ? sizeof(*block) : 0, write);
            walked += PAGE_SIZE;
            next = at + (walked < ALL_UP_TO ? PAGE_SIZE : distance);
            /* The last page is always included: an off-by-one error of the map shows there. */
            if (next >= end && at < end - PAGE_SIZE)
                next = end - PAGE_SIZE;
        }
    }
    return wrong;
}

static bool is_usable(uint64_t start, uint64_t end)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == MEMMAP_USABLE && ranges[i].start.raw < end && start < ranges[i].end.raw)
            return true;
    }
    return false;
}

static bool is_all_of_kind(uint64_t start, uint64_t end, enum memmap_kind kind)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].kind == kind && ranges[i].start.raw <= start && end <= ranges[i].end.raw)
            return true;
    }
    return false;
}

static void give_frames_back(void *argument)
{
    (void)argument;
    frame_cache_drain();
}

KTEST(memmap, filling_all_usable_memory_changes_nothing_else)
{
    const struct handoff *handoff = machine_handoff();
    /* Otherwise the pattern would go over the page tables, and the test could not report it. */
    ASSERT_THAT(!is_usable(handoff->image_start, handoff->image_end));

    /* Data that interrupts change, such as the serial port's rings, are excluded. */
    device_map_screen();
    irq_flags_t state = local_irq_save();
    slab_reap();                          /* allocating everything makes the caches free what they keep, */
    ipi_call_all(give_frames_back, NULL); /* and what all CPUs keep */
    uint64_t bytes, free_before = buddy_free_frames();
    uint64_t before = sum_of_all_that_is_taken();
    phys_t everything = take_everything(&bytes);
    uint64_t distance = align_down(bytes / SAMPLED_PAGES, PAGE_SIZE) | PAGE_SIZE;
    walk_everything(everything, distance, true);
    EXPECT(sum_of_all_that_is_taken() == before);
    EXPECT(walk_everything(everything, distance, false) == 0);
    uint64_t left = buddy_free_frames() * PAGE_SIZE;
    EXPECT(left == 0 || bytes >= MOST_TAKEN);
    give_everything(everything);
    EXPECT(buddy_free_frames() * PAGE_SIZE == bytes + left);
    /* Descriptors that were made on the way stay. */
    EXPECT(buddy_free_frames() <= free_before);
    local_irq_restore(state);
    unmap_screen();
}

KTEST(memmap, kernel_and_loader_memory_is_not_usable)
{
    const struct handoff *handoff = machine_handoff();
    const struct boot_info *info = machine_boot_info();
    EXPECT(!is_usable(handoff->image_start, handoff->image_end));
    EXPECT(!is_usable(handoff->tables_start, handoff->tables_end));
    EXPECT(!is_usable(info->raw_start.raw, info->raw_start.raw + info->raw.size_bytes));
    EXPECT(!is_usable(0, PAGE_SIZE));

    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_reservation(info, &cursor, &entry);)
        EXPECT(!is_usable(entry.start, entry.end));

    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    uint64_t map_start = pointer_to_phys(ranges).raw;
    EXPECT(is_all_of_kind(map_start, map_start + count * sizeof(*ranges), MEMMAP_BOOT_IMAGE));
    EXPECT(is_all_of_kind(handoff->kernel_start, handoff->kernel_end, MEMMAP_KERNEL));
}

KTEST(memmap, the_map_is_sorted_disjoint_and_page_aligned)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    EXPECT(count > 0);
    for (size_t i = 0; i < count; i++) {
        EXPECT(ranges[i].start.raw < ranges[i].end.raw);
        EXPECT(is_aligned(ranges[i].start.raw, PAGE_SIZE) && is_aligned(ranges[i].end.raw, PAGE_SIZE));
        EXPECT(i == 0 || ranges[i - 1].end.raw <= ranges[i].start.raw);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The trampoline's memory, code and page tables.
 *
 * CR3 is loaded in protected mode, so the root lies below 4 GiB; so do all its tables.
 */
#include <smp/trampoline.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>
#include <cpu/insn.h>
#include <cpu/physical.h>
#include <lib/string.h>

#define LOW_MEMORY_END phys(0xa0000)
#define CR3_END        phys(GIB(4))
#define SEGMENT        0x10000u
#define UPPER_HALF     (PTE_ENTRIES / 2)

/* Selectors of trampoline_gdt. */
#define CODE_32   0x08
#define CODE_64   0x10
#define GDT_BYTES 32

#define INT3 0xcc

static uint64_t frames_taken;

static phys_t alloc_frames(unsigned int order, unsigned int flags, phys_t end)
{
    phys_t block = buddy_alloc_where(order, flags, end, BUDDY_ANY_NODE);
    if (phys_is_valid(block))
        frames_taken += 1ULL << order;
    return block;
}

static void free_frames(phys_t block, unsigned int order)
{
    buddy_free(block, order);
    frames_taken -= 1ULL << order;
}

static phys_t alloc_low_frame(void)
{
    return alloc_frames(0, 0, CR3_END);
}

static void free_frame(phys_t frame)
{
    free_frames(frame, 0);
}

uint64_t trampoline_frames(void)
{
    return frames_taken;
}

static uint64_t *root_of(const struct paging *paging)
{
    return phys_to_pointer(paging->root);
}

/* Of an identity mapping. */
static virt_t same_address(phys_t address)
{
    return virt(address.raw);
}

static status_t make_tables(struct trampoline *trampoline, const struct paging *kernel)
{
    trampoline->paging = (struct paging){ .has_nx = kernel->has_nx,
                                          .has_huge_pages = kernel->has_huge_pages,
                                          .take = alloc_low_frame,
                                          .give = free_frame };
    status_t status = paging_init(&trampoline->paging);
    if (status != STATUS_OK)
        return status;
    status = paging_map(&trampoline->paging, same_address(trampoline->page), trampoline->page,
                        PAGE_SIZE << trampoline->order, PAGE_WRITE | PAGE_EXECUTE);
    if (status != STATUS_OK) {
        paging_end(&trampoline->paging);
        return status;
    }
    memcpy(root_of(&trampoline->paging) + UPPER_HALF, root_of(kernel) + UPPER_HALF,
           UPPER_HALF * sizeof(uint64_t));
    return STATUS_OK;
}

/* The largest block that is available, no larger than @wanted slots need or a real-mode segment can be. */
static status_t take_block(struct trampoline *trampoline, unsigned int wanted)
{
    uint64_t bytes = TRAMPOLINE_SIZE + wanted * sizeof(struct ap_slot);
    unsigned int order = 0;
    while ((PAGE_SIZE << order) < bytes && (PAGE_SIZE << (order + 1)) <= SEGMENT)
        order++;
    /* One page for the code, and at least one for slots. */
    for (order = order < 1 ? 1 : order; order >= 1; order--) {
        phys_t block = alloc_frames(order, BUDDY_URGENT, LOW_MEMORY_END);
        if (!phys_is_valid(block))
            continue;
        trampoline->page = block;
        trampoline->order = order;
        return STATUS_OK;
    }
    return STATUS_NO_MEMORY;
}

static uint32_t place_of(const struct trampoline *trampoline, const uint8_t *symbol)
{
    return (uint32_t)(trampoline->page.raw + (uint64_t)(symbol - trampoline_start));
}

static void write_code(struct trampoline *trampoline, uint64_t entry)
{
    uint8_t *page = phys_to_pointer(trampoline->page);
    size_t size = (size_t)(trampoline_end - trampoline_start);
    memcpy(page, trampoline_start, size);
    memset(page + size, INT3, TRAMPOLINE_SIZE - size);
    trampoline->words = (void *)(page + (trampoline_words - trampoline_start));
    trampoline->slots = (void *)(page + TRAMPOLINE_SIZE);
    *trampoline->words = (struct trampoline_words){
        .protected_entry = place_of(trampoline, trampoline_protected),
        .protected_selector = CODE_32,
        .gdt_limit = GDT_BYTES - 1,
        .gdt_base = place_of(trampoline, trampoline_gdt),
        .long_entry = place_of(trampoline, trampoline_long),
        .long_selector = CODE_64,
        .slots = (uint32_t)trampoline->page.raw + TRAMPOLINE_SIZE,
        .pml4 = (uint32_t)trampoline->paging.root.raw,
        .efer = (uint32_t)((cpu_read_msr(MSR_EFER) & ~(uint64_t)EFER_LMA) | EFER_LME),
        .entry = entry,
    };
}

status_t trampoline_make(struct trampoline *trampoline, const struct paging *kernel, unsigned int wanted,
                         uint64_t entry, uint32_t *capacity)
{
    status_t status = take_block(trampoline, wanted);
    if (status != STATUS_OK)
        return status;
    status = make_tables(trampoline, kernel);
    if (status != STATUS_OK) {
        free_frames(trampoline->page, trampoline->order);
        return status;
    }
    write_code(trampoline, entry);
    *capacity = (uint32_t)(((PAGE_SIZE << trampoline->order) - TRAMPOLINE_SIZE) / sizeof(struct ap_slot));
    return STATUS_OK;
}

void trampoline_free(struct trampoline *trampoline)
{
    paging_end(&trampoline->paging);
    free_frames(trampoline->page, trampoline->order);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own page tables.
 *
 * The kernel image's mappings are copied from the stub's tables, in runs of adjacent ones with the same
 * access. The stub has set their access by the ELF file's segments, and has left out the guard pages below
 * the stacks. The direct map covers what is RAM in the memory map, in the largest pages that the CPU has;
 * where it shows the kernel's code and constants it is read-only, so that no alias of them can be written.
 *
 * Frames for tables are early memory (boot/early.h) as long as there is any; when it is used up, they come
 * from the allocator. Early memory takes them from usable memory only for the direct map of a very large
 * machine without 1 GiB pages.
 */
#include <vm/address_space.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/direct_map.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/irqflags.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <vm/early_device.h>
#include <cpu/features.h>
#include <cpu/image.h>
#include <cpu/insn.h>
#include <cpu/physical.h>
#include <log/log.h>
#include <panic/panic.h>

#define DIRECT_MAP_ACCESS (PAGE_WRITE | PAGE_GLOBAL)

/* ---- frames for tables ---- */

/* The part of the reserve that tables of the direct map must not use: it is for devices that are mapped when
   there is no other memory. */
#define RESERVE_KEPT_BYTES KIB(512)
STATIC_ASSERT(RESERVE_KEPT_BYTES < KERNEL_RESERVE_SIZE, "the direct map's tables have a part of the reserve");

static bool has_allocator;
static uint64_t allocated_tables; /* atomic */

/* Frames of the allocator go back to it. */
static void give_table(phys_t frame)
{
    if (has_allocator && buddy_owns(frame) &&
        frame_kind(port_frame(port_pointer(frame))) == FRAME_PAGE_TABLE) {
        frame_set_kind(port_frame(port_pointer(frame)), FRAME_TAKEN);
        __atomic_fetch_sub(&allocated_tables, 1, __ATOMIC_RELAXED);
        frame_free(port_pointer(frame));
        return;
    }
    early_give_frame(frame);
}

static phys_t take_from_allocator(void)
{
    void *frame = frame_alloc();
    if (!frame)
        return PHYS_INVALID;
    frame_set_kind(port_frame(frame), FRAME_PAGE_TABLE);
    __atomic_fetch_add(&allocated_tables, 1, __ATOMIC_RELAXED);
    return port_phys(frame);
}

static phys_t take_table(void)
{
    phys_t frame = early_take_frame();
    return phys_is_valid(frame) || !has_allocator ? frame : take_from_allocator();
}

static struct paging paging = { .take = take_table, .give = give_table };
static phys_t ram_end;

void address_space_use_allocator(void)
{
    has_allocator = true;
}

uint64_t address_space_allocated_tables(void)
{
    return __atomic_load_n(&allocated_tables, __ATOMIC_RELAXED);
}

struct paging *address_space(void)
{
    return &paging;
}

phys_t address_space_ram_end(void)
{
    return ram_end;
}

/* ---- the kernel image ---- */

static void must(status_t status, const char *what)
{
    if (status == STATUS_NO_MEMORY)
        panic("address space: out of page tables for %s: the %lu KiB of KERNEL_RESERVE_SIZE and all usable "
              "memory below P%#lx are taken.",
              what, (uint64_t)(KERNEL_RESERVE_SIZE / KIB(1)), (uint64_t)BOOT_DIRECT_MAP_SIZE);
    if (status != STATUS_OK)
        panic("address space: %s: %s.", what, status_sentence(status));
}

/* Pages that are mapped together. Far fewer than a large page has, so they stay small ones. */
#define RUN_BYTES_MOST KIB(256)
STATIC_ASSERT(RUN_BYTES_MOST < LARGE_PAGE_SIZE, "a run of small pages is mapped by small pages");

static void copy_run(const struct page_mapping *run)
{
    if (run->size_bytes > 0)
        must(paging_map(&paging, run->virt, run->phys, run->size_bytes, run->access | PAGE_GLOBAL),
             "the kernel's image");
}

/* @context: the run so far, which this page continues or ends. */
static void copy_mapping(void *context, const struct page_mapping *page)
{
    struct page_mapping *run = context;
    CHECK(run->size_bytes == 0 || !virt_is_below(page->virt, virt_add(run->virt, run->size_bytes)),
          "address space: the stub's pages ascend, and none overlaps the next");
    if (run->access == page->access && run->size_bytes < RUN_BYTES_MOST &&
        virt_is_equal(virt_add(run->virt, run->size_bytes), page->virt) &&
        phys_is_equal(phys_add(run->phys, run->size_bytes), page->phys)) {
        run->size_bytes += page->size_bytes;
        return;
    }
    copy_run(run);
    *run = *page;
}

static void map_image(void)
{
    const struct paging stubs = { .root = phys(machine_handoff()->pml4) };
    struct page_mapping run = { .size_bytes = 0 };
    paging_visit(&stubs, virt(KERNEL_IMAGE_START), virt(KERNEL_IMAGE_END), copy_mapping, NULL, &run);
    copy_run(&run);
}

/* ---- the direct map ---- */

static virt_t direct_map(phys_t address)
{
    return virt(DIRECT_MAP_START + address.raw);
}

static struct direct_map_plan plan_direct_map(void)
{
    struct direct_map_plan plan = { .end = machine_address_end(), .has_huge_pages = paging.has_huge_pages };
    plan.ranges = machine_map(&plan.range_count);
    return plan;
}

static void map_all_ram(void)
{
    struct phys_range run;
    const struct direct_map_plan plan = plan_direct_map();
    early_hold_back(RESERVE_KEPT_BYTES);
    ram_end = plan.end;
    for (size_t cursor = 0; direct_map_next_run(&plan, &cursor, &run);) {
        if (paging_map(&paging, direct_map(run.start), run.start, phys_range_size(run), DIRECT_MAP_ACCESS) !=
            STATUS_OK) {
            log_warn("memory", "RAM from P%#lx on is left out: no frames for its page tables", run.start.raw);
            ram_end = run.start;
            break;
        }
    }
    early_hold_back(0);
    early_set_limit(ram_end);
}

/* The loader's boot information stays where it is, and QEMU puts parts of it into page 0, which no range of
   the memory map covers. */
static void map_boot_information(void)
{
    struct memmap_entry entry;
    for (size_t cursor = 0; boot_info_next_reservation(machine_boot_info(), &cursor, &entry);) {
        uint64_t end = align_up(entry.end, PAGE_SIZE);
        for (uint64_t page = align_down(entry.start, PAGE_SIZE); entry.kind == MEMMAP_BOOT_INFO && page < end;
             page += PAGE_SIZE) {
            /* Read-only: the rest of the page may belong to another owner. */
            status_t status = paging_map(&paging, direct_map(phys(page)), phys(page), PAGE_SIZE, PAGE_GLOBAL);
            if (status != STATUS_EXISTS)
                must(status, "the boot information");
        }
    }
}

static void protect_aliases(void)
{
    phys_t start = phys(machine_handoff()->kernel_start);
    uint64_t size_bytes = align_up((uint64_t)(__rodata_end - __kernel_start), PAGE_SIZE);
    must(paging_protect(&paging, direct_map(start), size_bytes, PAGE_GLOBAL),
         "the alias of the kernel's code");
}

/* ---- the switch ---- */

void address_space_init(void)
{
    CHECK_IRQS_OFF();
    paging.has_nx = cpu_has(CPU_FEATURE_NX);
    paging.has_huge_pages = cpu_has(CPU_FEATURE_GIB_PAGES);
    must(paging_init(&paging), "the PML4");
    must(paging_fill_upper_half(&paging), "the upper half");
    map_image();
    map_all_ram();
    map_boot_information();
    protect_aliases();
    must(early_device_map_again(&paging), "the consoles' devices");
    /* The stub's mappings are not global, so this drops them; the kernel's are, from here on. */
    cpu_write_cr3(paging.root.raw);
    port_flush(virt(0), UINT64_MAX);
    vrange_init(&paging, virt(VRANGE_START), virt(VRANGE_END));
}

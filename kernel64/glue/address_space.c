/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's own page tables.
 *
 * The kernel image is copied mapping by mapping from the stub's tables: the ELF file's segments
 * have decided there what may be written and what executed, and the pages that the stub left out,
 * the guards below the stacks, are left out here. The direct map is made of what the memory map
 * calls RAM, in the largest pages there are; where it shows the kernel's code and constants it is
 * read-only, so that no alias of them can be written.
 *
 * Frames for tables are early memory. Those that come back are kept for the next table.
 */
#include <glue/address_space.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/port.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/physical.h>
#include <diag/log.h>
#include <diag/panic.h>
#include <lib/image.h>

#define DIRECT_MAP_ACCESS (PAGE_WRITE | PAGE_GLOBAL)

/* ---- frames for tables ---- */

static phys_t spare_tables = { UINT64_MAX }; /* each holds the address of the next */

static void give_table(phys_t frame)
{
    *(phys_t *)phys_to_pointer(frame) = spare_tables;
    spare_tables = frame;
}

static phys_t take_table(void)
{
    phys_t frame = spare_tables;
    if (!phys_is_valid(frame))
        return early_take_frame();
    spare_tables = *(phys_t *)phys_to_pointer(frame);
    return frame;
}

static struct paging paging = { .take = take_table, .give = give_table };
static phys_t ram_end;

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
    if (status != STATUS_OK)
        panic("address space: %s: %s.\nThe %lu KiB behind the kernel were meant to be enough.", what,
              status_sentence(status), (uint64_t)(KERNEL_RESERVE_SIZE / KIB(1)));
}

static void copy_mapping(void *context, const struct page_mapping *mapping)
{
    (void)context;
    must(paging_map(&paging, mapping->virt, mapping->phys, mapping->size_bytes, mapping->access | PAGE_GLOBAL),
         "the kernel's image");
}

static void map_image(void)
{
    const struct paging stubs = { .root = phys(machine_handoff()->pml4) };
    paging_visit(&stubs, KERNEL_IMAGE_START, KERNEL_IMAGE_END, copy_mapping, NULL, NULL);
}

/* ---- the direct map ---- */

bool address_space_maps_kind(unsigned int kind)
{
    return kind <= MEMMAP_ACPI_TABLE;
}
STATIC_ASSERT(MEMMAP_USABLE < MEMMAP_ACPI_TABLE && MEMMAP_BOOT_INFO < MEMMAP_ACPI_TABLE &&
                  MEMMAP_BOOT_IMAGE < MEMMAP_ACPI_TABLE && MEMMAP_ACPI_RECLAIM < MEMMAP_ACPI_TABLE &&
                  MEMMAP_MODULE < MEMMAP_ACPI_TABLE && MEMMAP_KERNEL < MEMMAP_ACPI_TABLE &&
                  MEMMAP_ACPI_NVS > MEMMAP_ACPI_TABLE && MEMMAP_RESERVED > MEMMAP_ACPI_TABLE,
              "RAM that we may touch comes first in the list of kinds");

/* Return: false when there were no frames for it all. */
static bool map_ram(uint64_t start, uint64_t end)
{
    if (end > DIRECT_MAP_END - DIRECT_MAP_START)
        end = DIRECT_MAP_END - DIRECT_MAP_START;
    /* A gigabyte at a time, so that what frames there are are used. */
    for (uint64_t next; start < end; start = next) {
        next = align_down(start, HUGE_PAGE_SIZE) + HUGE_PAGE_SIZE;
        next = next < end ? next : end;
        if (paging_map(&paging, DIRECT_MAP_START + start, phys(start), next - start, DIRECT_MAP_ACCESS) != STATUS_OK) {
            ram_end = phys(start);
            return false;
        }
        ram_end = phys(next);
    }
    return true;
}

static void map_all_ram(void)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0, next; i < count; i = next) {
        /* Neighbours of other kinds become one range, for larger pages. */
        for (next = i + 1; next < count && ranges[next].start.raw == ranges[next - 1].end.raw &&
                           address_space_maps_kind(ranges[next].kind);)
            next++;
        if (!address_space_maps_kind(ranges[i].kind)) {
            next = i + 1;
        } else if (!map_ram(ranges[i].start.raw, ranges[next - 1].end.raw)) {
            log_warn("memory", "RAM from P%#lx on is left out: no frames for its page tables", ram_end.raw);
            return;
        }
    }
    /* Nothing is left out that is there. */
    ram_end = phys(DIRECT_MAP_END - DIRECT_MAP_START);
}

/* The description of the boot stays where the loader put it, and QEMU puts parts of it into page 0,
   which is nobody's. */
static void map_boot_information(void)
{
    struct memmap_entry claim;
    for (size_t cursor = 0; boot_info_next_reservation(machine_boot_info(), &cursor, &claim);) {
        uint64_t end = align_up(claim.end, PAGE_SIZE);
        for (uint64_t page = align_down(claim.start, PAGE_SIZE); claim.kind == MEMMAP_BOOT_INFO && page < end;
             page += PAGE_SIZE) {
            /* To read: the rest of the page may be somebody else's. */
            status_t status = paging_map(&paging, DIRECT_MAP_START + page, phys(page), PAGE_SIZE, PAGE_GLOBAL);
            if (status != STATUS_EXISTS)
                must(status, "what the loader said");
        }
    }
}

static void protect_aliases(void)
{
    uint64_t start = machine_handoff()->kernel_start;
    uint64_t size_bytes = align_up((uint64_t)(__rodata_end - __kernel_start), PAGE_SIZE);
    must(paging_protect(&paging, DIRECT_MAP_START + start, size_bytes, PAGE_GLOBAL), "the alias of the kernel's code");
}

/* ---- devices ---- */

static uint64_t next_device = VRANGE_START;

void *map_device(phys_t address, size_t size_bytes, unsigned int access)
{
    uint64_t start = align_down(address.raw, PAGE_SIZE);
    uint64_t end = align_up(range_end(address.raw, size_bytes), PAGE_SIZE);
    uint64_t virt = next_device;
    /* What allows larger pages: the same distance to the next one. */
    if (end - start >= LARGE_PAGE_SIZE)
        virt = align_up(virt, LARGE_PAGE_SIZE) + start % LARGE_PAGE_SIZE;
    if (end <= start || end - start >= VRANGE_END - virt)
        return NULL;
    if (paging_map(&paging, virt, phys(start), end - start, access | PAGE_GLOBAL) != STATUS_OK)
        return NULL;
    next_device = virt + (end - start) + PAGE_SIZE;
    return (void *)(virt + (address.raw - start));
}

void unmap_device(const volatile void *pointer, size_t size_bytes)
{
    uint64_t virt = (uint64_t)(uintptr_t)pointer;
    uint64_t start = align_down(virt, PAGE_SIZE);
    if (paging_unmap(&paging, start, align_up(virt + size_bytes, PAGE_SIZE) - start) != STATUS_OK)
        log_warn("memory", "%p, %lu bytes of a device, could not be unmapped", (const void *)(uintptr_t)virt, size_bytes);
}

/* ---- the switch ---- */

void address_space_init(void)
{
    paging.has_nx = cpu_has(CPU_FEATURE_NX);
    paging.has_huge_pages = cpu_has(CPU_FEATURE_GIB_PAGES);
    must(paging_init(&paging), "the PML4");
    must(paging_fill_upper_half(&paging), "the upper half");
    map_image();
    map_all_ram();
    map_boot_information();
    protect_aliases();
    /* Not with global pages: the stub's direct map has none, and ours begin to count here. */
    cpu_write_cr3(paging.root.raw);
    port_flush(0, UINT64_MAX);
}

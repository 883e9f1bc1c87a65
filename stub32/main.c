/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sequence of stub32: check the CPU and the loader, load kernel64 into the reserve, build page tables
 * that give each of its segments exactly its own permissions, and leap. Prints fatal errors only.
 */
#include "cpu.h"
#include "entry.h"
#include "load.h"
#include "tables.h"
#include "console.h"

#include <ashlar/bits.h>
#include <ashlar/fmt/multiboot2.h>
#include <ashlar/handoff.h>
#include <ashlar/hw/cpu.h>

/*
 * Page-table frames: the PML4; 3 for the stub one-to-one; PDPT, PD and a PT for each 2 MiB of the
 * reserve; PDPT and, without 1 GiB pages, 4 PDs for the direct map.
 */
#define TABLE_FRAMES                                                                                         \
    (1 + 3 + 2 + KERNEL_RESERVE_SIZE / LARGE_PAGE_SIZE + 1 + BOOT_DIRECT_MAP_SIZE / HUGE_PAGE_SIZE)

static uint8_t reserve[KERNEL_RESERVE_SIZE] ALIGNED(1 << 21) SECTION(".bss.reserve");
static uint64_t table_frames[TABLE_FRAMES * PAGE_SIZE / sizeof(uint64_t)] ALIGNED(4096);
static struct handoff handoff;

static uint32_t address_of(const void *object)
{
    return (uint32_t)(uintptr_t)object;
}

static void check_loader(uint32_t entered, uint32_t magic)
{
    if (entered == ENTERED_BY_PVH || magic == MB2_LOADER_MAGIC)
        return;
    console_write("Ashlar was entered with the number ");
    console_write_hex(magic);
    console_write(" in EAX, but a Multiboot2 loader leaves ");
    console_write_hex(MB2_LOADER_MAGIC);
    fatal(" there. Start it by Multiboot2 or PVH.");
}

static void load(struct load_result *kernel)
{
    status_t status = load_kernel(kernel64_file, (uint32_t)(kernel64_file_end - kernel64_file), reserve,
                                  sizeof(reserve), kernel);
    if (status == STATUS_OK)
        return;
    console_write("Ashlar's image cannot be started: kernel64: ");
    console_write(status_sentence(status));
    if (status == STATUS_TOO_BIG && kernel->end - KERNEL_IMAGE_START > sizeof(reserve)) {
        console_write("; it needs ");
        console_write_hex(kernel->end - KERNEL_IMAGE_START);
        console_write(" bytes, the reserve has ");
        console_write_hex(sizeof(reserve));
    }
    fatal(".");
}

static void map(struct tables *tables, uint64_t virt, uint64_t phys, uint64_t size, uint64_t page_size,
                unsigned int permissions)
{
    status_t status = tables_map(tables, virt, phys, size, page_size, permissions);
    if (status == STATUS_OK)
        return;
    console_write("Ashlar's boot page tables: ");
    console_write(status_sentence(status));
    console_write(" at ");
    console_write_hex(virt);
    fatal(".");
}

static void map_one_to_one(struct tables *tables, const char *start, const char *end,
                           unsigned int permissions)
{
    uint64_t from = align_down(address_of(start), PAGE_SIZE);
    map(tables, from, from, align_up(address_of(end), PAGE_SIZE) - from, PAGE_SIZE, permissions);
}

static void build_tables(struct tables *tables, const struct load_result *kernel, bool has_gib_pages)
{
    if (tables_init(tables) != STATUS_OK)
        fatal("Ashlar's boot page tables: no frames.");
    /* For the switch of modes: the stub's code and stack. */
    map_one_to_one(tables, __text_start, __text_end, TABLES_EXECUTE);
    map_one_to_one(tables, __rodata_start, __rodata_end, 0);
    map_one_to_one(tables, __data_start, __data_end, TABLES_WRITE);

    for (uint32_t i = 0; i < kernel->segment_count; i++) {
        const struct load_segment *segment = &kernel->segments[i];
        unsigned int permissions = (segment->writable ? (unsigned int)TABLES_WRITE : 0) |
                                   (segment->executable ? (unsigned int)TABLES_EXECUTE : 0);
        map(tables, segment->start, address_of(reserve) + (segment->start - KERNEL_IMAGE_START),
            segment->end - segment->start, PAGE_SIZE, permissions);
    }
    map(tables, DIRECT_MAP_START, 0, BOOT_DIRECT_MAP_SIZE, has_gib_pages ? HUGE_PAGE_SIZE : LARGE_PAGE_SIZE,
        TABLES_WRITE);
}

void stub_main(uint32_t entered, uint32_t magic, uint32_t info)
{
    struct stub_cpu cpu;
    cpu_require(&cpu);
    uint64_t tsc_entry = cpu_time_stamp();
    check_loader(entered, magic);

    struct load_result kernel;
    load(&kernel);
    struct tables tables = {
        .pool = table_frames,
        .pool_start = address_of(table_frames),
        .frame_count = TABLE_FRAMES,
        .has_nx = cpu.has_nx,
    };
    build_tables(&tables, &kernel, cpu.has_gib_pages);

    handoff = (struct handoff){
        .magic = HANDOFF_MAGIC,
        .version = HANDOFF_VERSION,
        .size_bytes = sizeof(handoff),
        .protocol = entered == ENTERED_BY_PVH ? HANDOFF_PVH : HANDOFF_MULTIBOOT2,
        .flags = (cpu.has_nx ? (uint32_t)HANDOFF_NX : 0) |
                 (cpu.has_gib_pages ? (uint32_t)HANDOFF_GIB_PAGES : 0) |
                 (cpu.la57_was_on ? (uint32_t)HANDOFF_LA57 : 0),
        .boot_info = info,
        .image_start = address_of(__image_start),
        .image_end = address_of(__image_end),
        .kernel_start = address_of(reserve),
        .kernel_end = address_of(reserve) + (kernel.end - KERNEL_IMAGE_START),
        .tables_start = tables.pool_start,
        .tables_end = tables.pool_start + (uint64_t)tables.used * PAGE_SIZE,
        .pml4 = tables.pool_start,
        .tsc_entry = tsc_entry,
        .tsc_leap = cpu_time_stamp(),
    };
    leap(address_of(table_frames), address_of(&handoff), kernel.entry, cpu.has_nx ? EFER_NXE : 0);
}

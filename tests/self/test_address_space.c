/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The address space as the CPU sees it: mappings that must exist, those that must not, and their
 * attributes.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <ashlar/ktest.h>
#include <ashlar/mm/vrange.h>
#include <boot/machine.h>
#include <cpu/features.h>
#include <cpu/image.h>
#include <cpu/insn.h>
#include <cpu/lapic_base.h>
#include <cpu/physical.h>
#include <log/print.h>
#include <cpu/fixup.h>
#include <trap/traps.h>
#include <vm/address_space.h>
#include <vm/address_space_audit.h>
#include <vm/device_map.h>

#define FAULT_WRITE_FORBIDDEN 0x03

static void read_byte(void *address)
{
    __asm__ volatile("movb (%0), %%al" ::"r"(address) : "rax", "memory");
}

static void write_byte(void *address)
{
    __asm__ volatile("movb $0x90, (%0)" ::"r"(address) : "memory");
}

/* Return: whether the CPU itself finds nothing at the address. */
static bool is_absent(uint64_t address)
{
    struct trap_frame caught;
    return !fixup_try(read_byte, (void *)(uintptr_t)address, &caught) && caught.vector == TRAP_PAGE_FAULT &&
           caught.error_code == 0 && cpu_read_cr2() == address;
}

KTEST(address_space, the_identity_mapping_is_gone)
{
    const struct handoff *handoff = machine_handoff();
    EXPECT(is_absent(handoff->image_start));
    EXPECT(is_absent(handoff->kernel_start));
    EXPECT(is_absent(handoff->pml4));
    EXPECT(is_absent(0xb8000));
    EXPECT(is_absent(USER_HALF_END - 1));
}

KTEST(address_space, the_page_tables_in_use_are_not_the_stubs)
{
    const struct handoff *handoff = machine_handoff();
    uint64_t root = cpu_read_cr3() & PTE_ADDRESS_MASK;
    EXPECT(root == address_space()->root.raw);
    EXPECT(root < handoff->tables_start || root >= handoff->tables_end);
}

KTEST(address_space, the_upper_half_has_a_table_for_each_entry)
{
    const uint64_t *root = phys_to_pointer(address_space()->root);
    for (unsigned int i = 0; i < PTE_ENTRIES; i++)
        EXPECT((root[i] & PTE_PRESENT) == (i >= PTE_ENTRIES / 2 ? PTE_PRESENT : 0));
}

KTEST(address_space, the_kernels_code_cannot_be_written_through_the_direct_map)
{
    uint64_t start = machine_handoff()->kernel_start;
    const uint64_t offsets[] = { 0, (uint64_t)(__text_end - __kernel_start) - 1,
                                 (uint64_t)(__rodata_start - __kernel_start),
                                 (uint64_t)(__rodata_end - __kernel_start) - 1 };
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
        struct trap_frame caught;
        uint8_t *alias = phys_to_pointer(phys(start + offsets[i]));
        EXPECT(*alias == __kernel_start[offsets[i]]);
        EXPECT(!fixup_try(write_byte, alias, &caught) && caught.error_code == FAULT_WRITE_FORBIDDEN);
    }
}

KTEST(address_space, the_direct_map_holds_ram_and_nothing_else)
{
    static const bool is_ram[MEMMAP_KIND_COUNT] = {
        [MEMMAP_USABLE] = true,       [MEMMAP_BOOT_INFO] = true, [MEMMAP_BOOT_IMAGE] = true,
        [MEMMAP_ACPI_RECLAIM] = true, [MEMMAP_MODULE] = true,    [MEMMAP_KERNEL] = true,
        [MEMMAP_ACPI_TABLE] = true,
    };
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count; i++) {
        struct page_mapping mapping;
        const uint64_t edges[] = { ranges[i].start.raw, ranges[i].end.raw - PAGE_SIZE };
        for (size_t k = 0; k < ARRAY_LEN(edges) && ranges[i].end.raw <= address_space_ram_end().raw; k++) {
            status_t status = paging_query(address_space(), virt(DIRECT_MAP_START + edges[k]), &mapping);
            /* Page 0 may hold loader data; it can be read then. */
            if (edges[k] == 0 && status == STATUS_OK)
                EXPECT(!(mapping.access & PAGE_WRITE));
            else
                EXPECT((status == STATUS_OK) == is_ram[ranges[i].kind]);
        }
    }
}

KTEST(address_space, devices_are_mapped_as_requested_with_a_guard_between)
{
    static const unsigned int types[] = { PAGE_UNCACHED, PAGE_WRITE_COMBINING };
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct page_mapping mapping;
        /* A page of registers that no machine here has: mapped, never touched. */
        uint8_t *device = device_map(phys(0xfed90020), 16, PAGE_WRITE | types[i], "test");
        uint8_t *next = device_map(phys(0xfed90030), 16, PAGE_WRITE | types[i], "test");
        ASSERT_THAT(device != NULL && next != NULL);
        ASSERT_THAT(paging_query(address_space(), virt_of(device), &mapping) == STATUS_OK);
        EXPECT((uintptr_t)device % PAGE_SIZE == 0x20);
        EXPECT(mapping.phys.raw == 0xfed90000 && mapping.size_bytes == PAGE_SIZE);
        EXPECT((mapping.access & (PAGE_UNCACHED | PAGE_WRITE_COMBINING)) == types[i]);
        EXPECT(is_absent(align_down((uintptr_t)device, PAGE_SIZE) + PAGE_SIZE));
        device_unmap(next);
        device_unmap(device);
        EXPECT(is_absent((uintptr_t)device));
    }
}

KTEST(address_space, an_address_beyond_the_cpus_width_is_not_mapped)
{
    /* Its bits are reserved in an entry: the CPU would fault on the entry, not miss the page. */
    unsigned int bits = cpu_boot_identity()->physical_bits;
    EXPECT(device_map(phys(1ULL << bits), PAGE_SIZE, PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map(phys((1ULL << bits) - PAGE_SIZE), 2 * PAGE_SIZE, PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map(phys(UINT64_MAX - PAGE_SIZE), 2 * PAGE_SIZE, PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map(phys(0xfed90000), 0, PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map_table(phys(1ULL << bits), PAGE_SIZE, "test") == NULL);
}

/* Each refusal is a line in the log; existing mappings are not changed. */
KTEST(address_space, a_device_that_overlaps_other_memory_is_not_mapped)
{
    const struct handoff *handoff = machine_handoff();
    phys_t lapic = cpu_lapic_base();
    EXPECT(device_map(phys(0), 16, PAGE_WRITE | PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map(phys(0xf0000), 16, PAGE_WRITE | PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map(phys(handoff->kernel_start), 16, PAGE_WRITE | PAGE_UNCACHED, "test") == NULL);
    EXPECT(device_map_screen(phys(handoff->kernel_start - 8), 16, PAGE_WRITE | PAGE_UNCACHED, "test") ==
           NULL);
    EXPECT(!phys_is_valid(lapic) ||
           device_map(phys_add(lapic, 0xf0), 16, PAGE_WRITE | PAGE_UNCACHED, "test") == NULL);
    uint8_t *first = device_map(phys(0xfed90020), 16, PAGE_WRITE | PAGE_UNCACHED, "test");
    ASSERT_THAT(first != NULL);
    EXPECT(device_map(phys(0xfed9002c), 16, PAGE_WRITE | PAGE_UNCACHED, "test") == NULL);
    device_unmap(first);
    first = device_map(phys(0xfed9002c), 16, PAGE_WRITE | PAGE_UNCACHED, "test");
    ASSERT_THAT(first != NULL);
    device_unmap(first);
}

KTEST(address_space, memory_types_are_as_page_table_entries_request)
{
    if (!cpu_has(CPU_FEATURE_PAT))
        SKIP_TEST("this CPU has no page-attribute table");
    /* 0 uncached, 1 write-combining, 6 write-back (Intel SDM vol. 3A, "Page Attribute Table (PAT)"). */
    uint64_t types = cpu_read_msr(MSR_PAT);
    EXPECT((types >> (8 * PAT_INDEX_WB) & 0xff) == 6);
    EXPECT((types >> (8 * PAT_INDEX_UC) & 0xff) == 0);
    EXPECT((types >> (8 * PAT_INDEX_WC) & 0xff) == 1);
}

KTEST(address_space, protection_and_unmapping_take_effect_at_once)
{
    /* The CPU must not use a stale translation. */
    void *mapped = NULL;
    struct trap_frame caught;
    ASSERT_THAT(vrange_map_device(phys(machine_handoff()->image_start), PAGE_SIZE, PAGE_WRITE, "test",
                                  &mapped) == STATUS_OK);
    uint8_t *page = mapped;
    uint64_t at = (uint64_t)(uintptr_t)page;
    uint8_t before = *page;
    EXPECT(fixup_try(read_byte, page, &caught));
    ASSERT_THAT(paging_protect(address_space(), virt(at), PAGE_SIZE, 0) == STATUS_OK);
    EXPECT(!fixup_try(write_byte, page, &caught) && caught.error_code == FAULT_WRITE_FORBIDDEN);
    EXPECT(*page == before);
    vrange_unmap(page);
    EXPECT(is_absent(at));
}

static void name_violation(void *context, enum audit_violation violation, const struct page_mapping *mapping)
{
    (void)context;
    print("# %016lx, P%#lx is %s\n", mapping->virt.raw, mapping->phys.raw, audit_violation_words(violation));
}

KTEST(address_space, the_audit_finds_no_violation)
{
    EXPECT(address_space_audit(name_violation, NULL) == 0);
}

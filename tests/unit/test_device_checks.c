/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of mapped devices: of the consoles', before there is a memory map, and of all
 * others. Nothing is mapped here; page tables and virtual ranges are imitated.
 */
#include "expect_death.h"

/* NOLINTBEGIN(bugprone-suspicious-include): their data is broken on purpose, and is private. */
#include <vm/device_map.c>
#include <vm/early_device.c>
/* NOLINTEND(bugprone-suspicious-include) */

#define FIRST  0xfec00000
#define SECOND 0xfec01000
#define THIRD  0xfed00000

static uint64_t next_range = VRANGE_START;

static const struct handoff handoff = { .pml4 = PAGE_SIZE, .kernel_start = MIB(2), .image_end = MIB(1) };

const struct handoff *machine_handoff(void)
{
    return &handoff;
}

const struct memmap_range *machine_map(size_t *count)
{
    *count = 0;
    return NULL;
}

const struct boot_info *machine_boot_info(void)
{
    return NULL;
}

bool boot_info_calls_ram(const struct boot_info *info, struct phys_range range)
{
    (void)info, (void)range;
    return false;
}

phys_t cpu_lapic_base(void)
{
    return phys(0);
}

const struct cpu_identity *cpu_boot_identity(void)
{
    return NULL;
}

phys_t cpu_address_end(const struct cpu_identity *identity)
{
    (void)identity;
    return phys(1ULL << 40);
}

const char *memmap_kind_name(enum memmap_kind kind)
{
    (void)kind;
    return "";
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    (void)level, (void)subsystem, (void)format;
}

phys_t early_take_frame(void)
{
    return PHYS_INVALID;
}

void paging_adopt(struct paging *paging, phys_t root)
{
    (void)paging, (void)root;
}

status_t paging_map(struct paging *paging, virt_t virt, phys_t address, uint64_t size_bytes,
                    unsigned int access)
{
    (void)paging, (void)virt, (void)address, (void)size_bytes, (void)access;
    return STATUS_OK;
}

status_t vrange_map_device(phys_t address, uint64_t size_bytes, unsigned int access, const char *name,
                           void **pointer)
{
    (void)size_bytes, (void)access, (void)name;
    *pointer = (void *)(uintptr_t)(next_range + address.raw % PAGE_SIZE);
    return STATUS_OK;
}

void vrange_unmap(const volatile void *pointer)
{
    (void)pointer;
}

static void *map_device(uint64_t address)
{
    return device_map(phys(address), PAGE_SIZE, PAGE_WRITE | PAGE_UNCACHED, "device");
}

/* ---- all devices ---- */

static void two_devices_overlap(void)
{
    windows[1].range = windows[0].range;
    (void)map_device(THIRD);
}

static void device_has_no_size(void)
{
    windows[0].range.end = windows[0].range.start;
    (void)map_device(THIRD);
}

static void device_is_mapped_elsewhere(void)
{
    next_range = DIRECT_MAP_START;
    (void)map_device(THIRD);
}

static void device_is_mapped_past_the_ranges(void)
{
    next_range = VRANGE_END;
    (void)map_device(THIRD);
}

static void list_is_longer_than_its_array(void)
{
    window_count = WINDOWS + 1;
    check_windows();
}

static void nothing_is_unmapped(void)
{
    device_unmap(NULL);
}

static void broken_lists_of_devices_are_noticed(void **state)
{
    (void)state;
    assert_non_null(map_device(FIRST));
    assert_non_null(map_device(SECOND));
    assert_null(map_device(SECOND));
    expect_death(two_devices_overlap, "device map: no two devices overlap");
    expect_death(device_has_no_size, "device map: a device has a size");
    expect_death(device_is_mapped_elsewhere, "device map: a device is mapped where virtual ranges are");
    expect_death(device_is_mapped_past_the_ranges, "device map: a device is mapped where virtual ranges are");
    expect_death(list_is_longer_than_its_array, "device map: the list of devices ends within its array");
    expect_death(nothing_is_unmapped, "device map: what is unmapped was mapped");
}

/* ---- the consoles' ---- */

static void *map_console(uint64_t address)
{
    return early_device_map(phys(address), PAGE_SIZE, DEVICE_REGISTERS, PAGE_WRITE, "console");
}

static void map_again(void)
{
    struct paging paging = { .root = phys(PAGE_SIZE) };
    assert_int_equal(early_device_map_again(&paging), STATUS_OK);
}

static void mappings_overlap(void)
{
    maps[0].size_bytes = 2 * LARGE_PAGE_SIZE;
    map_again();
}

static void mapping_is_below_the_window(void)
{
    maps[0].virt = virt(VRANGE_START);
    (void)map_console(MIB(4096));
}

static void mapping_ends_inside_a_page(void)
{
    maps[1].size_bytes++;
    map_again();
}

static void more_is_handed_out_than_is_mapped(void)
{
    next_address = virt_add(next_address, PAGE_SIZE);
    map_again();
}

static void mapping_is_past_the_window(void)
{
    maps[1].virt = virt(CONSOLE_DEVICES_END);
    next_address = virt_add(maps[1].virt, maps[1].size_bytes);
    map_again();
}

static void too_many_mappings(void)
{
    for (unsigned int i = 2; i < EARLY_DEVICES_MAX; i++)
        maps[i] = (struct page_mapping){ virt_add(next_address, i * PAGE_SIZE), phys(THIRD), PAGE_SIZE, 0 };
    map_count = EARLY_DEVICES_MAX + 1;
    map_again();
}

static void broken_mappings_of_consoles_are_noticed(void **state)
{
    (void)state;
    assert_ptr_equal(map_console(MIB(3072)), (void *)CONSOLE_DEVICES_START);
    assert_non_null(map_console(MIB(3074)));
    expect_death(mappings_overlap, "console devices: mappings ascend in their window");
    expect_death(mapping_is_below_the_window, "console devices: mappings ascend in their window");
    expect_death(mapping_ends_inside_a_page, "console devices: a mapping is of whole pages");
    expect_death(more_is_handed_out_than_is_mapped, "console devices: what is handed out is mapped");
    expect_death(mapping_is_past_the_window, "console devices: what is handed out is mapped");
    expect_death(too_many_mappings, "console devices: the list of mappings ends within its array");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_lists_of_devices_are_noticed),
        cmocka_unit_test(broken_mappings_of_consoles_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each violation is planted in a clean tree, and found: alone, with its address.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/mm/audit.h>
#include <ashlar/mm/port.h>

#define FRAMES 64

unsigned char *hosted_ram;
uint64_t hosted_ram_start = 0x100000;

static unsigned int next_frame;

static phys_t take(void)
{
    return next_frame < FRAMES ? phys(hosted_ram_start + next_frame++ * PAGE_SIZE) : PHYS_INVALID;
}

static void give(phys_t frame)
{
    (void)frame;
}

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
}

static const struct memmap_range map[] = {
    { { 0x0 }, { 0x1000 }, MEMMAP_RESERVED },          { { 0x100000 }, { 0x800000 }, MEMMAP_BOOT_IMAGE },
    { { 0x800000 }, { 0x4000000 }, MEMMAP_USABLE },    { { 0x4000000 }, { 0x4400000 }, MEMMAP_ACPI_TABLE },
    { { 0x4400000 }, { 0x4600000 }, MEMMAP_RESERVED }, { { 0x4800000 }, { 0x4900000 }, MEMMAP_USABLE },
    { { 0x4900000 }, { 0x4a00000 }, MEMMAP_ACPI_NVS },
};

static phys_t free_frame;

static bool is_free(phys_t frame)
{
    return frame.raw == free_frame.raw;
}

static const struct audit_rules rules = {
    .ranges = map,
    .range_count = sizeof(map) / sizeof(map[0]),
    .read_only = { { 0x400000 }, { 0x410000 } },
    .is_free = is_free,
};

static struct paging paging;
static unsigned int seen[AUDIT_VIOLATION_COUNT];
static uint64_t seen_virt;

static void note(void *context, enum audit_violation violation, const struct page_mapping *mapping)
{
    assert_ptr_equal(context, seen);
    seen[violation]++;
    seen_virt = mapping->virt.raw;
}

static uint64_t audit(void)
{
    memset(seen, 0, sizeof(seen));
    return audit_tree(&paging, &rules, note, seen);
}

static void map_page(uint64_t at, uint64_t address, uint64_t size_bytes, unsigned int access)
{
    assert_int_equal(paging_map(&paging, virt(at), phys(address), size_bytes, access), STATUS_OK);
}

/* A kernel's tree: code, constants, data, their read-only alias, RAM, a device. */
static int set_up(void **state)
{
    (void)state;
    hosted_ram = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE);
    next_frame = 0;
    free_frame = PHYS_INVALID;
    paging = (struct paging){ .has_nx = true, .take = take, .give = give };
    assert_int_equal(paging_init(&paging), STATUS_OK);
    map_page(KERNEL_IMAGE_START, 0x400000, 0x8000, PAGE_EXECUTE);
    map_page(KERNEL_IMAGE_START + 0x8000, 0x408000, 0x8000, 0);
    map_page(KERNEL_IMAGE_START + 0x10000, 0x410000, 0x10000, PAGE_WRITE);
    map_page(DIRECT_MAP_START + 0x400000, 0x400000, 0x10000, 0);
    map_page(DIRECT_MAP_START + 0x410000, 0x410000, 0x4400000 - 0x410000, PAGE_WRITE);
    map_page(VRANGE_START, 0xfd000000, 0x300000, PAGE_WRITE | PAGE_WRITE_COMBINING);
    map_page(VRANGE_START + 0x400000, 0x4400000, 0x1000, 0);
    assert_int_equal(audit(), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(hosted_ram);
    return 0;
}

static void expect_only(enum audit_violation violation, uint64_t at)
{
    assert_int_equal(audit(), 1);
    assert_int_equal(seen[violation], 1);
    assert_int_equal(seen_virt, at);
}

static void a_page_writable_and_executable_is_found(void **state)
{
    (void)state;
    map_page(VRANGE_START + 0x800000, 0x900000, PAGE_SIZE, PAGE_WRITE | PAGE_EXECUTE);
    expect_only(AUDIT_WRITE_EXECUTE, VRANGE_START + 0x800000);
    /* Where no page can be kept from being executed, that is no violation. */
    paging.has_nx = false;
    assert_int_equal(audit(), 0);
}

static void a_page_for_user_code_is_found(void **state)
{
    (void)state;
    map_page(VRANGE_START + 0x800000, 0x900000, PAGE_SIZE, PAGE_USER);
    expect_only(AUDIT_USER, VRANGE_START + 0x800000);
}

static void a_page_in_the_lower_half_is_found(void **state)
{
    (void)state;
    map_page(0x400000, 0x400000, PAGE_SIZE, 0);
    expect_only(AUDIT_LOWER_HALF, 0x400000);
}

static void a_large_page_that_maps_kernel_code_is_found(void **state)
{
    (void)state;
    map_page(VRANGE_START + 0x800000, 0x400000, MIB(2), PAGE_WRITE);
    expect_only(AUDIT_READ_ONLY_ALIAS, VRANGE_START + 0x800000);
    assert_int_equal(paging_unmap(&paging, virt(VRANGE_START + 0x800000), MIB(2)), STATUS_OK);
    /* The last page counts, the one after it does not. */
    map_page(VRANGE_START + 0x800000, 0x40f000, 2 * PAGE_SIZE, PAGE_WRITE);
    expect_only(AUDIT_READ_ONLY_ALIAS, VRANGE_START + 0x800000);
}

static void reserved_memory_mapped_write_back_is_found(void **state)
{
    (void)state;
    static const struct {
        uint64_t phys;
        bool is_violation;
    } cases[] = {
        { 0x0, true },        { 0x1000, true },     /* unowned: between two ranges */
        { 0x4400000, true },  { 0x45ff000, true },  /* reserved */
        { 0x4600000, true },  { 0x4900000, true },  /* unowned; the firmware's for good */
        { 0x4a00000, true },  { 1ULL << 40, true }, /* behind all of it */
        { 0x4000000, false }, { 0x3fff000, false },
    };
    for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t at = VRANGE_START + 0x800000;
        map_page(at, cases[i].phys, PAGE_SIZE, PAGE_WRITE);
        if (cases[i].is_violation)
            expect_only(AUDIT_NOT_RAM, at);
        else
            assert_int_equal(audit(), 0);
        assert_int_equal(paging_protect(&paging, virt(at), PAGE_SIZE, 0), STATUS_OK);
        assert_int_equal(audit(), 0);
        assert_int_equal(paging_protect(&paging, virt(at), PAGE_SIZE, PAGE_WRITE | PAGE_UNCACHED), STATUS_OK);
        assert_int_equal(audit(), 0);
        assert_int_equal(paging_unmap(&paging, virt(at), PAGE_SIZE), STATUS_OK);
    }
    /* A large page over the edge from usable to reserved. */
    map_page(VRANGE_START + 0x800000, 0x4200000, MIB(2), PAGE_WRITE);
    assert_int_equal(audit(), 0);
    map_page(VRANGE_START + 0xa00000, 0x4400000, MIB(2), PAGE_WRITE);
    expect_only(AUDIT_NOT_RAM, VRANGE_START + 0xa00000);
    assert_int_equal(paging_unmap(&paging, virt(VRANGE_START + 0xa00000), MIB(2)), STATUS_OK);
    /* And one of which only the first half is usable. */
    map_page(VRANGE_START + 0xa00000, 0x4800000, MIB(2), PAGE_WRITE);
    expect_only(AUDIT_NOT_RAM, VRANGE_START + 0xa00000);
}

static void every_page_table_in_free_memory_is_found(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < next_frame; i++) {
        free_frame = phys(hosted_ram_start + i * PAGE_SIZE);
        assert_int_equal(audit(), 1);
        assert_int_equal(seen[AUDIT_FREE_TABLE], 1);
    }
}

static void every_violation_has_a_description(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < AUDIT_VIOLATION_COUNT; i++)
        assert_non_null(audit_violation_words((enum audit_violation)i));
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(a_page_writable_and_executable_is_found),    CLAIM(a_page_for_user_code_is_found),
        CLAIM(a_page_in_the_lower_half_is_found),          CLAIM(a_large_page_that_maps_kernel_code_is_found),
        CLAIM(reserved_memory_mapped_write_back_is_found), CLAIM(every_page_table_in_free_memory_is_found),
        CLAIM(every_violation_has_a_description),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

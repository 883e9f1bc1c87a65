/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stub's page tables, read back by an independent walk.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <tables.h>

#define FRAMES     32
#define POOL_START 0x230000ULL

static struct tables tables;

static int set_up(void **state)
{
    (void)state;
    tables = (struct tables){
        .pool = aligned_alloc(PAGE_SIZE, FRAMES * PAGE_SIZE),
        .pool_start = POOL_START,
        .frame_count = FRAMES,
        .has_nx = true,
    };
    memset(tables.pool, 0xa5, FRAMES * PAGE_SIZE); /* a loader need not clear it for us */
    return tables_init(&tables);
}

static int tear_down(void **state)
{
    (void)state;
    free(tables.pool);
    return 0;
}

/* As the CPU translates: the entry that maps @virt, and the size of its page; 0 when there is none. */
static uint64_t translate(uint64_t virt, uint64_t *size_bytes)
{
    uint64_t table = POOL_START;
    for (unsigned int shift = 39;; shift -= 9) {
        assert_in_range(table, POOL_START, POOL_START + (FRAMES - 1) * PAGE_SIZE);
        uint64_t entry = tables.pool[(table - POOL_START) / 8 + (virt >> shift & 511)];
        if (!(entry & PTE_PRESENT))
            return 0;
        if (shift == 12 || (shift <= 30 && (entry & PTE_LARGE))) {
            *size_bytes = 1ULL << shift;
            return entry;
        }
        assert_true(entry & PTE_WRITE); /* only the page restricts */
        assert_false(entry & PTE_NX);
        table = entry & PTE_ADDRESS_MASK;
    }
}

static void expect_page(uint64_t virt, uint64_t phys, uint64_t size_bytes, uint64_t bits)
{
    uint64_t size = 0, entry = translate(virt, &size);
    assert_int_equal(size, size_bytes);
    assert_int_equal(entry & PTE_ADDRESS_MASK, phys);
    assert_int_equal(entry & ~PTE_ADDRESS_MASK & ~PTE_LARGE, bits | PTE_PRESENT);
}

static void each_size_of_page_is_mapped_whole(void **state)
{
    (void)state;
    assert_int_equal(
        tables_map(&tables, KERNEL_IMAGE_START, 0x400000, 3 * PAGE_SIZE, PAGE_SIZE, TABLES_EXECUTE), 0);
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START, 0, MIB(8), LARGE_PAGE_SIZE, TABLES_WRITE), 0);
    assert_int_equal(
        tables_map(&tables, DIRECT_MAP_START + GIB(1), GIB(1), GIB(2), HUGE_PAGE_SIZE, TABLES_WRITE), 0);
    for (unsigned int i = 0; i < 3; i++)
        expect_page(KERNEL_IMAGE_START + i * PAGE_SIZE, 0x400000 + i * PAGE_SIZE, PAGE_SIZE, 0);
    for (unsigned int i = 0; i < 4; i++)
        expect_page(DIRECT_MAP_START + i * MIB(2), i * MIB(2), LARGE_PAGE_SIZE, PTE_WRITE | PTE_NX);
    for (unsigned int i = 1; i < 3; i++)
        expect_page(DIRECT_MAP_START + i * GIB(1), i * GIB(1), HUGE_PAGE_SIZE, PTE_WRITE | PTE_NX);
}

static void nothing_else_is_mapped(void **state)
{
    (void)state;
    uint64_t size;
    assert_int_equal(tables_map(&tables, KERNEL_IMAGE_START + PAGE_SIZE, 0x400000, PAGE_SIZE, PAGE_SIZE, 0),
                     0);
    assert_int_equal(translate(KERNEL_IMAGE_START, &size), 0);
    assert_int_equal(translate(KERNEL_IMAGE_START + 2 * PAGE_SIZE, &size), 0);
    assert_int_equal(translate(0x400000, &size), 0);
    assert_int_equal(translate(DIRECT_MAP_START, &size), 0);
}

static void permissions_are_as_requested(void **state)
{
    (void)state;
    static const struct {
        unsigned int permissions;
        uint64_t bits;
    } cases[] = {
        { 0, PTE_NX },
        { TABLES_WRITE, PTE_WRITE | PTE_NX },
        { TABLES_EXECUTE, 0 },
        { TABLES_WRITE | TABLES_EXECUTE, PTE_WRITE },
    };
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t virt = 0x200000 + i * PAGE_SIZE;
        assert_int_equal(tables_map(&tables, virt, virt, PAGE_SIZE, PAGE_SIZE, cases[i].permissions),
                         STATUS_OK);
        expect_page(virt, virt, PAGE_SIZE, cases[i].bits);
    }
}

static void without_nx_its_bit_is_never_set(void **state)
{
    (void)state;
    tables.has_nx = false;
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START, 0, MIB(2), LARGE_PAGE_SIZE, TABLES_WRITE),
                     STATUS_OK);
    for (unsigned int i = 0; i < tables.used * 512; i++)
        assert_false(tables.pool[i] & PTE_NX);
}

static void mapping_again_keeps_existing_mappings(void **state)
{
    (void)state;
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START, 0, MIB(2), LARGE_PAGE_SIZE, 0), STATUS_OK);
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START, MIB(4), MIB(2), LARGE_PAGE_SIZE, 0),
                     STATUS_EXISTS);
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START + PAGE_SIZE, 0, PAGE_SIZE, PAGE_SIZE, 0),
                     STATUS_EXISTS);
    expect_page(DIRECT_MAP_START, 0, LARGE_PAGE_SIZE, PTE_NX);
    /* A large page where there is a table already. */
    assert_int_equal(tables_map(&tables, DIRECT_MAP_START, 0, GIB(1), HUGE_PAGE_SIZE, 0), STATUS_EXISTS);
}

static void an_exhausted_pool_is_reported(void **state)
{
    (void)state;
    for (uint32_t frames = 1; frames < 5; frames++) {
        tables.frame_count = frames;
        assert_int_equal(tables_init(&tables), STATUS_OK);
        status_t status = tables_map(&tables, KERNEL_IMAGE_START, 0, PAGE_SIZE, PAGE_SIZE, 0);
        assert_int_equal(status, frames < 4 ? STATUS_NO_MEMORY : STATUS_OK);
        assert_int_equal(tables.used, frames);
    }
    tables.frame_count = 0;
    assert_int_equal(tables_init(&tables), STATUS_NO_MEMORY);
}

static void unaligned_requests_are_refused(void **state)
{
    (void)state;
    assert_int_equal(tables_map(&tables, 1, 0, PAGE_SIZE, PAGE_SIZE, 0), STATUS_INVALID);
    assert_int_equal(tables_map(&tables, 0, 1, PAGE_SIZE, PAGE_SIZE, 0), STATUS_INVALID);
    assert_int_equal(tables_map(&tables, 0, 0, 1, PAGE_SIZE, 0), STATUS_INVALID);
    assert_int_equal(tables_map(&tables, PAGE_SIZE, 0, MIB(2), LARGE_PAGE_SIZE, 0), STATUS_INVALID);
    assert_int_equal(tables_map(&tables, 0, 0, MIB(1), MIB(1), 0), STATUS_INVALID);
    assert_int_equal(tables.used, 1);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(each_size_of_page_is_mapped_whole),     CLAIM(nothing_else_is_mapped),
        CLAIM(permissions_are_as_requested),          CLAIM(without_nx_its_bit_is_never_set),
        CLAIM(mapping_again_keeps_existing_mappings), CLAIM(an_exhausted_pool_is_reported),
        CLAIM(unaligned_requests_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

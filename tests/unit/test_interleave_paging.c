/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every interleaving, with a few interruptions, of two CPUs that change neighbouring pages: an operation
 * changes the page tables in several holds of the lock, and between two of them the other CPU maps into a
 * table that has just become empty, changes a page in a table that is being merged, or merges one in which
 * a map has failed half-way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#include "interleave.h"

#define CPUS   2
#define FRAMES 16
#define LARGE  (DIRECT_MAP_START + MIB(2))

static unsigned char frames[FRAMES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
unsigned char *hosted_ram = frames[0];
uint64_t hosted_ram_start = 0x100000;

static bool is_taken[FRAMES];
static unsigned int taken_count;
static struct paging paging;

/* A frame's content is poison before it becomes a table and after it was one. */
static phys_t take(void)
{
    for (unsigned int i = 0; i < FRAMES; i++) {
        if (!is_taken[i]) {
            is_taken[i] = true;
            taken_count++;
            memset(frames[i], 0xa5, PAGE_SIZE);
            return port_phys(frames[i]);
        }
    }
    return PHYS_INVALID;
}

static void give(phys_t frame)
{
    unsigned int i = (unsigned int)((frame.raw - hosted_ram_start) / PAGE_SIZE);
    assert_true(i < FRAMES && is_taken[i]);
    is_taken[i] = false;
    taken_count--;
    memset(frames[i], 0xa5, PAGE_SIZE);
}

void port_flush(virt_t virt, uint64_t size_bytes)
{
    (void)virt;
    (void)size_bytes;
    interleave_point(); /* other CPUs are waited for */
}

static void begin(void)
{
    memset(is_taken, 0, sizeof(is_taken));
    taken_count = 0;
    paging = (struct paging){ .has_nx = true, .has_huge_pages = false, .take = take, .give = give };
    assert_int_equal(paging_init(&paging), STATUS_OK);
}

static void check_page(uint64_t at, uint64_t phys, unsigned int access)
{
    struct page_mapping page;
    assert_int_equal(paging_query(&paging, virt(at), &page), STATUS_OK);
    assert_int_equal(page.phys.raw + (at - page.virt.raw), phys);
    assert_int_equal(page.access, access);
}

/* ---- tables that become empty ---- */

static uint64_t page_of_cpu[CPUS];

static void map_and_unmap(unsigned int cpu)
{
    const uint64_t at = page_of_cpu[cpu];
    for (unsigned int round = 0; round < 2; round++) {
        assert_int_equal(paging_map(&paging, virt(at), phys(at % GIB(1)), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
        check_page(at, at % GIB(1), PAGE_WRITE);
        assert_int_equal(paging_unmap(&paging, virt(at), PAGE_SIZE), STATUS_OK);
    }
}

static void check_only_the_root_is_left(void)
{
    assert_int_equal(taken_count, 1);
}

static void run_neighbours(uint64_t first, uint64_t second)
{
    page_of_cpu[0] = first;
    page_of_cpu[1] = second;
    interleave_all_and_random(CPUS, 2, 20000, begin, map_and_unmap, check_only_the_root_is_left);
}

static void a_table_is_freed_once_and_only_when_neither_cpu_uses_it(void **state)
{
    (void)state;
    run_neighbours(MIB(2), MIB(2) + PAGE_SIZE);
}

static void the_tables_above_are_shared_likewise(void **state)
{
    (void)state;
    run_neighbours(MIB(2), MIB(4));
    run_neighbours(MIB(2), GIB(1));
}

/* ---- pages that are split and merged ---- */

static void begin_large(void)
{
    begin();
    assert_int_equal(paging_map(&paging, virt(LARGE), phys(MIB(2)), MIB(2), PAGE_WRITE), STATUS_OK);
}

/* Both in the first half. The one makes its page what it was; the other does not. */
static void protect(unsigned int cpu)
{
    const uint64_t at = LARGE + (1 + cpu) * PAGE_SIZE, address = MIB(2) + (1 + cpu) * PAGE_SIZE;
    assert_int_equal(paging_protect(&paging, virt(at), PAGE_SIZE, 0), STATUS_OK);
    check_page(at, address, 0);
    if (cpu == 0) {
        assert_int_equal(paging_protect(&paging, virt(at), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
        check_page(at, address, PAGE_WRITE);
    }
}

static void check_protected(void)
{
    for (uint64_t i = 0; i < MIB(2); i += PAGE_SIZE)
        check_page(LARGE + i, MIB(2) + i, i == 2 * PAGE_SIZE ? 0 : PAGE_WRITE);
    assert_int_equal(taken_count, 4);
    /* Neither CPU's split or merge is in the way of the next one. */
    assert_int_equal(paging_protect(&paging, virt(LARGE + 2 * PAGE_SIZE), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    check_page(LARGE, MIB(2), PAGE_WRITE);
    assert_int_equal(taken_count, 3);
}

static void a_page_keeps_its_access_when_its_neighbour_is_merged(void **state)
{
    (void)state;
    interleave_all_and_random(CPUS, 2, 20000, begin_large, protect, check_protected);
}

/* ---- a map that fails half-way ---- */

#define HALF_MAPPED (LARGE + MIB(2) - PAGE_SIZE)

static unsigned int frames_left_to_map;

/* CPU 1 gets all that it wants: only the map fails. */
static phys_t take_for_map(void)
{
    if (interleave.is_running && interleave.current == 0 && frames_left_to_map-- == 0)
        return PHYS_INVALID;
    return take();
}

/* All pages of a table but the last one, whose access is not that of the others yet. */
static void begin_almost_large(void)
{
    begin();
    assert_int_equal(paging_map(&paging, virt(LARGE), phys(MIB(2)), MIB(2) - PAGE_SIZE, PAGE_WRITE),
                     STATUS_OK);
    assert_int_equal(paging_protect(&paging, virt(LARGE), PAGE_SIZE, 0), STATUS_OK);
    paging.take = take_for_map;
    frames_left_to_map = 0;
}

static void map_or_protect(unsigned int cpu)
{
    if (cpu == 0)
        assert_int_equal(
            paging_map(&paging, virt(HALF_MAPPED), phys(MIB(4) - PAGE_SIZE), 2 * PAGE_SIZE, PAGE_WRITE),
            STATUS_NO_MEMORY);
    else
        assert_int_equal(paging_protect(&paging, virt(LARGE), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
}

static void check_neighbours(void)
{
    struct page_mapping page;
    for (uint64_t i = 0; i < MIB(2) - PAGE_SIZE; i += PAGE_SIZE)
        check_page(LARGE + i, MIB(2) + i, PAGE_WRITE);
    assert_int_equal(paging_query(&paging, virt(HALF_MAPPED), &page), STATUS_NOT_FOUND);
    assert_int_equal(taken_count, 4);
    /* The next one merges. */
    paging.take = take;
    assert_int_equal(paging_map(&paging, virt(HALF_MAPPED), phys(MIB(4) - PAGE_SIZE), PAGE_SIZE, PAGE_WRITE),
                     STATUS_OK);
    assert_int_equal(paging_protect(&paging, virt(LARGE), PAGE_SIZE, PAGE_WRITE), STATUS_OK);
    check_page(LARGE, MIB(2), PAGE_WRITE);
    assert_int_equal(taken_count, 3);
}

static void a_map_that_fails_half_way_unmaps_nothing_of_its_neighbours(void **state)
{
    (void)state;
    interleave_all_and_random(CPUS, 2, 20000, begin_almost_large, map_or_protect, check_neighbours);
}

int main(void)
{
    seed_from_environment();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_freed_once_and_only_when_neither_cpu_uses_it),
        cmocka_unit_test(the_tables_above_are_shared_likewise),
        cmocka_unit_test(a_page_keeps_its_access_when_its_neighbour_is_merged),
        cmocka_unit_test(a_map_that_fails_half_way_unmaps_nothing_of_its_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

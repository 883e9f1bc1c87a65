/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A window of its own in the address map, handed out from its start. While the stub's tables are in use,
 * devices are mapped in them by the same mapper, with tables in early memory, and recorded in maps[], so that
 * they are mapped in the kernel's own tables as well.
 *
 * Refused: the stub's direct map, which shows the first 4 GiB. A framebuffer may lie above, its memory type
 * would be that of RAM, and its address would change with the switch of tables, at which a fault needs the
 * console.
 */
#include <vm/early_device.h>

#include <ashlar/bits.h>
#include <ashlar/check.h>
#include <ashlar/layout.h>
#include <boot/early.h>
#include <boot/machine.h>
#include <vm/device_map.h>
#include <cpu/physical.h>

static struct page_mapping maps[EARLY_DEVICES_MAX];
static unsigned int map_count;
static virt_t next_address = { CONSOLE_DEVICES_START };
static bool is_stub_left;

static void check_maps(void)
{
    virt_t end = virt(CONSOLE_DEVICES_START);
    for (unsigned int i = 0; i < map_count; i++) {
        CHECK(i < EARLY_DEVICES_MAX, "console devices: the list of mappings ends within its array");
        CHECK(maps[i].size_bytes > 0 && is_aligned(maps[i].virt.raw, PAGE_SIZE) &&
                  is_aligned(maps[i].phys.raw, PAGE_SIZE) && is_aligned(maps[i].size_bytes, PAGE_SIZE),
              "console devices: a mapping is of whole pages");
        CHECK(!virt_is_below(maps[i].virt, end),
              "console devices: mappings ascend in their window, and none overlaps the next");
        end = virt_add(maps[i].virt, maps[i].size_bytes);
    }
    CHECK(virt_is_equal(end, next_address) && !virt_is_below(virt(CONSOLE_DEVICES_END), end),
          "console devices: what is handed out is mapped, and lies in the window");
}

/* Nothing is unmapped here, so only a failed request gives a frame back, and it is lost. */
static void give_nothing(phys_t frame)
{
    (void)frame;
}

/* @pages: whole ones. */
static void *map_early(struct phys_range pages, unsigned int access)
{
    const struct handoff *handoff = machine_handoff();
    struct paging stubs = {
        .has_nx = (handoff->flags & HANDOFF_NX) != 0,
        .has_huge_pages = (handoff->flags & HANDOFF_GIB_PAGES) != 0,
        .take = early_take_frame,
        .give = give_nothing,
    };
    paging_adopt(&stubs, phys(handoff->pml4));
    /* At the same offset in a large page as in physical memory, so that large pages can map it. */
    virt_t start = virt_add(virt_align_up(next_address, LARGE_PAGE_SIZE),
                            phys_distance(phys_align_down(pages.start, LARGE_PAGE_SIZE), pages.start));
    uint64_t size_bytes = phys_range_size(pages);
    if (map_count == EARLY_DEVICES_MAX || size_bytes > virt_distance(start, virt(CONSOLE_DEVICES_END)) ||
        paging_map(&stubs, start, pages.start, size_bytes, access) != STATUS_OK)
        return NULL;
    maps[map_count++] = (struct page_mapping){ start, pages.start, size_bytes, access };
    next_address = virt_add(start, size_bytes);
    check_maps();
    return virt_to_pointer(start);
}

void *early_device_map(phys_t address, size_t size_bytes, enum device_use use, unsigned int access,
                       const char *name)
{
    const struct device_request request = { address, size_bytes, use, false };
    struct phys_range range = phys_range_at(address, size_bytes);
    phys_t first = phys_align_down(address, PAGE_SIZE);
    if (machine_handoff()->pml4 == 0)
        return range.end.raw <= BOOT_DIRECT_MAP_SIZE ? phys_to_pointer(address) : NULL;
    if (is_stub_left)
        return use == DEVICE_SCREEN ? device_map_screen(address, size_bytes, access, name)
                                    : device_map(address, size_bytes, access, name);
    if (!device_allow_early(&request, name))
        return NULL;
    uint8_t *start = map_early((struct phys_range){ first, phys_align_up(range.end, PAGE_SIZE) }, access);
    if (!start)
        device_refused(name, address, "no memory for page tables");
    return start ? start + phys_distance(first, address) : NULL;
}

status_t early_device_map_again(struct paging *paging)
{
    status_t status = STATUS_OK;
    check_maps();
    for (unsigned int i = 0; i < map_count && status == STATUS_OK; i++)
        status =
            paging_map(paging, maps[i].virt, maps[i].phys, maps[i].size_bytes, maps[i].access | PAGE_GLOBAL);
    is_stub_left = true;
    return status;
}

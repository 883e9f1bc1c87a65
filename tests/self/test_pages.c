/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The use of all RAM: each page in use belongs to a known user.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/vrange.h>
#include <monitor/commands/pages.h>

static int64_t unaccounted(void)
{
    static struct page_census census;
    page_census_take(&census);
    return census.unaccounted;
}

KTEST(pages, every_page_is_accounted_for)
{
    EXPECT(unaccounted() == 0);
    void *small = kmalloc(100), *large = kmalloc(300000), *range = NULL;
    status_t status = vrange_map_memory(256 * PAGE_SIZE, VRANGE_MEMORY, "test", &range);
    EXPECT(unaccounted() == 0);
    void *unowned = frame_alloc();
    EXPECT(unaccounted() == (unowned ? 1 : 0)); /* so that it would be detected */
    if (unowned)
        frame_free(unowned);
    if (status == STATUS_OK)
        vrange_unmap(range);
    kfree(small);
    kfree(large);
    EXPECT(unaccounted() == 0);
}

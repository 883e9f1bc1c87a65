/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI fuzzer's parser of SRAT and SLIT, and the nodes made of them.
 */
#include "fuzz_acpi.h"

#include <acpi/numa.h>
#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>

/* The node that has the page at @page: that of the first entry of memory with it. */
static bool plain_node(const struct numa *numa, uint64_t page, unsigned int *node)
{
    struct srat_entry entry;
    for (size_t cursor = 0; srat_next(&numa->srat, &cursor, &entry) == STATUS_OK;) {
        const struct srat_memory *memory = &entry.memory;
        if (entry.kind != SRAT_MEMORY || !memory->is_enabled || memory->is_non_volatile ||
            memory->length == 0 || page < align_down(memory->base.raw, PAGE_SIZE) ||
            page >= align_down(range_end(memory->base.raw, memory->length), PAGE_SIZE))
            continue;
        *node = 0;
        for (unsigned int i = 0; i < numa->node_count; i++)
            if (numa->domains[i] == memory->domain)
                *node = i;
        return true;
    }
    return false;
}

static void check_page(const struct numa *numa, const struct buddy_node_range *ranges, size_t count,
                       uint64_t page)
{
    unsigned int node = 0, holders = 0;
    bool is_memory = plain_node(numa, page, &node);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].start.raw <= page && page < ranges[i].end.raw) {
            insist(is_memory && ranges[i].node == node);
            holders++;
        }
    }
    insist(holders == is_memory);
}

/* Every page at which something begins or ends, and the pages beside it. */
static void check_ranges(const struct numa *numa)
{
    static struct buddy_node_range ranges[MOST];
    struct numa_cursor cursor = { 0 };
    struct srat_entry entry;
    size_t count = 0;
    while (numa_next_range(numa, &cursor, &ranges[count])) {
        insist(ranges[count].start.raw < ranges[count].end.raw && ranges[count].node < numa->node_count);
        insist(is_aligned(ranges[count].start.raw | ranges[count].end.raw, PAGE_SIZE));
        insist(++count < MOST);
    }
    insist(!numa_next_range(numa, &cursor, &ranges[count]));
    for (size_t at = 0; srat_next(&numa->srat, &at, &entry) == STATUS_OK;) {
        if (entry.kind != SRAT_MEMORY)
            continue;
        uint64_t start = align_down(entry.memory.base.raw, PAGE_SIZE);
        uint64_t end = align_down(range_end(entry.memory.base.raw, entry.memory.length), PAGE_SIZE);
        check_page(numa, ranges, count, start);
        check_page(numa, ranges, count, start - PAGE_SIZE);
        check_page(numa, ranges, count, end);
        check_page(numa, ranges, count, end - PAGE_SIZE);
    }
}

/* The input is an SRAT, followed by a SLIT if its first byte asks for one. */
void fuzz_srat(const uint8_t *data, size_t size)
{
    struct srat srat;
    struct slit slit;
    struct numa numa;
    struct srat_entry entry;
    if (!check_parsed(srat_parse(data, size, &srat), &srat.view, data, size))
        return;
    status_t status;
    for (size_t cursor = 0; (status = srat_next(&srat, &cursor, &entry)) == STATUS_OK;)
        insist(entry.kind <= SRAT_OTHER && entry.raw.offset + entry.raw.length == cursor &&
               cursor <= srat.view.length);
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);

    bool has_slit = slit_parse(data + srat.view.length, size - srat.view.length, &slit) == STATUS_OK;
    status = numa_describe(&srat, has_slit ? &slit : NULL, &numa);
    insist(status == STATUS_OK || (status == STATUS_NOT_FOUND && numa.node_count == 0));
    if (status != STATUS_OK)
        return;
    insist(numa.node_count >= 1 && numa.node_count <= BUDDY_MAX_NODES && numa.has_distances <= has_slit);
    for (unsigned int i = 0; i < numa.node_count * numa.node_count && numa.has_distances; i++)
        insist((numa.distances[i] == SLIT_LOCAL) == (i / numa.node_count == i % numa.node_count) &&
               numa.distances[i] >= SLIT_LOCAL);
    for (unsigned int id = 0; id < 300; id++)
        insist(numa_node_of_cpu(&numa, id) < numa.node_count);
    check_ranges(&numa);
}

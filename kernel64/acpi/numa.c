/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Nodes from SRAT and SLIT, without memory for lists: overlaps are found by searching the entries before, of
 * which there are as many as memory controllers.
 */
#include <acpi/numa.h>

#include <ashlar/bits.h>

/* ---- nodes ---- */

/* Return: the domain's node; BUDDY_MAX_NODES when it has none. */
static unsigned int node_of_domain(const struct numa *numa, uint32_t domain)
{
    for (unsigned int node = 0; node < numa->node_count; node++) {
        if (numa->domains[node] == domain)
            return node;
    }
    return BUDDY_MAX_NODES;
}

static void add_domain(struct numa *numa, uint32_t domain)
{
    if (node_of_domain(numa, domain) < BUDDY_MAX_NODES)
        return;
    if (numa->node_count < BUDDY_MAX_NODES)
        numa->domains[numa->node_count++] = domain;
    else
        numa->domains_left_out++;
}

/* Whether an entry is usable memory. */
static bool is_memory(const struct srat_entry *entry)
{
    return entry->kind == SRAT_MEMORY && entry->memory.is_enabled && !entry->memory.is_non_volatile &&
           entry->memory.length > 0;
}

static void fill_distances(const struct slit *slit, struct numa *numa)
{
    for (unsigned int from = 0; from < numa->node_count; from++) {
        for (unsigned int to = 0; to < numa->node_count; to++) {
            uint8_t distance = slit_distance(slit, numa->domains[from], numa->domains[to]);
            if (from == to ? distance != SLIT_LOCAL : distance <= SLIT_LOCAL)
                return;
            numa->distances[from * numa->node_count + to] = distance;
        }
    }
    numa->has_distances = true;
}

status_t numa_describe(const struct srat *srat, const struct slit *slit, struct numa *numa)
{
    struct srat_entry entry;
    numa->srat = *srat;
    numa->node_count = numa->domains_left_out = 0;
    numa->has_distances = false;
    for (size_t cursor = 0; srat_next(srat, &cursor, &entry) == STATUS_OK;) {
        if (is_memory(&entry))
            add_domain(numa, entry.memory.domain);
        else if (entry.kind == SRAT_CPU && entry.cpu.is_enabled)
            add_domain(numa, entry.cpu.domain);
    }
    if (numa->node_count == 0)
        return STATUS_NOT_FOUND;
    if (slit)
        fill_distances(slit, numa);
    return STATUS_OK;
}

unsigned int numa_node_of_cpu(const struct numa *numa, uint32_t apic_id)
{
    struct srat_entry entry;
    for (size_t cursor = 0; srat_next(&numa->srat, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind == SRAT_CPU && entry.cpu.is_enabled && entry.cpu.apic_id == apic_id) {
            unsigned int node = node_of_domain(numa, entry.cpu.domain);
            return node < BUDDY_MAX_NODES ? node : 0;
        }
    }
    return 0;
}

/* ---- memory ---- */

/* Whole pages, so that two entries that meet inside a page still meet. */
static struct phys_range pages_of(const struct srat_memory *memory)
{
    struct phys_range range = phys_range_at(memory->base, memory->length);
    return (struct phys_range){ phys_align_down(range.start, PAGE_SIZE),
                                phys_align_down(range.end, PAGE_SIZE) };
}

/* Reduces @range to its first part that is in no entry before @limit. */
static void cut_to_unused(const struct numa *numa, size_t limit, struct phys_range *range)
{
    struct srat_entry entry;
    for (size_t cursor = 0;
         srat_next(&numa->srat, &cursor, &entry) == STATUS_OK && entry.raw.offset < limit;) {
        struct phys_range earlier;
        if (!is_memory(&entry))
            continue;
        earlier = pages_of(&entry.memory);
        if (phys_is_below(range->start, range->end) && !phys_is_below(range->start, earlier.start) &&
            phys_is_below(range->start, earlier.end)) {
            range->start = phys_min(earlier.end, range->end);
            cursor = 0; /* another entry may begin where this one ends */
        }
    }
    for (size_t cursor = 0;
         srat_next(&numa->srat, &cursor, &entry) == STATUS_OK && entry.raw.offset < limit;) {
        if (!is_memory(&entry))
            continue;
        struct phys_range earlier = pages_of(&entry.memory);
        if (!phys_is_below(earlier.start, range->start) && phys_is_below(earlier.start, range->end) &&
            phys_range_size(earlier) > 0)
            range->end = earlier.start;
    }
}

bool numa_next_range(const struct numa *numa, struct numa_cursor *cursor, struct buddy_node_range *range)
{
    for (;;) {
        struct srat_entry entry;
        struct phys_range part = cursor->rest;
        if (phys_is_below(part.start, part.end)) {
            cut_to_unused(numa, cursor->entry, &part);
            cursor->rest.start = part.end;
            if (phys_is_below(part.start, part.end)) {
                *range = (struct buddy_node_range){ part.start, part.end, cursor->node };
                return true;
            }
            continue;
        }
        if (srat_next(&numa->srat, &cursor->offset, &entry) != STATUS_OK)
            return false;
        if (!is_memory(&entry))
            continue;
        unsigned int node = node_of_domain(numa, entry.memory.domain);
        cursor->rest = pages_of(&entry.memory);
        cursor->node = node < BUDDY_MAX_NODES ? node : 0;
        cursor->entry = entry.raw.offset;
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sequences of mapping, unmapping, protecting and preparing, over ranges that begin and end at every
 * boundary of page tables, with a limited number of frames, against a sorted list of runs. The first byte
 * selects the CPU and the window of 4 GiB, each operation is six more bytes.
 *
 * After each one the pages in the tables are exactly those of the model, the tables are exactly the
 * allocated frames, none is empty except those requested in advance, and the audit finds exactly the
 * model's violations. A freed frame is poisoned for the sanitizer.
 */
#include <ashlar/bits.h>
#include <ashlar/hw/paging.h>
#include <ashlar/mm/audit.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/port.h>

#include <sanitizer/asan_interface.h>

#include "fuzz.h"

#define FRAMES      512
#define WINDOW_SIZE GIB(4)
#define RUNS_MAX    256
#define NEVER       UINT32_MAX

/* ---- frames ---- */

static unsigned char ram[FRAMES * PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));
unsigned char *hosted_ram = ram;
uint64_t hosted_ram_start = 0x100000;

static bool is_taken[FRAMES], was_seen[FRAMES];
static unsigned int taken_count, takes_until_failure;
static bool has_failed;

static unsigned int index_of_frame(phys_t frame)
{
    insist(frame.raw >= hosted_ram_start && frame.raw < hosted_ram_start + sizeof(ram));
    insist(is_aligned(frame.raw, PAGE_SIZE));
    return (unsigned int)((frame.raw - hosted_ram_start) / PAGE_SIZE);
}

static phys_t take(void)
{
    static unsigned int next;
    if (takes_until_failure == 0 || taken_count == FRAMES) {
        has_failed = true;
        return PHYS_INVALID;
    }
    if (takes_until_failure != NEVER)
        takes_until_failure--;
    while (is_taken[next])
        next = (next + 1) % FRAMES;
    is_taken[next] = true;
    taken_count++;
    ASAN_UNPOISON_MEMORY_REGION(ram + next * PAGE_SIZE, PAGE_SIZE);
    memset(ram + next * PAGE_SIZE, 0xa5, PAGE_SIZE);
    return phys(hosted_ram_start + next * PAGE_SIZE);
}

static void give(phys_t frame)
{
    unsigned int i = index_of_frame(frame);
    insist(is_taken[i]);
    is_taken[i] = false;
    taken_count--;
    ASAN_POISON_MEMORY_REGION(ram + i * PAGE_SIZE, PAGE_SIZE);
}

/* tests/unit/test_paging.c has a model of a TLB that drops nothing else. */
void port_flush(virt_t virt, uint64_t size_bytes)
{
    insist(size_bytes > 0 && virt.raw + size_bytes - 1 >= virt.raw);
}

/* ---- the model: runs in the order of their addresses, which are counted from the window's start ---- */

static struct run {
    uint64_t start, end, phys;
    unsigned int access;
} runs[RUNS_MAX];
static unsigned int run_count;
static struct paging paging;
static uint64_t window;
static bool is_prepared;

/* Return: the first run that ends after @at. */
static unsigned int find_run(uint64_t at)
{
    unsigned int i = 0;
    while (i < run_count && runs[i].end <= at)
        i++;
    return i;
}

static void insert_run(unsigned int i, struct run run)
{
    insist(run_count < RUNS_MAX);
    memmove(&runs[i + 1], &runs[i], (run_count - i) * sizeof(runs[0]));
    runs[i] = run;
    run_count++;
}

/* No run crosses @at afterwards. */
static void cut_runs(uint64_t at)
{
    unsigned int i = find_run(at);
    if (i == run_count || runs[i].start >= at)
        return;
    struct run tail = runs[i];
    tail.phys += at - tail.start;
    tail.start = at;
    runs[i].end = at;
    insert_run(i + 1, tail);
}

static void remove_runs(uint64_t start, uint64_t end)
{
    cut_runs(start);
    cut_runs(end);
    unsigned int first = find_run(start), last = first;
    while (last < run_count && runs[last].start < end)
        last++;
    memmove(&runs[first], &runs[last], (run_count - last) * sizeof(runs[0]));
    run_count -= last - first;
}

static bool is_any_mapped(uint64_t start, uint64_t end)
{
    unsigned int i = find_run(start);
    return i < run_count && runs[i].start < end;
}

static bool is_all_mapped(uint64_t start, uint64_t end)
{
    for (unsigned int i = find_run(start); start < end; start = runs[i++].end)
        if (i == run_count || runs[i].start > start)
            return false;
    return true;
}

/* The part of a request that can be read back. */
static unsigned int kept_access(unsigned int access)
{
    if (!paging.has_nx)
        access |= PAGE_EXECUTE;
    if (access & PAGE_UNCACHED)
        access &= ~(unsigned int)PAGE_WRITE_COMBINING;
    return access;
}

/* ---- what must be true after each step ---- */

static struct tally {
    uint64_t mapped, next, violations;
    unsigned int tables;
} tally;

static void check_page(void *context, const struct page_mapping *page)
{
    (void)context;
    uint64_t at = page->virt.raw - window, end = at + page->size_bytes;
    insist(at >= tally.next && end <= WINDOW_SIZE);
    insist(is_aligned(page->virt.raw | page->phys.raw, page->size_bytes));
    insist(page->size_bytes == PAGE_SIZE || page->size_bytes == LARGE_PAGE_SIZE ||
           (page->size_bytes == HUGE_PAGE_SIZE && paging.has_huge_pages));
    for (unsigned int i = find_run(at); at < end; at = runs[i++].end) {
        insist(i < run_count && runs[i].start <= at && runs[i].access == page->access);
        insist(runs[i].phys + (at - runs[i].start) == page->phys.raw + (at - (page->virt.raw - window)));
    }
    tally.next = end;
    tally.mapped += page->size_bytes;
    tally.violations += (page->virt.raw < USER_HALF_END) + ((page->access & PAGE_USER) != 0) +
                        (paging.has_nx && (page->access & PAGE_WRITE) && (page->access & PAGE_EXECUTE));
}

/* The root, and in the upper half the tables that it leads to, stay when they are empty. */
static bool may_be_empty(phys_t table)
{
    const uint64_t *root = port_pointer(paging.root);
    bool may = is_prepared || table.raw == paging.root.raw;
    for (unsigned int i = PTE_ENTRIES / 2; i < PTE_ENTRIES; i++)
        may |= root[i] != 0 && (root[i] & PTE_ADDRESS_MASK) == table.raw;
    return may;
}

static void check_table(void *context, const struct page_mapping *table)
{
    (void)context;
    unsigned int i = index_of_frame(table->phys);
    insist(is_taken[i] && !was_seen[i]);
    was_seen[i] = true;
    tally.tables++;
    const uint64_t *entries = port_pointer(table->phys);
    unsigned int used = 0;
    for (unsigned int entry = 0; entry < PTE_ENTRIES; entry++)
        used += entries[entry] != 0;
    insist(used > 0 || may_be_empty(table->phys));
}

static bool is_free(phys_t frame)
{
    return !is_taken[index_of_frame(frame)];
}

static void ignore_violation(void *context, enum audit_violation violation,
                             const struct page_mapping *mapping)
{
    (void)context;
    (void)mapping;
    insist(violation == AUDIT_WRITE_EXECUTE || violation == AUDIT_USER || violation == AUDIT_LOWER_HALF);
}

static void check_query(uint64_t at)
{
    struct page_mapping page;
    unsigned int i = find_run(at);
    bool is_mapped = i < run_count && runs[i].start <= at;
    insist((paging_query(&paging, virt(window + at), &page) == STATUS_OK) == is_mapped);
    if (is_mapped)
        insist(page.phys.raw + (window + at - page.virt.raw) == runs[i].phys + (at - runs[i].start) &&
               page.access == runs[i].access);
}

static void check_all(void)
{
    static const struct memmap_range all_ram = { { 0 }, { 1ULL << 52 }, MEMMAP_USABLE };
    static const struct audit_rules rules = { .ranges = &all_ram, .range_count = 1, .is_free = is_free };
    uint64_t mapped = 0;
    memset(&tally, 0, sizeof(tally));
    memset(was_seen, 0, sizeof(was_seen));
    paging_visit(&paging, virt(0), virt(0), check_page, check_table, NULL);
    for (unsigned int i = 0; i < run_count; i++) {
        mapped += runs[i].end - runs[i].start;
        check_query(runs[i].start);
        check_query(runs[i].end - 1);
        if (runs[i].end < WINDOW_SIZE)
            check_query(runs[i].end);
    }
    insist(tally.mapped == mapped && tally.tables == taken_count);
    insist(audit_tree(&paging, &rules, ignore_violation, NULL) == tally.violations);
}

/* ---- operations ---- */

static const uint8_t *input, *input_end;

static unsigned int byte(void)
{
    return input < input_end ? *input++ : 0;
}

/* A number of bytes, near one of each size of table. */
static uint64_t distance(void)
{
    static const int offsets[] = { 0, 1, 2, 511, -1, -2, 256, 0 };
    unsigned int which = byte();
    uint64_t pages = (uint64_t)(which & 3) << 18;
    pages += (uint64_t)offsets[which >> 2 & 7] << 9;
    pages += (uint64_t)offsets[which >> 5 & 7];
    return pages << PAGE_SHIFT;
}

static void map(uint64_t start, uint64_t end, uint64_t address, unsigned int access)
{
    /* A GiB of small pages takes too many frames and too long. */
    if (!is_aligned(address ^ (window + start), LARGE_PAGE_SIZE) && end - start > MIB(8))
        end = start + MIB(8);
    status_t status = paging_map(&paging, virt(window + start), phys(address), end - start, access);
    insist((status == STATUS_EXISTS) == is_any_mapped(start, end));
    insist(status == STATUS_OK || status == STATUS_EXISTS || (status == STATUS_NO_MEMORY && has_failed));
    if (status == STATUS_OK)
        insert_run(find_run(start), (struct run){ start, end, address, kept_access(access) });
}

static void unmap(uint64_t start, uint64_t end)
{
    status_t status = paging_unmap(&paging, virt(window + start), end - start);
    insist(status == STATUS_OK || (status == STATUS_NO_MEMORY && has_failed));
    if (status == STATUS_OK)
        remove_runs(start, end);
}

/* Whether one page of @span bytes would do for what is mapped at @start. */
static bool is_one_page(uint64_t start, uint64_t span)
{
    unsigned int i = find_run(start), first = i;
    if (i == run_count || runs[i].start > start || !is_aligned(runs[i].phys + (start - runs[i].start), span))
        return false;
    while (runs[i].end < start + span) {
        uint64_t end = runs[i].end;
        if (++i == run_count || runs[i].start != end || runs[i].access != runs[first].access ||
            runs[i].phys - runs[i].start != runs[first].phys - runs[first].start)
            return false;
    }
    return true;
}

/* What is one page of @span bytes, is one. */
static void check_merged(uint64_t start, uint64_t span)
{
    struct page_mapping page;
    if (is_one_page(start, span))
        insist(paging_query(&paging, virt(window + start), &page) == STATUS_OK && page.size_bytes >= span);
}

static void protect(uint64_t start, uint64_t end, unsigned int access)
{
    status_t status = paging_protect(&paging, virt(window + start), end - start, access);
    insist((status == STATUS_NOT_FOUND) == !is_all_mapped(start, end));
    insist(status == STATUS_OK || status == STATUS_NOT_FOUND || (status == STATUS_NO_MEMORY && has_failed));
    if (status != STATUS_OK)
        return;
    cut_runs(start);
    cut_runs(end);
    for (unsigned int i = find_run(start); i < run_count && runs[i].start < end; i++)
        runs[i].access = kept_access(access);
    for (uint64_t at = align_down(start, LARGE_PAGE_SIZE); at < end; at += LARGE_PAGE_SIZE)
        check_merged(at, LARGE_PAGE_SIZE);
    for (uint64_t at = align_up(start, HUGE_PAGE_SIZE); paging.has_huge_pages && at + HUGE_PAGE_SIZE <= end;
         at += HUGE_PAGE_SIZE)
        check_merged(at, HUGE_PAGE_SIZE);
}

static void note_largest(void *context, const struct page_mapping *page)
{
    uint64_t *largest = context;
    if (page->size_bytes > *largest)
        *largest = page->size_bytes;
}

/* A page in the prepared range takes no frame. */
static void prepare(uint64_t start, uint64_t end, bool is_large, uint64_t address, unsigned int access)
{
    uint64_t page_size = is_large ? LARGE_PAGE_SIZE : PAGE_SIZE, largest = 0;
    if (!is_large && end - start > MIB(64))
        end = start + MIB(64);
    paging_visit(&paging, virt(window + start), virt(window + end), note_largest, NULL, &largest);
    is_prepared = true;
    status_t status = paging_prepare(&paging, virt(window + start), end - start, page_size);
    insist(status == STATUS_OK || (status == STATUS_EXISTS && largest > page_size) ||
           (status == STATUS_NO_MEMORY && has_failed));
    if (status != STATUS_OK)
        return;
    insist(largest <= page_size);
    start = align_up(start, page_size);
    if (start + page_size > end || is_any_mapped(start, start + page_size))
        return;
    takes_until_failure = 0;
    has_failed = false;
    map(start, start + page_size, align_down(address, page_size), access);
    insist(!has_failed);
}

/* Ranges that are none. */
static void refuse(uint64_t start, unsigned int which)
{
    static const uint64_t bad[][2] = { { 1, PAGE_SIZE },
                                       { 0, 1 },
                                       { 0, 0 },
                                       { 0, 0 - PAGE_SIZE },
                                       { 0, (1ULL << 47) + PAGE_SIZE },
                                       { 0, (1ULL << 48) + GIB(8) } };
    const uint64_t *one = bad[which % ARRAY_LEN(bad)];
    uint64_t at = window + start + one[0];
    insist(paging_map(&paging, virt(at), phys(0), one[1], 0) == STATUS_INVALID);
    insist(paging_unmap(&paging, virt(at), one[1]) == STATUS_INVALID);
    insist(paging_protect(&paging, virt(at), one[1], 0) == STATUS_INVALID);
    insist(paging_prepare(&paging, virt(at), one[1], PAGE_SIZE) == STATUS_INVALID);
    insist(paging_unmap(&paging, virt((1ULL << 47) + start), PAGE_SIZE) == STATUS_INVALID);
    insist(paging_map(&paging, virt(window + start), phys(1ULL << 52), PAGE_SIZE, 0) == STATUS_INVALID);
    insist(paging_map(&paging, virt(window + start), phys(8), PAGE_SIZE, 0) == STATUS_INVALID);
}

static void operation(void)
{
    unsigned int what = byte(), failure = byte(), access = byte() & 63;
    uint64_t start = distance() % WINDOW_SIZE, size = distance() % WINDOW_SIZE, end;
    /* Some pages begin at their own address, others a small, a large page or any distance beside it. */
    uint64_t address = start + GIB(64) +
                       (what & 128  ? distance()
                        : what & 64 ? PAGE_SIZE
                        : what & 32 ? MIB(2)
                                    : 0);
    end = start + (size ? size : PAGE_SIZE);
    if (end > WINDOW_SIZE)
        end = WINDOW_SIZE;
    takes_until_failure = failure < 16 ? failure : NEVER;
    has_failed = false;
    switch (what & 7) {
    case 0:
        unmap(start, end);
        break;
    case 1:
    case 2:
        protect(start, end, access);
        break;
    case 3:
        prepare(start, end, what & 16, address, access);
        break;
    case 4:
        refuse(start, failure);
        break;
    default:
        map(start, end, address, access);
    }
    check_all();
}

/* ---- a run ---- */

static const uint64_t windows[] = { GIB(512) - GIB(2), DIRECT_MAP_START + GIB(512) - GIB(2),
                                    (1ULL << 47) - GIB(4), DIRECT_MAP_START, 0 - GIB(4) };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input = data;
    input_end = data + (size < 400 ? size : 400);
    unsigned int kind = byte();
    window = windows[kind / 4 % ARRAY_LEN(windows)];
    paging = (struct paging){ .has_nx = kind & 1, .has_huge_pages = kind & 2, .take = take, .give = give };
    run_count = 0;
    is_prepared = false;
    memset(is_taken, 0, sizeof(is_taken));
    taken_count = 0;
    ASAN_POISON_MEMORY_REGION(ram, sizeof(ram));
    takes_until_failure = NEVER;
    insist(paging_init(&paging) == STATUS_OK);
    while (input < input_end && run_count < RUNS_MAX - 4)
        operation();

    takes_until_failure = 0; /* taking all away needs none */
    unmap(0, WINDOW_SIZE);
    insist(run_count == 0);
    is_prepared = false;
    check_all();
    unsigned int kept = 0;
    for (unsigned int i = PTE_ENTRIES / 2; i < PTE_ENTRIES; i++)
        kept += ((const uint64_t *)port_pointer(paging.root))[i] != 0;
    insist(taken_count == 1 + kept && kept <= 2);
    ASAN_UNPOISON_MEMORY_REGION(ram, sizeof(ram));
    return 0;
}

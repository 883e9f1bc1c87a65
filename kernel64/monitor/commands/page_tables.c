/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `walk` and `audit` of the page tables.
 */
#include <ashlar/command.h>
#include <ashlar/hw/paging.h>
#include <boot/machine.h>
#include <cpu/image.h>
#include <cpu/insn.h>
#include <lib/format.h>
#include <log/arguments.h>
#include <log/print.h>
#include <cpu/physical.h>
#include <monitor/address.h>
#include <vm/address_space.h>
#include <vm/address_space_audit.h>

/* ---- walk ---- */

static const char *const level_names[] = { "", "PT", "PD", "PDPT", "PML4" };

/* Rows are wrapped, because a page with many bits has more than 80 columns. */
#define ROW_MAX 160

static void print_row(size_t indent, const char *format, ...) PRINTF_LIKE(2, 3);

static void print_row(size_t indent, const char *format, ...)
{
    char row[ROW_MAX];
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(row, sizeof(row), format, arguments);
    va_end(arguments);
    print_wrapped(row, 0, indent);
}

/* @text: ROW_MAX bytes. */
static const char *bits_words(const struct paging_step *step, char *text)
{
    size_t length = 0;
    text[0] = '\0';
    static const struct {
        uint64_t bit;
        const char *word;
    } bits[] = {
        { PTE_WRITE, "write" },       { PTE_USER, "user" },         { PTE_PWT, "write-through" },
        { PTE_PCD, "cache-disable" }, { PTE_ACCESSED, "accessed" }, { PTE_DIRTY, "dirty" },
        { PTE_GLOBAL, "global" },     { PTE_NX, "no-execute" },
    };
    for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
        /* In an entry that points at a table, these two have no meaning. */
        bool means_nothing = !step->is_leaf && (bits[i].bit == PTE_DIRTY || bits[i].bit == PTE_GLOBAL);
        if ((step->entry & bits[i].bit) && !means_nothing)
            length += format_buffer(text + length, ROW_MAX - length, " %s", bits[i].word);
    }
    if (step->is_leaf && (step->entry & (step->level == 1 ? PTE_PAT_4K : PTE_PAT_LARGE)))
        format_buffer(text + length, ROW_MAX - length, " pat");
    return text;
}

static void print_step(const struct paging_step *step)
{
    char words[ROW_MAX];
    bool is_present = step->entry & PTE_PRESENT;
    print_row(8, "%-4s P%#012lx [%3u] %016lx  %s%s", level_names[step->level], step->table.raw, step->index,
              step->entry,
              !is_present     ? "not present"
              : step->is_leaf ? "page:"
                              : "table:",
              is_present ? bits_words(step, words) : "");
}

static const char *size_words(uint64_t size_bytes)
{
    return size_bytes == PAGE_SIZE ? "4 KiB" : size_bytes == LARGE_PAGE_SIZE ? "2 MiB" : "1 GiB";
}

/* The effective rights are those that all levels allow. The kernel restricts them at the page only, but
   tables built by others may do otherwise. */
static void print_mapping(const struct page_mapping *mapping, uint64_t address,
                          const struct paging_step *steps, unsigned int count)
{
    uint64_t all = UINT64_MAX, any = 0;
    for (unsigned int i = 0; i < count; i++) {
        all &= steps[i].entry;
        any |= steps[i].entry;
    }
    print_row(17, "%016lx is P%#lx, page of %s: read%s%s%s, %s%s", address,
              mapping->phys.raw + (address - mapping->virt.raw), size_words(mapping->size_bytes),
              all & PTE_WRITE ? ", write" : "", any & PTE_NX ? "" : ", execute",
              all & PTE_USER ? ", by user code too" : "",
              mapping->access & PAGE_UNCACHED          ? "uncached"
              : mapping->access & PAGE_WRITE_COMBINING ? "write-combining"
                                                       : "write-back",
              mapping->access & PAGE_GLOBAL ? ", global" : "");
}

static void print_region(uint64_t address)
{
#define LAYOUT_ROW(name, start, end, what)                                                                   \
    if (address >= (start) && address < (end))                                                               \
        print("%016lx lies in: %s\n", address, what);
    LAYOUT_TABLE(LAYOUT_ROW)
#undef LAYOUT_ROW
    if (address < USER_HALF_END)
        print("%016lx lies in: user half, empty in the kernel's own tables\n", address);
}

/* The tables of CR3, built by the kernel or not. */
static struct paging current_tables(void)
{
    return (struct paging){ .root = phys(cpu_read_cr3() & PTE_ADDRESS_MASK) };
}

static status_t command_walk(int argc, char **argv)
{
    uint64_t address;
    bool is_physical;
    if (!arguments_count(argc, argv, 1, 1) || !address_read(argv[1], &address, &is_physical))
        return STATUS_INVALID;
    if (is_physical && address >= DIRECT_MAP_END - DIRECT_MAP_START) {
        print("P%#lx is not in the direct map\n", address);
        return STATUS_OK;
    }
    if (is_physical)
        address = (uintptr_t)phys_to_pointer(phys(address));
    if (!paging_is_canonical(virt(address))) {
        print("%016lx is not canonical: bits 47 to 63 must be equal; no table is read\n", address);
        return STATUS_OK;
    }

    const struct paging tables = current_tables();
    struct paging_step steps[4];
    struct page_mapping mapping;
    port_block_table_freeing();
    unsigned int count = paging_walk(&tables, virt(address), steps);
    status_t status = paging_query(&tables, virt(address), &mapping);
    port_unblock_table_freeing();
    print_region(address);
    for (unsigned int i = 0; i < count; i++)
        print_step(&steps[i]);
    if (status == STATUS_OK)
        print_mapping(&mapping, address, steps, count);
    else
        print("%016lx is not mapped\n", address);
    return STATUS_OK;
}
COMMAND(walk, command_walk, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION",
        .help = "page-table walk of a virtual address, or of P0xN in the direct map",
        .example = "walk kernel64_main", .see_also = "audit vmap peek");

/* ---- audit ---- */

/* Counts of the tables and pages visited. */
struct census {
    uint64_t pages[3], bytes, tables;
};

static void count_page(void *context, const struct page_mapping *mapping)
{
    struct census *census = context;
    census->pages[mapping->size_bytes == PAGE_SIZE ? 0 : mapping->size_bytes == LARGE_PAGE_SIZE ? 1 : 2]++;
    census->bytes += mapping->size_bytes;
}

static void count_table(void *context, const struct page_mapping *table)
{
    (void)table;
    ((struct census *)context)->tables++;
}

static void print_violation(void *context, enum audit_violation violation, const struct page_mapping *mapping)
{
    (void)context;
    print("%016lx, P%#lx, %lu KiB: is %s\n", mapping->virt.raw, mapping->phys.raw, mapping->size_bytes >> 10,
          audit_violation_words(violation));
}

static status_t command_audit(int argc, char **argv)
{
    struct census census = { .tables = 0 };
    (void)argc;
    (void)argv;
    port_block_table_freeing();
    paging_visit(address_space(), virt(0), virt(0), count_page, count_table, &census);
    port_unblock_table_freeing();
    print("%lu tables map %lu KiB in %lu pages of 4 KiB, %lu of 2 MiB, %lu of 1 GiB\n", census.tables,
          census.bytes >> 10, census.pages[0], census.pages[1], census.pages[2]);
    uint64_t violations = address_space_audit(print_violation, NULL);
    if (violations > 0)
        print("%lu violations\n", violations);
    else
        print("no violation\n");
    return violations == 0 ? STATUS_OK : STATUS_MALFORMED;
}
COMMAND(audit, command_audit, .group = GROUP_MEMORY, .arguments = "",
        .help = "check all page tables for forbidden mappings, such as W+X", .example = "audit",
        .see_also = "walk vmap");

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The tables that the root table lists, read once.
 *
 * The headers are kept, so a look-up compares signatures. Refused: walking the root table and verifying each
 * checksum for every look-up; forty tables of 1 MiB took half a second each time.
 *
 * There is no allocator yet, so the array has a fixed size, ACPI_TABLES_MAX. No machine is known to list
 * more; if one does, a MADT is still found, because the first of each kind has a slot at the end. Tables that
 * are not kept are counted.
 */
#include <acpi/index.h>

#include <acpi/fadt.h>
#include <ashlar/fmt/acpi.h>
#include <lib/string.h>

/* Entries of the root table that are read. */
#define ENTRIES_MAX 65536

/* The quality of a root table. */
enum root_quality {
    ROOT_UNUSABLE,
    ROOT_DOUBTFUL, /* bad checksum, or no entry is a table */
    ROOT_GOOD
};

static bool view_root(acpi_read_fn *read, const struct acpi_table *table, bool is_xsdt,
                      struct acpi_view *view)
{
    return acpi_view_table(read(table->address, table->length), table->length, is_xsdt ? "XSDT" : "RSDT",
                           ACPI_HEADER_SIZE, view) == STATUS_OK;
}

static bool leads_to_a_table(acpi_read_fn *read, const struct acpi_view *view, bool is_xsdt)
{
    struct acpi_table table;
    phys_t address;
    for (size_t cursor = 0; cursor < ENTRIES_MAX && acpi_next_root_entry(view, is_xsdt, &cursor, &address);)
        if (acpi_read_header(read, address, &table) == STATUS_OK)
            return true;
    return false;
}

static enum root_quality rate_root(acpi_read_fn *read, phys_t address, bool is_xsdt, struct acpi_table *table)
{
    struct acpi_view view;
    if (acpi_read_table(read, address, table) != STATUS_OK)
        return ROOT_UNUSABLE;
    if (!view_root(read, table, is_xsdt, &view)) {
        table->status = STATUS_MALFORMED;
        return ROOT_UNUSABLE;
    }
    return table->checksum_ok && leads_to_a_table(read, &view, is_xsdt) ? ROOT_GOOD : ROOT_DOUBTFUL;
}

static void choose_root(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index)
{
    struct acpi_table rsdt;
    enum root_quality quality = rate_root(read, root->table, root->is_xsdt, &index->root_table);
    index->root = *root;
    if (quality == ROOT_GOOD || !root->is_xsdt || root->rsdt.raw == 0 ||
        rate_root(read, root->rsdt, false, &rsdt) <= quality)
        return;
    index->refused = index->root_table;
    index->root_table = rsdt;
    index->root.table = root->rsdt;
    index->root.is_xsdt = false;
}

static bool is_nothing(acpi_read_fn *read, phys_t address, bool is_xsdt)
{
    struct acpi_table table;
    return rate_root(read, address, is_xsdt, &table) == ROOT_UNUSABLE && table.status != STATUS_TRUNCATED;
}

bool acpi_root_leads_nowhere(acpi_read_fn *read, const struct acpi_root *root)
{
    return is_nothing(read, root->table, root->is_xsdt) &&
           (root->rsdt.raw == 0 || is_nothing(read, root->rsdt, false));
}

static bool is_known_address(const struct acpi_index *index, phys_t address)
{
    for (size_t i = 0; i < index->count; i++)
        if (phys_is_equal(index->tables[i].address, address))
            return true;
    return false;
}

static bool has_kind(const struct acpi_index *index, const char *signature)
{
    for (size_t i = 0; i < index->count; i++)
        if (strcmp(index->tables[i].signature, signature) == 0)
            return true;
    return false;
}

/* Whether a table is shorter than the fixed part of its kind: its parser would refuse it. */
static bool is_too_short(const struct acpi_table *table)
{
    static const struct {
        char signature[5];
        uint16_t minimum;
    } kinds[] = {
        { "APIC", ACPI_MADT_SIZE }, { "FACP", ACPI_FADT_MINIMUM_SIZE }, { "HPET", ACPI_HPET_SIZE },
        { "MCFG", ACPI_MCFG_SIZE }, { "SRAT", ACPI_SRAT_SIZE },         { "SLIT", ACPI_SLIT_SIZE },
        { "SPCR", ACPI_SPCR_SIZE }, { "DBG2", ACPI_DBG2_SIZE },
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(table->signature, kinds[i].signature) == 0)
            return table->length < kinds[i].minimum;
    return false;
}

/* Verifies a table's checksum, up to ACPI_SUMMED_MAX bytes of all tables together. */
static void sum_up(acpi_read_fn *read, struct acpi_table *table, uint64_t *summed)
{
    if (table->status != STATUS_OK)
        return;
    if (is_too_short(table)) {
        table->status = STATUS_INVALID;
        return;
    }
    if (*summed + table->length > ACPI_SUMMED_MAX) {
        table->status = STATUS_TOO_BIG;
        return;
    }
    *summed += table->length;
    (void)!acpi_read_table(read, table->address, table);
}

static void add(acpi_read_fn *read, phys_t address, struct acpi_index *index, uint64_t *summed)
{
    struct acpi_table table;
    if (address.raw == 0 || is_known_address(index, address))
        return;
    status_t status = acpi_read_header(read, address, &table);
    bool is_kept =
        index->count < ACPI_TABLES_MAX || (index->count < ACPI_TABLES_MAX + ACPI_KINDS_MAX &&
                                           status == STATUS_OK && !has_kind(index, table.signature));
    if (!is_kept) {
        index->left_out++;
        return;
    }
    sum_up(read, &table, summed);
    index->tables[index->count++] = table;
}

/* A table that the FADT points to is valid only with the right signature. */
static void add_named(acpi_read_fn *read, phys_t address, const char *signature, struct acpi_index *index)
{
    struct acpi_table *table = &index->tables[index->count];
    if (address.raw == 0 || index->count == ARRAY_LEN(index->tables) || is_known_address(index, address))
        return;
    if (acpi_read_table(read, address, table) == STATUS_OK && strcmp(table->signature, signature) != 0)
        table->status = STATUS_MALFORMED;
    index->count++;
}

static void add_what_the_fadt_names(acpi_read_fn *read, struct acpi_index *index)
{
    struct fadt fadt;
    const struct acpi_table *table = acpi_index_find(index, "FACP", NULL);
    if (!table || fadt_parse(read(table->address, table->length), table->length, &fadt) != STATUS_OK)
        return;
    add_named(read, fadt.dsdt, "DSDT", index);
    /* X_DSDT is not a DSDT: DSDT may be. */
    if (!acpi_index_find(index, "DSDT", NULL))
        add_named(read, phys(acpi_view_u32(&fadt.view, ACPI_FADT_DSDT)), "DSDT", index);
    add_named(read, fadt.facs, "FACS", index);
}

void acpi_index_build(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index)
{
    struct acpi_view view;
    uint64_t summed = 0;
    phys_t address;
    memset(index, 0, sizeof(*index));
    choose_root(read, root, index);
    if (index->root_table.status != STATUS_OK ||
        !view_root(read, &index->root_table, index->root.is_xsdt, &view))
        return;
    size_t width = index->root.is_xsdt ? 8 : 4;
    index->listed = (view.length - ACPI_HEADER_SIZE) / width;
    index->entries_cut = index->listed > ENTRIES_MAX ? index->listed - ENTRIES_MAX : 0;
    for (size_t cursor = 0;
         cursor < ENTRIES_MAX && acpi_next_root_entry(&view, index->root.is_xsdt, &cursor, &address);)
        add(read, address, index, &summed);
    add_what_the_fadt_names(read, index);
}

static bool is_out_of_reach(const struct acpi_index *index)
{
    if (index->root_table.status == STATUS_TRUNCATED || index->refused.status == STATUS_TRUNCATED)
        return true;
    for (size_t i = 0; i < index->count; i++)
        if (index->tables[i].status == STATUS_TRUNCATED)
            return true;
    return false;
}

void acpi_index_retry(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index)
{
    if (is_out_of_reach(index))
        acpi_index_build(read, root, index);
}

const struct acpi_table *acpi_index_find(const struct acpi_index *index, const char *signature,
                                         const struct acpi_table *after)
{
    const struct acpi_table *end = index->tables + index->count;
    for (const struct acpi_table *table = after ? after + 1 : index->tables; table < end; table++)
        if (table->status == STATUS_OK && strcmp(table->signature, signature) == 0)
            return table;
    return NULL;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The list of all ACPI tables, made by a walk from the root table. Pure, hosted-tested.
 *
 * Not for the content of a table.
 *
 * Context of all: any; they take no lock and call nothing but the acpi_read_fn. @read is access to physical
 * memory in all of them.
 */
#include <acpi/tables.h>

/* The number of tables that are kept, and of further ones that are kept because they are the first of their
   kind. */
#define ACPI_TABLES_MAX 512
#define ACPI_KINDS_MAX  64

/* All tables that the walk from the RSDP found. */
struct acpi_index {
    struct acpi_root root;        /* the one that is used */
    struct acpi_table root_table; /* its RSDT or XSDT; unusable unless its status is STATUS_OK */
    struct acpi_table refused;    /* the XSDT, if the RSDT is used instead; address 0: none was refused */
    size_t listed;                /* entries of the root table */
    size_t left_out;              /* of those, how many are not kept, because the array is full */
    size_t entries_cut;           /* and how many were not read */
    size_t count;
    /* In the root table's order, each address once; then the DSDT and the FACS of the first FADT. Includes
       tables whose status is not STATUS_OK. */
    struct acpi_table tables[ACPI_TABLES_MAX + ACPI_KINDS_MAX + 2];
};

/**
 * acpi_index_build() - read the root table, and header and checksum of each table that it lists.
 * @read:  access to physical memory.
 * @root:  from acpi_parse_root_pointer().
 * @index: filled in.
 *
 * The RSDT replaces an XSDT that cannot be read, has a bad checksum or lists no valid table, unless the RSDT
 * is no better. A table with a bad checksum is kept.
 * Cost: a read of each listed table's bytes, at most ACPI_SUMMED_MAX of them: a table beyond that is
 *       STATUS_TOO_BIG. DSDT and FACS besides, each of at most 64 MiB.
 */
void acpi_index_build(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index);
#define ACPI_SUMMED_MAX (256u << 20)

/* Return: whether neither the RSDT nor the XSDT of an RSDP is valid, though their memory can be read. */
bool acpi_root_leads_nowhere(acpi_read_fn *read, const struct acpi_root *root);

/**
 * acpi_index_retry() - build the index again if some table could not be read before.
 * @read:  a reader that reaches further.
 * @root:  as for acpi_index_build().
 * @index: as acpi_index_build() left it.
 */
void acpi_index_retry(acpi_read_fn *read, const struct acpi_root *root, struct acpi_index *index);

/**
 * acpi_index_find() - the next usable table of a kind.
 * @index:     from acpi_index_build().
 * @signature: four characters.
 * @after:     the previous one; NULL for the first.
 *
 * Return: NULL when there is none.
 * Cost: a comparison for each kept table.
 */
const struct acpi_table *acpi_index_find(const struct acpi_index *index, const char *signature,
                                         const struct acpi_table *after);

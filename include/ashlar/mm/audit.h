/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An audit of a whole tree of page tables for forbidden mappings. It does not rely on the mapper's state: it
 * reads the tables as the CPU does.
 */
#include <ashlar/mm/memmap.h>
#include <ashlar/mm/paging.h>

#define AUDIT_VIOLATIONS(O)                                                                                  \
    O(AUDIT_WRITE_EXECUTE, "writable and executable")                                                        \
    O(AUDIT_USER, "reachable by user code")                                                                  \
    O(AUDIT_LOWER_HALF, "in the user half of the kernel's own tables")                                       \
    O(AUDIT_READ_ONLY_ALIAS, "a writable alias of the kernel's code or constants")                           \
    O(AUDIT_NOT_RAM, "reserved memory, writable and cached")                                                 \
    O(AUDIT_FREE_TABLE, "a page table in memory that is free")

#define AUDIT_ENUM(name, words) name,
enum audit_violation { AUDIT_VIOLATIONS(AUDIT_ENUM) AUDIT_VIOLATION_COUNT };
#undef AUDIT_ENUM

/* What the tree is checked against. */
struct audit_rules {
    /* The swept memory map. Memory in no range counts as reserved. */
    const struct memmap_range *ranges;
    size_t range_count;
    struct phys_range read_only; /* the kernel's code and constants */
    /* Whether a frame is free. */
    bool (*is_free)(phys_t frame);
};

/* @mapping: the page; for AUDIT_FREE_TABLE the table, with size 0. */
typedef void audit_report_fn(void *context, enum audit_violation violation,
                             const struct page_mapping *mapping);

/**
 * audit_tree() - check every page and every table of a tree.
 * @paging: the tree.
 * @rules:  what it is checked against.
 * @report: called for each violation; a page may have several.
 * @context: passed to @report.
 *
 * Return: the number of violations.
 * Context: thread. Translations may change meanwhile and are seen before or after; no table is freed.
 * Cost: one step for each entry of each table.
 */
uint64_t audit_tree(const struct paging *paging, const struct audit_rules *rules, audit_report_fn *report,
                    void *context);

/* Return: the text of a violation, to follow "is". Context: any. */
const char *audit_violation_words(enum audit_violation violation);

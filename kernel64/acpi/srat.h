/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The SRAT: proximity domains of CPUs and memory. Pure, hosted-tested.
 *
 * A domain is firmware's number, of 32 bits, with gaps; acpi/numa.h maps domains to nodes 0, 1, ...
 * Source: ACPI Specification 6.5, "System Resource Affinity Table (SRAT)".
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>

struct srat {
    struct acpi_view view;
    uint8_t revision; /* 1: domains have 8 bits, the upper bytes are reserved */
};

enum srat_kind {
    SRAT_CPU,    /* types 0 and 2 */
    SRAT_MEMORY, /* 1 */
    SRAT_OTHER,  /* any other type, by type, offset and length only */
};

struct srat_cpu {
    uint32_t apic_id, domain;
    bool is_enabled; /* else the other fields are undefined */
    bool is_x2apic;
};

struct srat_memory {
    uint32_t domain;
    phys_t base;
    uint64_t length; /* as stored: 0 occurs, and so do lengths past 2^64 */
    bool is_enabled, is_hot_pluggable, is_non_volatile;
};

struct srat_entry {
    enum srat_kind kind;
    struct acpi_entry raw;
    union { /* by kind; none for SRAT_OTHER */
        struct srat_cpu cpu;
        struct srat_memory memory;
    };
};

/* Return: as acpi_view_table(). */
status_t srat_parse(const void *data, size_t size_bytes, struct srat *srat) MUST_CHECK;

/* Iterates over the entries, as madt_next() does. */
status_t srat_next(const struct srat *srat, size_t *cursor, struct srat_entry *entry) MUST_CHECK;

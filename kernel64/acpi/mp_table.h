/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MP tables: processors and interrupt routing before ACPI. Only a fallback where there is no MADT: old
 * PCs, and small hypervisors. Pure, hosted-tested.
 *
 * Interrupts have the number of their bus: on the ISA bus the IRQ, on a PCI bus device and pin.
 *
 * Not for the extended entries after the table, which are about address decoding.
 * Source: MultiProcessor Specification 1.4, chapter 4.
 *
 * Context of all: any; they take no lock and call nothing but the acpi_read_fn.
 */
#include <acpi/tables.h>

struct mp_pointer {
    phys_t address; /* of the pointer itself */
    phys_t table;   /* PHYS_INVALID when there is none */
    uint8_t revision;
    uint8_t default_configuration; /* 1 .. 7: two CPUs, no table; 0: as the table describes */
    bool has_imcr;                 /* IMCR selects between the 8259s and the APICs */
};

/**
 * mp_find() - search for the MP floating pointer: the first KiB of the EBDA, the last KiB of conventional
 * memory, then 0xf0000 to 0xfffff, on 16-byte boundaries.
 * @read:    access to physical memory.
 * @pointer: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t mp_find(acpi_read_fn *read, struct mp_pointer *pointer) MUST_CHECK;

/**
 * mp_parse_pointer() - decode a floating pointer.
 * @data, @size_bytes: its bytes, any alignment.
 * @pointer: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_TRUNCATED; STATUS_MALFORMED for a wrong signature, length or checksum.
 */
status_t mp_parse_pointer(const void *data, size_t size_bytes, struct mp_pointer *pointer) MUST_CHECK;

struct mp_table {
    const uint8_t *bytes;
    size_t length; /* of header and entries */
    uint8_t revision;
    bool checksum_ok;
    char oem_id[9], product_id[13];
    uint16_t entry_count; /* as stored; not used, because some tables with entries have 0 */
    phys_t lapic_address;
};

/**
 * mp_table_read() - read the table at the pointer's address and check its length.
 * @read:    access to physical memory.
 * @pointer: from mp_find().
 * @table:   untouched on failure.
 *
 * Return: STATUS_OK, also with a bad checksum; STATUS_NOT_FOUND when the pointer has no address;
 *         STATUS_TRUNCATED; STATUS_MALFORMED for a wrong signature or a length below the header's.
 */
status_t mp_table_read(acpi_read_fn *read, const struct mp_pointer *pointer,
                       struct mp_table *table) MUST_CHECK;

/* The same for bytes in memory. @table keeps a pointer into @data. */
status_t mp_table_parse(const void *data, size_t size_bytes, struct mp_table *table) MUST_CHECK;

enum mp_kind { MP_CPU, MP_BUS, MP_IOAPIC, MP_INTERRUPT, MP_LOCAL_INTERRUPT }; /* the types' own numbers */

enum mp_interrupt_type { MP_INT = 0, MP_NMI = 1, MP_SMI = 2, MP_EXTINT = 3 };

struct mp_cpu {
    uint8_t apic_id;
    bool is_enabled, is_bsp;
};

struct mp_bus {
    uint8_t bus;
    char name[7]; /* "ISA", "PCI", ... */
};

struct mp_ioapic {
    uint8_t ioapic_id;
    bool is_enabled;
    phys_t address;
};

struct mp_interrupt {
    uint8_t type; /* enum mp_interrupt_type; other numbers occur */
    uint8_t polarity,
        trigger; /* enum acpi_polarity and acpi_trigger of acpi/madt.h: ACPI took them from here */
    uint8_t bus, source;
    uint8_t apic_id; /* I/O APIC, or CPU of a local interrupt; 255: all of them */
    uint8_t input;   /* pin, or LINT */
};

struct mp_entry {
    enum mp_kind kind;
    size_t offset;
    union { /* by kind */
        struct mp_cpu cpu;
        struct mp_bus bus;
        struct mp_ioapic ioapic;
        struct mp_interrupt interrupt; /* MP_INTERRUPT and MP_LOCAL_INTERRUPT */
    };
};

/**
 * mp_next() - iterate over the entries, up to the table's length and not to its count: Firecracker before 1.8
 * stored a count of 0.
 * @table:  from mp_table_read() or mp_table_parse().
 * @cursor: 0 at first; afterwards the offset of the next entry, or of the bad one.
 * @entry:  filled in; untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED at a truncated entry or an unknown type,
 *         whose length is unknown, too: the iteration ends, the entries before stay valid.
 */
status_t mp_next(const struct mp_table *table, size_t *cursor, struct mp_entry *entry) MUST_CHECK;

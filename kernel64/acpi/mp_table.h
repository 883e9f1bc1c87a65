/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MP tables: processors and interrupt routing as PCs told before ACPI did. Only a fallback where
 * there is no MADT: old PCs, and small hypervisors. Pure, hosted-tested.
 *
 * For: smp (CPUs) and irq (I/O APICs, interrupts). Interrupts are named by bus and by the bus' own
 * number; on the ISA bus that is the IRQ, on a PCI bus device and pin.
 *
 * Not understood: the extended entries behind the table, which are about address decoding.
 * Source: Intel, "MultiProcessor Specification" version 1.4, chapter 4.
 */
#include <acpi/tables.h>

struct mp_pointer {
    phys_t address; /* of the pointer itself */
    phys_t table;   /* PHYS_INVALID when there is none */
    uint8_t revision;
    uint8_t default_configuration; /* 1 .. 7: a board that needs no table, two CPUs; 0: see the table */
    bool has_imcr;                 /* the 8259s reach the CPU unless a register says otherwise */
};

/**
 * mp_find() - look for the MP floating pointer, where PC firmware leaves it: the first KiB of the EBDA,
 * the last KiB of conventional memory, then 0xf0000 to 0xfffff, on 16-byte boundaries.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND.
 */
status_t mp_find(acpi_read_fn *read, struct mp_pointer *pointer) MUST_CHECK;

/**
 * mp_parse_pointer() - read a floating pointer.
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
    uint16_t entry_count; /* as stored; 0 in tables with entries, so not believed */
    phys_t lapic_address;
};

/**
 * mp_table_read() - find the table that the pointer names and check its length.
 *
 * Return: STATUS_OK, also with a wrong checksum; STATUS_NOT_FOUND when the pointer names none;
 *         STATUS_TRUNCATED; STATUS_MALFORMED for a wrong signature or a length below the header's.
 */
status_t mp_table_read(acpi_read_fn *read, const struct mp_pointer *pointer,
                       struct mp_table *table) MUST_CHECK;

/* The same for bytes at hand. @table keeps pointing into @data. */
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
    union { /* which one, kind says */
        struct mp_cpu cpu;
        struct mp_bus bus;
        struct mp_ioapic ioapic;
        struct mp_interrupt interrupt; /* MP_INTERRUPT and MP_LOCAL_INTERRUPT */
    };
};

/**
 * mp_next() - iterate over the entries, up to the end of the table's length and not of its count:
 * Firecracker before 1.8 stored a count of 0.
 * @cursor: 0 to begin with; afterwards the offset of the next entry, or of the bad one.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED at an entry that is cut or of a
 *         type whose length nobody knows: the walk is over, what came before stays good.
 */
status_t mp_next(const struct mp_table *table, size_t *cursor, struct mp_entry *entry) MUST_CHECK;

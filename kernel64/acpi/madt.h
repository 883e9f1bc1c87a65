/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MADT ("APIC"): processors and interrupt controllers. Pure, hosted-tested.
 *
 * Ids and addresses are as stored; an I/O APIC may have the id of a CPU, the two are numbered separately.
 *
 * The table's revision is ignored: real tables of revision 1 have entries of revision 4.
 * Source: ACPI Specification 6.5, "Multiple APIC Description Table (MADT)".
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>

struct madt {
    struct acpi_view view;
    uint32_t flags;
    bool has_8259;        /* flag PCAT_COMPAT; without it ports 0x20 and 0xa0 must not be accessed */
    phys_t lapic_address; /* from the first override (type 5), else from the fixed part */
};

enum acpi_polarity {
    ACPI_POLARITY_BUS = 0,
    ACPI_POLARITY_HIGH = 1,
    ACPI_POLARITY_LOW = 3
}; /* 2 is reserved */
enum acpi_trigger { ACPI_TRIGGER_BUS = 0, ACPI_TRIGGER_EDGE = 1, ACPI_TRIGGER_LEVEL = 3 };

enum madt_kind {
    MADT_CPU,           /* types 0 and 9 */
    MADT_IOAPIC,        /* 1 */
    MADT_OVERRIDE,      /* 2 */
    MADT_NMI_SOURCE,    /* 3 */
    MADT_LAPIC_NMI,     /* 4 and 10 */
    MADT_LAPIC_ADDRESS, /* 5 */
    MADT_OTHER,         /* any other type, by type, offset and length only */
};

struct madt_cpu {
    uint32_t uid, apic_id;
    uint32_t flags; /* as stored */
    bool is_enabled;
    bool is_online_capable; /* not enabled, but can be hot-added */
    bool is_x2apic;         /* type 9 */
};

struct madt_ioapic {
    uint8_t ioapic_id;
    phys_t address;
    uint32_t gsi_base; /* the number of pins is in the chip's IOAPICVER */
};

/* Polarity and trigger mode of an interrupt pin (MPS INTI flags). */
struct madt_wiring {
    uint16_t flags;   /* as stored */
    uint8_t polarity; /* enum acpi_polarity, or 2 */
    uint8_t trigger;  /* enum acpi_trigger, or 2 */
};

struct madt_override {
    uint8_t bus;    /* 0: ISA; nothing else is defined, and other numbers are taken as ISA, as Linux does */
    uint8_t source; /* ISA interrupt */
    uint32_t gsi;
    struct madt_wiring wiring;
};

struct madt_nmi_source {
    uint32_t gsi;
    struct madt_wiring wiring;
};

struct madt_lapic_nmi {
    uint32_t uid;
    bool all_cpus;  /* uid 0xff or 0xffffffff */
    bool is_x2apic; /* type 10 */
    uint8_t lint;   /* 0 or 1; others occur in broken tables */
    struct madt_wiring wiring;
};

struct madt_entry {
    enum madt_kind kind;
    struct acpi_entry raw;
    union { /* by kind; none for MADT_OTHER */
        struct madt_cpu cpu;
        struct madt_ioapic ioapic;
        struct madt_override override;
        struct madt_nmi_source nmi_source;
        struct madt_lapic_nmi lapic_nmi;
        phys_t lapic_address;
    };
};

/**
 * madt_parse() - check the table and read its fixed part.
 * @data, @size_bytes: readable bytes; must stay valid as long as @madt is used.
 * @madt: untouched on failure.
 *
 * Return: as acpi_view_table().
 */
status_t madt_parse(const void *data, size_t size_bytes, struct madt *madt) MUST_CHECK;

/**
 * madt_next() - iterate over the entries, in the table's order.
 * @madt:   from madt_parse().
 * @cursor: 0 at first; afterwards the offset of the next entry, or of the bad one.
 * @entry:  filled in; untouched on failure.
 *
 * An entry of a known type that is too short for its fields is skipped.
 * Return: as acpi_next_entry(); after STATUS_MALFORMED the entries before stay valid, and the iteration ends.
 */
status_t madt_next(const struct madt *madt, size_t *cursor, struct madt_entry *entry) MUST_CHECK;

/* State of madt_next_cpu(). All zero at first. */
struct madt_cpu_cursor {
    size_t offset;
    uint64_t above_all; /* one more than the largest id returned so far */
};

/**
 * madt_next_cpu() - iterate over the CPUs that can be started: enabled, each APIC id once.
 * @madt:   from madt_parse().
 * @cursor: all zero at first.
 * @cpu:    filled in.
 *
 * In the table's order, which need not be that of ids; the first entry need not be the BSP. LAPIC id 255 and
 * x2APIC id 0xffffffff are the broadcast ids and never a CPU. A second enabled entry with the id of an
 * earlier one, of either type, is skipped.
 *
 * Return: false after the last.
 * Cost: one step an entry where ids ascend; where they do not, a search of the entries before for each.
 */
bool madt_next_cpu(const struct madt *madt, struct madt_cpu_cursor *cursor, struct madt_cpu *cpu);

/**
 * madt_report_faults() - report the faults of a table.
 * @madt:     from madt_parse().
 * @report_fault: called with a message and its number.
 *
 * Return: the offset from which on the table is ignored; 0 when it is valid.
 */
typedef void madt_report_fn(const char *sentence, size_t number);
size_t madt_report_faults(const struct madt *madt, madt_report_fn *report_fault);

/* An I/O APIC pin and its wiring. */
struct madt_input {
    uint32_t gsi;
    bool is_active_low, is_level;
};

/**
 * madt_isa_input() - the pin of an ISA interrupt, and its wiring.
 * @madt: from madt_parse().
 * @irq:  0 .. 15.
 *
 * The first override of that source; without one, the GSI of the same number. Where the wiring is the bus's
 * default, it is ISA's: edge triggered, active high.
 * Return: the pin.
 */
struct madt_input madt_isa_input(const struct madt *madt, uint8_t irq);

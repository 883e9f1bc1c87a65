/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MADT ("APIC"): which processors and interrupt controllers there are. Pure, hosted-tested.
 *
 * For: smp, which starts the CPUs of madt_next_cpu(); irq, which takes I/O APICs, overrides and NMI
 * inputs from madt_next() and routes ISA interrupts by madt_isa_input(). Ids and addresses are as
 * stored; that an I/O APIC has a CPU's id means nothing, they are numbered apart.
 *
 * The table's revision is not looked at: real ones say 1 and hold entries of version 4.
 * Source: ACPI Specification 6.5, "Multiple APIC Description Table (MADT)".
 */
#include <acpi/view.h>

struct madt {
    struct acpi_view view;
    uint32_t flags;
    bool has_8259;        /* flag PCAT_COMPAT; without it ports 0x20 and 0xa0 are not to be touched */
    phys_t lapic_address; /* of the first override (type 5), else of the fixed part */
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
    bool is_online_capable; /* not enabled, but may be plugged in */
    bool is_x2apic;         /* type 9 */
};

struct madt_ioapic {
    uint8_t ioapic_id;
    phys_t address;
    uint32_t gsi_base; /* how many inputs it has, only the chip knows */
};

/* How an interrupt input is wired. */
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
    union { /* which one, kind says; none for MADT_OTHER */
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
 * @data, @size_bytes: what can be read; must stay as long as @madt is used.
 *
 * Return: as acpi_view_table().
 */
status_t madt_parse(const void *data, size_t size_bytes, struct madt *madt) MUST_CHECK;

/**
 * madt_next() - iterate over the entries, in the table's order.
 * @cursor: 0 to begin with; afterwards the offset of the next entry, or of the bad one.
 *
 * An entry of a known type that is too short for its fields is passed over.
 * Return: as acpi_next_entry(); on STATUS_MALFORMED what came before stays good, and the walk is over.
 */
status_t madt_next(const struct madt *madt, size_t *cursor, struct madt_entry *entry) MUST_CHECK;

/* Where madt_next_cpu() stands. All zero to begin with. */
struct madt_cpu_cursor {
    size_t offset;
    uint64_t above_all; /* one more than the largest id that was given so far */
};

/**
 * madt_next_cpu() - iterate over the CPUs that can be started: enabled, each identity once.
 *
 * In the table's order, which is no order of ids; the first entry need not be the CPU we run on.
 * LAPIC id 255 and x2APIC id 0xffffffff are the broadcast and never a CPU. A second enabled entry
 * with the id of an earlier one, of either type, is left out.
 *
 * Return: false when there is none left.
 * Cost: one step an entry where ids ascend; where they do not, a look back over the table for each.
 */
bool madt_next_cpu(const struct madt *madt, struct madt_cpu_cursor *cursor, struct madt_cpu *cpu);

/**
 * madt_complain() - name what is wrong with a table, once.
 * @complain: told a sentence and the number that belongs to it.
 *
 * Return: the offset from which on the table is dropped; 0 when it is whole.
 */
typedef void madt_complain_fn(const char *sentence, size_t number);
size_t madt_complain(const struct madt *madt, madt_complain_fn *complain);

/* An I/O APIC input, ready to be programmed. */
struct madt_input {
    uint32_t gsi;
    bool is_active_low, is_level;
};

/**
 * madt_isa_input() - where an ISA interrupt arrives, and how.
 * @irq: 0 .. 15.
 *
 * The first override of that source; without one, the GSI of the same number. What is left to
 * the bus is ISA's: edge, active high.
 */
struct madt_input madt_isa_input(const struct madt *madt, uint8_t irq);

/**
 * madt_sci_input() - the same for the SCI.
 * @sci_interrupt: from the FADT.
 *
 * What is not said is not ISA's here, but level and active low: the SCI is a shareable line.
 * Source: ACPI Specification 6.5, "Fixed ACPI Description Table (FADT)", SCI_INT.
 */
struct madt_input madt_sci_input(const struct madt *madt, uint16_t sci_interrupt);

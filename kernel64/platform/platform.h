/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What firmware says about this machine, in plain arrays: processors, interrupt controllers and how they are
 * wired, NUMA nodes, timers, serial ports, PCI segments. Firmware's tables (ACPI's, or the MP tables where
 * there is no MADT) are read once, by this room alone; every other room reads struct platform.
 *
 * Firmware's words, not facts: an address may have no device, a CPU may not answer. Whoever uses an entry
 * checks it: drivers see that a counter counts, smp sees that a CPU comes, device_map() refuses an address in
 * RAM.
 *
 * Not here: the way from tables to arrays (platform/tables.h); power-off and reset, which are registered with
 * power/exit.h (platform/power.c); the tables themselves (acpi/init.h, for this room and the command `acpi`).
 */
#include <ashlar/addr.h>
#include <ashlar/dev/irqchip.h>
#include <ashlar/dev/pci_config.h>
#include <ashlar/dev/uart16550.h>
#include <ashlar/mm/buddy.h>

/* Where processors and interrupt controllers were listed. */
enum platform_source {
    PLATFORM_NO_TABLES, /* nowhere: one CPU, the 8259s */
    PLATFORM_MADT,
    PLATFORM_MP_TABLES
};

/* A CPU that can be started. */
struct platform_cpu {
    uint32_t apic_id; /* any 32-bit number but the broadcast of its kind, 255 or 0xffffffff */
    uint32_t node;    /* NUMA node, 0 .. node_count - 1; 0 where the SRAT does not say */
};

struct platform_ioapic {
    phys_t address;
    uint32_t gsi_base; /* PLATFORM_GSI_FOLLOWS: where the inputs of the I/O APIC before it end */
    uint8_t ioapic_id;
};
#define PLATFORM_GSI_FOLLOWS UINT32_MAX

/* Where an ISA interrupt arrives: at a GSI, or at a pin of an I/O APIC. */
struct platform_isa_input {
    uint8_t isa;       /* ISA interrupt number; above 15 occurs and means nothing */
    bool is_pin;       /* as the MP tables say it: @input is a pin of the I/O APIC @ioapic_id */
    uint8_t ioapic_id; /* if is_pin */
    uint32_t input;    /* the pin; else the GSI */
    struct irq_wiring wiring;
};

/* An I/O APIC input that raises an NMI. */
struct platform_nmi_source {
    uint32_t gsi;
    struct irq_wiring wiring;
};

/* A LINT input of local APICs that is wired to NMI. */
struct platform_lint_nmi {
    bool all_cpus;
    uint32_t apic_id; /* of the one CPU, unless all_cpus; PLATFORM_NO_CPU: of none that is listed */
    uint8_t lint;     /* 0 or 1; others occur in broken tables */
    struct irq_wiring wiring;
};
#define PLATFORM_NO_CPU UINT32_MAX

/* An HPET's block of registers. */
struct platform_hpet {
    uint64_t address;
    bool is_in_memory; /* else the table names another address space, which has none */
};

/* The ACPI PM timer: 3.579545 MHz, counts up and wraps. */
struct platform_pm_timer {
    bool is_in_memory; /* a 32-bit register at @address */
    uint64_t address;
    uint16_t port; /* else, or where nothing answers in memory; 0: none */
    uint8_t bits;  /* 24 or 32: after how many it wraps; 0: the machine has no PM timer */
};

/* A serial port of the SPCR's or DBG2's. */
struct platform_serial {
    const char *table;              /* "SPCR" or "DBG2" */
    bool is_firmware_console;       /* SPCR: firmware writes there, so its speed is set */
    bool is_port;                   /* @address is an I/O port; else of memory */
    uint64_t address;               /* not 0 */
    uint16_t interface;             /* the table's number for the kind of UART; for the log */
    const char *interface_name;     /* for the log */
    const char *refusal;            /* why the 16550's driver cannot drive it; NULL if it can */
    struct uart16550_config config; /* if !refusal; of registers in memory, @registers is to be filled in */
    size_t span_bytes;              /* of those registers, from @address on */
    bool has_irq;                   /* @irq is one of the 8259s' inputs */
    uint8_t irq;
    uint8_t flow_control; /* what the table asks for, as stored; 0: none */
    bool is_pci;          /* it belongs to a PCI device */
    uint8_t pci_segment;
    struct pci_device pci;
};
#define PLATFORM_SERIAL_MAX 8 /* ports that are kept */

/* Buses whose configuration space is in memory. */
struct platform_pci_segment {
    phys_t base; /* of bus 0, also where the window starts at a later bus */
    uint16_t segment;
    uint8_t start_bus, last_bus; /* both included */
};

/* Each array is NULL where its count is 0. */
struct platform {
    enum platform_source source;
    char mp_oem[9], mp_product[13]; /* of the MP tables, if they are the source */

    struct platform_cpu *cpus; /* in the tables' order, each APIC ID once; the first CPU among them */
    size_t cpu_count;
    struct platform_lint_nmi *lint_nmis; /* at least LINT1 of all CPUs, where nothing is said of NMIs */
    size_t lint_nmi_count;
    bool refuses_x2apic; /* the DMAR's X2APIC_OPT_OUT */

    phys_t lapic_address; /* PHYS_INVALID: nothing is said */
    bool has_8259;        /* false: there is none, and its ports are not to be touched */
    bool has_imcr;        /* the 8259s reach the CPU unless the IMCR says otherwise */
    struct platform_ioapic *ioapics;
    size_t ioapic_count;
    struct platform_isa_input *isa_inputs; /* of two for one interrupt, the first that exists counts */
    size_t isa_input_count;
    bool isa_is_identity; /* an interrupt without an entry arrives at the GSI of its number */
    struct platform_nmi_source *nmi_sources;
    size_t nmi_source_count;

    unsigned int node_count;       /* NUMA nodes, at least 1 */
    const uint32_t *domains;       /* firmware's number of each node; NULL: there is no SRAT */
    const uint8_t *distances;      /* [from * node_count + to]; NULL: not known */
    unsigned int domains_left_out; /* beyond BUDDY_MAX_NODES: their memory is node 0's */
    struct buddy_node_range *node_ranges;
    size_t node_range_count;

    struct platform_hpet *hpets; /* one that is wrong may come before one that is right */
    size_t hpet_count;
    struct platform_pm_timer pm_timer;
    bool has_rtc;        /* false: firmware says that there is no battery clock */
    uint8_t rtc_century; /* its register for the century; 0: none */

    bool is_spcr_read; /* there is an SPCR, and it could be read; it may still name no port */
    struct platform_serial serials[PLATFORM_SERIAL_MAX]; /* SPCR's first, then DBG2's in its order */
    size_t serial_count;

    struct platform_pci_segment *pci_segments;
    size_t pci_segment_count;
};

/**
 * platform() - what firmware says.
 *
 * Return: constant after platform_init(). Before it there are no arrays, only the serial ports, as far as the
 * tables are in reach of the boot direct map. Context: any.
 */
const struct platform *platform(void);

/**
 * platform_node_of() - a CPU's NUMA node.
 * @apic_id: any number.
 *
 * Return: 0 .. node_count - 1; 0 for a CPU that is not listed.
 * Context: any. Cost: a walk over the CPUs.
 */
unsigned int platform_node_of(uint32_t apic_id);

/**
 * platform_init_early() - read the serial ports, and register power-off and reset, as far as tables and
 * registers can be reached yet.
 *
 * Context: once, first CPU, after acpi_find_root().
 */
void platform_init_early(void);

/**
 * platform_init() - read all tables, name in the log what is wrong with them, and map the registers that
 * switch the machine off.
 *
 * Arrays are early memory. One for which there is none left is empty, and the log says so.
 * Context: once, first CPU, after acpi_init_late() and before memory_init().
 */
void platform_init(void);

/**
 * platform_nodes() - the NUMA nodes, as memory_init() takes them.
 *
 * Return: their ranges and distances; no memory to take yet.
 * Context: after platform_init().
 */
const struct buddy_setup *platform_nodes(void);

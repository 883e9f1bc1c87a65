/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Firmware's description of this machine, in plain arrays: processors, interrupt controllers and their
 * wiring, NUMA nodes, timers, registers of power-off and reset, serial ports, PCI segments. Firmware's tables
 * (ACPI's, or the MP tables where there is no MADT) are read once, by this room alone; every other room reads
 * struct platform.
 *
 * The description may be wrong: an address may have no device, a CPU may not respond. The users of an entry
 * check it: drivers check that a counter counts, smp that a CPU starts, device_map() that an address is not
 * in RAM.
 *
 * Defined in init.c. Not here: the parsers that fill in the arrays (platform/tables.h); power-off and reset,
 * which are registered with power/exit.h (platform/power.c); the tables themselves (acpi/init.h, for this
 * room and the command `acpi`).
 */
#include <acpi/power_registers.h>
#include <ashlar/addr.h>
#include <ashlar/dev/irqchip.h>
#include <ashlar/dev/pci_config.h>
#include <ashlar/dev/uart16550.h>
#include <ashlar/mm/buddy.h>

/* The source of processors and interrupt controllers. */
enum platform_source {
    PLATFORM_NO_TABLES, /* none: one CPU, the 8259s */
    PLATFORM_MADT,
    PLATFORM_MP_TABLES
};

/* A CPU that can be started. */
struct platform_cpu {
    uint32_t apic_id; /* any 32-bit number except the broadcast IDs 255 and 0xffffffff */
    uint32_t node;    /* NUMA node, 0 .. node_count - 1; 0 without an SRAT entry */
};

struct platform_ioapic {
    phys_t address;
    uint32_t gsi_base; /* PLATFORM_GSI_FOLLOWS: after the inputs of the previous I/O APIC */
    uint8_t ioapic_id;
};
#define PLATFORM_GSI_FOLLOWS UINT32_MAX

/* The destination of an ISA interrupt: a GSI, or a pin of an I/O APIC. */
struct platform_isa_input {
    uint8_t isa;       /* ISA interrupt number; above 15 occurs and is meaningless */
    bool is_pin;       /* of the MP tables: @input is a pin of the I/O APIC @ioapic_id */
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
    phys_t address;
    bool is_in_memory; /* else the table gives another address space, which is invalid */
};

/* The ACPI PM timer: 3.579545 MHz, counts up and wraps. */
struct platform_pm_timer {
    phys_t address; /* of a 32-bit register; PHYS_INVALID: it is not in memory */
    uint16_t port;  /* else, or if the register in memory does not count; 0: none */
    uint8_t bits;   /* width, 24 or 32; 0: the machine has no PM timer */
};

/* A serial port of the SPCR's or DBG2's. */
struct platform_serial {
    const char *table;              /* "SPCR" or "DBG2" */
    bool is_firmware_console;       /* SPCR: used by firmware, so its speed is set */
    bool is_port;                   /* @address is an I/O port; else of memory */
    uint64_t address;               /* as stored in the table, by @is_port; not 0 */
    uint16_t interface;             /* interface type in the table; for the log */
    const char *interface_name;     /* for the log */
    const char *refusal;            /* why the 16550 driver cannot use it; NULL if it can */
    struct uart16550_config config; /* if !refusal; for registers in memory, the user fills in @registers */
    size_t span_bytes;              /* of those registers, from @address on */
    bool has_irq;                   /* @irq is one of the 8259s' inputs */
    uint8_t irq;
    uint8_t flow_control; /* as in the table; 0: none */
    bool is_pci;          /* of a PCI device */
    uint8_t pci_segment;
    struct pci_device pci;
};
#define PLATFORM_SERIAL_MAX 8 /* further ports are ignored */

/* Buses whose configuration space is in memory. */
struct platform_pci_segment {
    phys_t base; /* of bus 0, even if the window starts at a later bus */
    uint16_t segment;
    uint8_t start_bus, last_bus; /* both included */
};

/* Each array is NULL where its count is 0. */
struct platform {
    enum platform_source source;
    char mp_oem[9], mp_product[13]; /* of the MP tables, if they are the source */

    struct platform_cpu *cpus; /* in the tables' order, each APIC ID once; the BSP is one of them */
    size_t cpu_count;
    struct platform_lint_nmi *lint_nmis; /* LINT1 of all CPUs if the tables have no NMI entry */
    size_t lint_nmi_count;
    bool refuses_x2apic; /* the DMAR's X2APIC_OPT_OUT */

    phys_t lapic_address; /* PHYS_INVALID: not given */
    bool has_8259;        /* false: there is none, and its ports must not be accessed */
    bool has_imcr;        /* the IMCR connects or disconnects the 8259s */
    struct platform_ioapic *ioapics;
    size_t ioapic_count;
    struct platform_isa_input *isa_inputs; /* the first of several for one interrupt counts */
    size_t isa_input_count;
    bool isa_is_identity; /* an interrupt without an entry arrives at the GSI of its number */
    struct platform_nmi_source *nmi_sources;
    size_t nmi_source_count;

    unsigned int node_count;       /* NUMA nodes, at least 1 */
    const uint32_t *domains;       /* firmware's number of each node; NULL: no SRAT */
    const uint8_t *distances;      /* [from * node_count + to]; NULL: not known */
    unsigned int domains_left_out; /* beyond BUDDY_MAX_NODES: their memory is node 0's */
    struct buddy_node_range *node_ranges;
    size_t node_range_count;

    struct platform_hpet *hpets; /* an invalid one may precede a valid one */
    size_t hpet_count;
    struct platform_pm_timer pm_timer;
    bool has_rtc;        /* false: firmware reports that there is no RTC */
    uint8_t rtc_century; /* its register for the century; 0: none */

    bool has_fadt;           /* there is a readable FADT; else @power is empty */
    struct acpi_power power; /* @mapped of each register is NULL: platform/power.c maps a copy */

    bool is_spcr_read; /* there is a readable SPCR; it may still have no port */
    struct platform_serial serials[PLATFORM_SERIAL_MAX]; /* SPCR's first, then DBG2's in its order */
    size_t serial_count;

    struct platform_pci_segment *pci_segments;
    size_t pci_segment_count;
};

/**
 * platform() - get firmware's description.
 *
 * Return: constant after platform_init(). Before it there are no arrays, only what the FADT has and the
 *         serial ports, if the tables are in the boot direct map.
 * Context: any.
 */
const struct platform *platform(void);

/**
 * platform_node_of() - get a CPU's NUMA node.
 * @apic_id: any number.
 *
 * Return: 0 .. node_count - 1; 0 for a CPU that is not listed.
 * Context: any.
 * Cost: a walk over the CPUs.
 */
unsigned int platform_node_of(uint32_t apic_id);

/**
 * platform_init_early() - read the FADT and the serial ports, and register power-off and reset, as far as
 * tables and registers are accessible yet.
 *
 * Context: once, BSP, after acpi_find_root().
 */
void platform_init_early(void);

/**
 * platform_init() - read all tables, log their faults, and map the power-off registers.
 *
 * Arrays are early memory. An array for which there is none left is empty, which is logged.
 * Context: once, BSP, after acpi_init_late() and before memory_init().
 */
void platform_init(void);

/**
 * platform_nodes() - get the NUMA nodes for memory_init().
 *
 * Return: their ranges and distances; without the memory map.
 * Context: after platform_init().
 */
const struct buddy_setup *platform_nodes(void);

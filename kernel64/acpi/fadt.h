/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The FADT ("FACP"): the fixed registers, and flags for the hardware of this machine. Pure, hosted-tested.
 *
 * A field exists when the table is long enough for it, whatever its revision; one that does not is 0. Real
 * tables have any combination of revision and length.
 *
 * Context of all: as acpi/view.h's: any.
 * Source: ACPI Specification 6.5, "Fixed ACPI Description Table (FADT)".
 */
#include <acpi/view.h>

struct fadt {
    struct acpi_view view;
    phys_t dsdt, facs;  /* the 64-bit field where it is not 0, else the 32-bit one; 0: none */
    uint8_t pm_profile; /* what kind of machine: fadt_profile_name() */
    uint8_t minor_revision;
    uint16_t sci_interrupt; /* ISA interrupt with 8259s, else a GSI */
    uint32_t smi_command;   /* ports, as stored; 0: none */
    uint8_t acpi_enable, acpi_disable;
    uint32_t pm1a_event, pm1b_event, pm1a_control, pm1b_control;
    uint8_t pm1_event_length, pm1_control_length; /* bytes */
    uint32_t pm_timer;                            /* the 32-bit field; use fadt_pm_timer() */
    uint8_t pm_timer_length;
    uint32_t gpe0, gpe1; /* blocks of general-purpose events: ports, as stored */
    uint8_t gpe0_length, gpe1_length;
    struct acpi_gas x_pm1a_event, x_pm1b_event, x_pm1a_control, x_pm1b_control, x_pm_timer, x_gpe0, x_gpe1;
    uint8_t century;          /* CMOS register; 0: none */
    uint16_t boot_flags;      /* ACPI_BOOT_FLAG_...; unreliable: many machines with an 8042 clear its flag */
    uint32_t flags;           /* ACPI_FADT_FLAG_... */
    bool is_hardware_reduced; /* no SCI, PM1 registers or PM timer, whatever their fields contain */
    struct acpi_gas reset;
    uint8_t reset_value;
    struct acpi_gas sleep_control, sleep_status;
};

/**
 * fadt_parse() - check the table and read all fields.
 * @data, @size_bytes: readable bytes; must stay valid as long as @fadt->view is used.
 * @fadt: untouched on failure.
 *
 * Return: as acpi_view_table(); a table of ACPI 1.0 (116 bytes) is enough.
 */
status_t fadt_parse(const void *data, size_t size_bytes, struct fadt *fadt) MUST_CHECK;

/* The ACPI timer: 3.579545 MHz, counts up and wraps. */
struct fadt_pm_timer {
    phys_t address; /* of a 32-bit register in memory; PHYS_INVALID: none */
    uint16_t port;  /* else, or where no timer answers in memory; 0: none */
    uint8_t bits;   /* 24 or 32: after how many it wraps */
};

/**
 * fadt_pm_timer() - address and width of the PM timer.
 * @fadt:  from fadt_parse().
 * @timer: filled in if there is one.
 *
 * The generic address where it is usable, else the port; some tables fill in only one of them. The address's
 * width field is ignored: 32-bit timers are described as 8 bits wide.
 * Return: false when the machine has none.
 */
bool fadt_pm_timer(const struct fadt *fadt, struct fadt_pm_timer *timer);

/* Return: whether the table has a reset register: writing @fadt->reset_value to @fadt->reset resets the
   machine. It may be in PCI configuration space. */
bool fadt_can_reset(const struct fadt *fadt);

/* Return: the name of @pm_profile; "unknown" for a number that ACPI does not define. */
const char *fadt_profile_name(uint8_t pm_profile);

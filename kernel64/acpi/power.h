/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the FADT and \_S5_ say about switching the machine off and resetting it, and the writes that do it.
 * Hosted-tested: it reads and writes registers through ashlar/io.h only.
 *
 * The narrow way to \_S5_: it is found by its bytes and not by an AML interpreter: the name, a package, and
 * its first elements as integers. That is how firmware writes it; an \_S5_ made by a method or by
 * references is not understood, and counts as absent.
 */
#include <acpi/fadt.h>

/* A register of the FADT's, at a port, in memory or, for reset only, in PCI configuration space. */
struct acpi_register {
    uint8_t space;         /* ACPI_SPACE_... */
    uint64_t address;      /* 0: there is none */
    uint8_t bytes;         /* of the block */
    volatile void *mapped; /* where a register in memory can be reached; NULL until somebody has mapped it */
};

/* The registers that soft-off and reset need. */
enum acpi_power_register {
    ACPI_PM1A_EVENT,
    ACPI_PM1B_EVENT,
    ACPI_PM1A_CONTROL,
    ACPI_PM1B_CONTROL,
    ACPI_GPE0,
    ACPI_GPE1,
    ACPI_SLEEP_CONTROL, /* these two of hardware-reduced machines, which have none of those above */
    ACPI_SLEEP_STATUS,
    ACPI_RESET,
    ACPI_POWER_REGISTERS
};

struct acpi_power {
    struct acpi_register registers[ACPI_POWER_REGISTERS];
    bool is_hardware_reduced;
    uint16_t smi_command; /* port that hands over to ACPI mode; 0 when there is none */
    uint8_t acpi_enable;
    uint8_t reset_value;

    bool has_sleep_types;               /* \_S5_ was found */
    uint8_t sleep_type_a, sleep_type_b; /* 0 .. 7 */
};

/* What the FADT says. @power: filled in with whatever there was; \_S5_ is not among it. */
void acpi_decode_power(const struct fadt *fadt, struct acpi_power *power);

/**
 * acpi_decode_s5() - look for \_S5_ in a DSDT or SSDT.
 * @table, @size_bytes: the whole table.
 *
 * Element 0 of the package is SLP_TYP for PM1a or the sleep control register, element 1 for PM1b. Of a
 * package with one element, bits 8 to 10 are for PM1b, as ACPICA reads it.
 * Return: whether it was there; @power is untouched otherwise.
 * Source: ACPI Specification 6.5, "\_Sx (System States)" (7.4.2); "AML Byte Stream Byte Values".
 */
bool acpi_decode_s5(const void *table, size_t size_bytes, struct acpi_power *power);

/* Whether there is a register for it, and, for power-off, \_S5_. Whether registers in memory are mapped is
   not asked. */
bool acpi_can_power_off(const struct acpi_power *power);
bool acpi_can_reset(const struct acpi_power *power);

/**
 * acpi_power_off() - enter S5.
 * @power: acpi_can_power_off(), its registers in memory mapped.
 *
 * Wake status and all general-purpose events are cleared first: a machine that wakes at once has been reset,
 * not switched off. Then both PM1 control registers get SLP_TYP, and only then SLP_EN.
 * Return: it did not work, or does so later.
 * Context: any, interrupts off, also a panic. Waits for nothing but the change to ACPI mode, some 100 ms.
 * Source: ACPI Specification 6.5, "PM1 Control Registers", "Sleep Control and Status Registers", 4.8.3.
 */
void acpi_power_off(const struct acpi_power *power);

/* Writes the reset value to the reset register. @power: acpi_can_reset(). Return and context as above. */
void acpi_reset(const struct acpi_power *power);

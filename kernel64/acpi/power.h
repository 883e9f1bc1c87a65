/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the FADT and the DSDT say about switching the machine off and resetting it. Pure,
 * hosted-tested: it decodes, and whoever leaves writes the registers.
 *
 * The narrow way to \_S5_: it is found by its bytes and not by an AML interpreter: the name, a package, and
 * its first two elements as integers. That is how firmware writes it; an \_S5_ made by a method or by
 * references is not understood, and is reported as absent.
 */
#include <acpi/fadt.h>

struct acpi_power {
    /* Soft off: write (type << 10 | sleep enable) to each control register that is not 0. */
    bool can_power_off;
    uint16_t pm1a_control, pm1b_control; /* I/O ports; 0 when absent */
    uint8_t sleep_type_a, sleep_type_b;  /* 0 .. 7 */
    uint16_t smi_command;                /* port that hands over to ACPI mode; 0 when there is none */
    uint8_t acpi_enable;

    /* On hardware-reduced machines one register does it: write (type << 2 | sleep enable). */
    bool hardware_reduced;
    phys_t sleep_control; /* PHYS_INVALID when absent */
    bool sleep_control_is_io;

    /* Reset: write the value to the register. */
    bool can_reset;
    uint8_t reset_space; /* ACPI_SPACE_MEMORY or ACPI_SPACE_IO */
    phys_t reset_register;
    uint8_t reset_value;
};

/**
 * acpi_decode_power() - what the FADT says, and \_S5_ if it is in the DSDT.
 * @dsdt, @dsdt_size: the whole table; NULL and 0 when it cannot be read.
 * @power: filled in with whatever there was.
 */
void acpi_decode_power(const struct fadt *fadt, const void *dsdt, size_t dsdt_size, struct acpi_power *power);

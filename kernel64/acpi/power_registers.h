/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The registers of ACPI's fixed hardware that soft-off and reset use. Types only: acpi/power.h decodes them,
 * acpi/soft_off.h writes them, and platform/platform.h has them for this machine.
 *
 * Source: ACPI Specification 6.5, "Fixed ACPI Description Table (FADT)", "ACPI Hardware Specification".
 */
#include <ashlar/types.h>

/* A register of the FADT, at a port, in memory or, for reset only, in PCI configuration space. */
struct acpi_register {
    uint8_t space;         /* ACPI_SPACE_... */
    uint64_t address;      /* 0: there is none */
    uint8_t bytes;         /* of the block */
    volatile void *mapped; /* of a register in memory; NULL until the caller has mapped it */
};

/* The registers that soft-off and reset need. */
enum acpi_power_register {
    ACPI_PM1A_EVENT,
    ACPI_PM1B_EVENT,
    ACPI_PM1A_CONTROL,
    ACPI_PM1B_CONTROL,
    ACPI_GPE0,
    ACPI_GPE1,
    ACPI_SLEEP_CONTROL, /* these two only on hardware-reduced machines, which have none of those above */
    ACPI_SLEEP_STATUS,
    ACPI_RESET,
    ACPI_POWER_REGISTERS
};

struct acpi_power {
    struct acpi_register registers[ACPI_POWER_REGISTERS];
    bool is_hardware_reduced;
    uint16_t smi_command; /* SMI_CMD, the port that switches to ACPI mode; 0 when there is none */
    uint8_t acpi_enable;
    uint8_t reset_value;

    bool has_sleep_types;               /* \_S5_ was found */
    uint8_t sleep_type_a, sleep_type_b; /* 0 .. 7 */
};

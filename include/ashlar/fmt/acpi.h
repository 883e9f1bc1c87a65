/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * ACPI tables as firmware lays them out. Offsets and not structs: tables lie at odd addresses
 * (SeaBIOS) and end where they like, so each field is fetched by offset after a length check.
 * Source: ACPI Specification 6.5, "Root System Description Pointer (RSDP)", "System Description
 * Table Header", "Fixed ACPI Description Table (FADT)", "Generic Address Structure".
 */
#define ACPI_RSDP_SIGNATURE    "RSD PTR "
#define ACPI_RSDP_V1_SIZE      20
#define ACPI_RSDP_V2_SIZE      36
#define ACPI_RSDP_OEM_ID       9
#define ACPI_RSDP_REVISION     15
#define ACPI_RSDP_RSDT_ADDRESS 16
#define ACPI_RSDP_LENGTH       20
#define ACPI_RSDP_XSDT_ADDRESS 24

/* The header that every table but the FACS begins with. */
#define ACPI_HEADER_SIZE     36
#define ACPI_HEADER_LENGTH   4
#define ACPI_HEADER_REVISION 8

/* FADT ("FACP"); a field exists when the table's length covers it, whatever its revision says. */
#define ACPI_FADT_FACS           36
#define ACPI_FADT_DSDT           40
#define ACPI_FADT_SMI_COMMAND    48
#define ACPI_FADT_ACPI_ENABLE    52
#define ACPI_FADT_PM1A_CONTROL   64
#define ACPI_FADT_PM1B_CONTROL   68
#define ACPI_FADT_FLAGS          112
#define ACPI_FADT_MINIMUM_SIZE   116
#define ACPI_FADT_RESET_REGISTER 116
#define ACPI_FADT_RESET_VALUE    128
#define ACPI_FADT_X_FACS         132
#define ACPI_FADT_X_DSDT         140
#define ACPI_FADT_SLEEP_CONTROL  244

#define ACPI_FADT_FLAG_RESET_SUPPORTED  (1u << 10)
#define ACPI_FADT_FLAG_HARDWARE_REDUCED (1u << 20)

/* Generic address structure: 12 bytes. */
#define ACPI_GAS_SIZE    12
#define ACPI_GAS_SPACE   0
#define ACPI_GAS_WIDTH   1
#define ACPI_GAS_ADDRESS 4

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO     1

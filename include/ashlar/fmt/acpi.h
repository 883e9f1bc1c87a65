/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layout of ACPI tables. Offsets and not structs: tables are at odd addresses (SeaBIOS) and have any length,
 * so each field is read by offset after a length check.
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
#define ACPI_HEADER_SIZE         36
#define ACPI_HEADER_LENGTH       4
#define ACPI_HEADER_REVISION     8
#define ACPI_HEADER_CHECKSUM     9
#define ACPI_HEADER_OEM_ID       10 /* 6 bytes */
#define ACPI_HEADER_OEM_TABLE_ID 16 /* 8 bytes */
#define ACPI_HEADER_OEM_REVISION 24

/* Entries of MADT and SRAT begin with a byte of type and a byte of length; the length includes both. */
#define ACPI_ENTRY_HEAD_SIZE 2

/* FADT ("FACP"); a field exists when the table's length covers it, whatever its revision. */
#define ACPI_FADT_FACS               36
#define ACPI_FADT_DSDT               40
#define ACPI_FADT_PM_PROFILE         45
#define ACPI_FADT_SCI_INTERRUPT      46
#define ACPI_FADT_SMI_COMMAND        48
#define ACPI_FADT_ACPI_ENABLE        52
#define ACPI_FADT_ACPI_DISABLE       53
#define ACPI_FADT_PM1A_EVENT         56
#define ACPI_FADT_PM1B_EVENT         60
#define ACPI_FADT_PM1A_CONTROL       64
#define ACPI_FADT_PM1B_CONTROL       68
#define ACPI_FADT_PM_TIMER           76
#define ACPI_FADT_GPE0               80
#define ACPI_FADT_GPE1               84
#define ACPI_FADT_PM1_EVENT_LENGTH   88
#define ACPI_FADT_PM1_CONTROL_LENGTH 89
#define ACPI_FADT_PM_TIMER_LENGTH    91
#define ACPI_FADT_GPE0_LENGTH        92
#define ACPI_FADT_GPE1_LENGTH        93
#define ACPI_FADT_CENTURY            108
#define ACPI_FADT_BOOT_FLAGS         109
#define ACPI_FADT_FLAGS              112
#define ACPI_FADT_MINIMUM_SIZE       116
#define ACPI_FADT_RESET_REGISTER     116
#define ACPI_FADT_RESET_VALUE        128
#define ACPI_FADT_MINOR_REVISION     131
#define ACPI_FADT_X_FACS             132
#define ACPI_FADT_X_DSDT             140
#define ACPI_FADT_X_PM1A_EVENT       148
#define ACPI_FADT_X_PM1B_EVENT       160
#define ACPI_FADT_X_PM1A_CONTROL     172
#define ACPI_FADT_X_PM1B_CONTROL     184
#define ACPI_FADT_X_PM_TIMER         208
#define ACPI_FADT_X_GPE0             220
#define ACPI_FADT_X_GPE1             232
#define ACPI_FADT_SLEEP_CONTROL      244
#define ACPI_FADT_SLEEP_STATUS       256

#define ACPI_FADT_FLAG_PM_TIMER_32_BITS (1u << 8)
#define ACPI_FADT_FLAG_RESET_SUPPORTED  (1u << 10)
#define ACPI_FADT_FLAG_APIC_CLUSTER     (1u << 18)
#define ACPI_FADT_FLAG_APIC_PHYSICAL    (1u << 19)
#define ACPI_FADT_FLAG_HARDWARE_REDUCED (1u << 20)

#define ACPI_BOOT_FLAG_LEGACY_DEVICES (1u << 0)
#define ACPI_BOOT_FLAG_8042           (1u << 1)
#define ACPI_BOOT_FLAG_NO_VGA         (1u << 2)
#define ACPI_BOOT_FLAG_NO_MSI         (1u << 3)
#define ACPI_BOOT_FLAG_NO_CMOS_RTC    (1u << 5)

/* MADT ("APIC"): "Multiple APIC Description Table (MADT)". Offsets within an entry. */
#define ACPI_MADT_LAPIC_ADDRESS 36
#define ACPI_MADT_FLAGS         40
#define ACPI_MADT_SIZE          44
#define ACPI_MADT_FLAG_PCAT     (1u << 0) /* there is a pair of 8259s */

#define ACPI_MADT_LAPIC                  0
#define ACPI_MADT_LAPIC_SIZE             8
#define ACPI_MADT_LAPIC_UID              2
#define ACPI_MADT_LAPIC_ID               3
#define ACPI_MADT_LAPIC_FLAGS            4
#define ACPI_MADT_IOAPIC                 1
#define ACPI_MADT_IOAPIC_SIZE            12
#define ACPI_MADT_IOAPIC_ID              2
#define ACPI_MADT_IOAPIC_ADDRESS         4
#define ACPI_MADT_IOAPIC_GSI_BASE        8
#define ACPI_MADT_OVERRIDE               2
#define ACPI_MADT_OVERRIDE_SIZE          10
#define ACPI_MADT_OVERRIDE_BUS           2
#define ACPI_MADT_OVERRIDE_SOURCE        3
#define ACPI_MADT_OVERRIDE_GSI           4
#define ACPI_MADT_OVERRIDE_FLAGS         8
#define ACPI_MADT_NMI_SOURCE             3
#define ACPI_MADT_NMI_SOURCE_SIZE        8
#define ACPI_MADT_NMI_SOURCE_FLAGS       2
#define ACPI_MADT_NMI_SOURCE_GSI         4
#define ACPI_MADT_LAPIC_NMI              4
#define ACPI_MADT_LAPIC_NMI_SIZE         6
#define ACPI_MADT_LAPIC_NMI_UID          2
#define ACPI_MADT_LAPIC_NMI_FLAGS        3
#define ACPI_MADT_LAPIC_NMI_LINT         5
#define ACPI_MADT_LAPIC_OVERRIDE         5
#define ACPI_MADT_LAPIC_OVERRIDE_SIZE    12
#define ACPI_MADT_LAPIC_OVERRIDE_ADDRESS 4
#define ACPI_MADT_X2APIC                 9
#define ACPI_MADT_X2APIC_SIZE            16
#define ACPI_MADT_X2APIC_ID              4
#define ACPI_MADT_X2APIC_FLAGS           8
#define ACPI_MADT_X2APIC_UID             12
#define ACPI_MADT_X2APIC_NMI             10
#define ACPI_MADT_X2APIC_NMI_SIZE        12
#define ACPI_MADT_X2APIC_NMI_FLAGS       2
#define ACPI_MADT_X2APIC_NMI_UID         4
#define ACPI_MADT_X2APIC_NMI_LINT        8

#define ACPI_MADT_CPU_ENABLED        (1u << 0)
#define ACPI_MADT_CPU_ONLINE_CAPABLE (1u << 1)

/* Polarity and trigger mode in the flags of an interrupt input ("MPS INTI flags"). */
#define ACPI_INTI_POLARITY      0x3
#define ACPI_INTI_TRIGGER_SHIFT 2
#define ACPI_INTI_TRIGGER       0x3

/* HPET. Source: IA-PC HPET Specification 1.0a, "The ACPI 2.0 HPET Description Table (HPET)". */
#define ACPI_HPET_BLOCK_ID     36
#define ACPI_HPET_BASE         40
#define ACPI_HPET_SEQUENCE     52
#define ACPI_HPET_MINIMUM_TICK 53
#define ACPI_HPET_FLAGS        55
#define ACPI_HPET_SIZE         56

/* MCFG. Source: PCI Firmware Specification 3.3, "MCFG Table Description". */
#define ACPI_MCFG_SIZE            44
#define ACPI_MCFG_ENTRY_SIZE      16
#define ACPI_MCFG_ENTRY_BASE      0
#define ACPI_MCFG_ENTRY_SEGMENT   8
#define ACPI_MCFG_ENTRY_START_BUS 10
#define ACPI_MCFG_ENTRY_END_BUS   11 /* inclusive */

/* SRAT: "System Resource Affinity Table (SRAT)". Offsets within an entry. */
#define ACPI_SRAT_SIZE               48
#define ACPI_SRAT_CPU                0
#define ACPI_SRAT_CPU_SIZE           16
#define ACPI_SRAT_CPU_DOMAIN_LOW     2
#define ACPI_SRAT_CPU_APIC_ID        3
#define ACPI_SRAT_CPU_FLAGS          4
#define ACPI_SRAT_CPU_DOMAIN_HIGH    9 /* 3 bytes; reserved in revision 1 */
#define ACPI_SRAT_MEMORY             1
#define ACPI_SRAT_MEMORY_SIZE        40
#define ACPI_SRAT_MEMORY_DOMAIN      2 /* one byte in revision 1 */
#define ACPI_SRAT_MEMORY_BASE        8
#define ACPI_SRAT_MEMORY_LENGTH      16
#define ACPI_SRAT_MEMORY_FLAGS       28
#define ACPI_SRAT_X2APIC             2
#define ACPI_SRAT_X2APIC_SIZE        24
#define ACPI_SRAT_X2APIC_DOMAIN      4
#define ACPI_SRAT_X2APIC_ID          8
#define ACPI_SRAT_X2APIC_FLAGS       12
#define ACPI_SRAT_FLAG_ENABLED       (1u << 0)
#define ACPI_SRAT_FLAG_HOT_PLUGGABLE (1u << 1)
#define ACPI_SRAT_FLAG_NON_VOLATILE  (1u << 2)

/* SLIT: "System Locality Information Table (SLIT)": a count of 8 bytes, then count x count bytes. */
#define ACPI_SLIT_COUNT 36
#define ACPI_SLIT_SIZE  44

/* SPCR. Source: Microsoft SPCR. */
#define ACPI_SPCR_INTERFACE      36
#define ACPI_SPCR_BASE           40
#define ACPI_SPCR_INTERRUPT_TYPE 52
#define ACPI_SPCR_IRQ            53
#define ACPI_SPCR_GSI            54
#define ACPI_SPCR_BAUD           58
#define ACPI_SPCR_FLOW_CONTROL   61
#define ACPI_SPCR_PCI_DEVICE_ID  64 /* 0xffff: not a PCI device */
#define ACPI_SPCR_PCI_VENDOR_ID  66
#define ACPI_SPCR_PCI_BUS        68
#define ACPI_SPCR_PCI_DEVICE     69
#define ACPI_SPCR_PCI_FUNCTION   70
#define ACPI_SPCR_PCI_SEGMENT    75
#define ACPI_SPCR_SIZE           80
#define ACPI_SPCR_CLOCK          76 /* revision 3 and later; reserved, so 0, before */
#define ACPI_SPCR_PRECISE_BAUD   80 /* revision 4 and later */
#define ACPI_SPCR_HAS_8259_IRQ   (1u << 0)
#define ACPI_SPCR_HAS_APIC_GSI   (1u << 1)

/* DBG2. Source: Microsoft DBG2. Offsets within a device's description. */
#define ACPI_DBG2_FIRST            36
#define ACPI_DBG2_COUNT            40
#define ACPI_DBG2_SIZE             44
#define ACPI_DBG2_DEVICE_LENGTH    1
#define ACPI_DBG2_DEVICE_REGISTERS 3
#define ACPI_DBG2_DEVICE_PORT_TYPE 12
#define ACPI_DBG2_DEVICE_SUBTYPE   14
#define ACPI_DBG2_DEVICE_BASES     18
#define ACPI_DBG2_DEVICE_SIZES     20
#define ACPI_DBG2_DEVICE_SIZE      22
#define ACPI_DBG2_PORT_SERIAL      0x8000

/* Generic address structure: 12 bytes. */
#define ACPI_GAS_SIZE       12
#define ACPI_GAS_SPACE      0
#define ACPI_GAS_WIDTH      1
#define ACPI_GAS_BIT_OFFSET 2
#define ACPI_GAS_ACCESS     3
#define ACPI_GAS_ADDRESS    4

#define ACPI_SPACE_MEMORY 0
#define ACPI_SPACE_IO     1
#define ACPI_SPACE_PCI    2 /* configuration space of bus 0 */

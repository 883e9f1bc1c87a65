/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layout of the MP tables, of PCs before ACPI; offsets, as in fmt/acpi.h.
 * Source: MultiProcessor Specification 1.4, chapter 4.
 */
#define MP_POINTER_SIGNATURE "_MP_"
#define MP_POINTER_SIZE      16
#define MP_POINTER_TABLE     4
#define MP_POINTER_LENGTH    8 /* in units of 16 bytes */
#define MP_POINTER_REVISION  9
#define MP_POINTER_FEATURE_1 11 /* number of a default configuration; 0: there is a table */
#define MP_POINTER_FEATURE_2 12
#define MP_POINTER_HAS_IMCR  0x80 /* in the second feature byte */

#define MP_TABLE_SIGNATURE     "PCMP"
#define MP_TABLE_SIZE          44
#define MP_TABLE_LENGTH        4 /* 16 bits; of header and entries, without the extended ones */
#define MP_TABLE_REVISION      6
#define MP_TABLE_OEM_ID        8  /* 8 bytes */
#define MP_TABLE_PRODUCT_ID    16 /* 12 bytes */
#define MP_TABLE_ENTRY_COUNT   34
#define MP_TABLE_LAPIC_ADDRESS 36

/* Entries: a byte of type, and a length that follows from it. */
#define MP_ENTRY_CPU             0
#define MP_ENTRY_CPU_SIZE        20
#define MP_ENTRY_CPU_APIC_ID     1
#define MP_ENTRY_CPU_FLAGS       3
#define MP_ENTRY_CPU_ENABLED     0x1
#define MP_ENTRY_CPU_BSP         0x2
#define MP_ENTRY_BUS             1
#define MP_ENTRY_BUS_ID          1
#define MP_ENTRY_BUS_NAME        2 /* 6 bytes */
#define MP_ENTRY_IOAPIC          2
#define MP_ENTRY_IOAPIC_ID       1
#define MP_ENTRY_IOAPIC_FLAGS    3
#define MP_ENTRY_IOAPIC_ENABLED  0x1
#define MP_ENTRY_IOAPIC_ADDRESS  4
#define MP_ENTRY_INTERRUPT       3
#define MP_ENTRY_LOCAL_INTERRUPT 4
#define MP_ENTRY_INT_TYPE        1
#define MP_ENTRY_INT_FLAGS       2
#define MP_ENTRY_INT_BUS         4
#define MP_ENTRY_INT_SOURCE      5
#define MP_ENTRY_INT_APIC_ID     6
#define MP_ENTRY_INT_INPUT       7
#define MP_ENTRY_SIZE            8 /* of all but the CPU's */

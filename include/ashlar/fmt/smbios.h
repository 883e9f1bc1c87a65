/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layout of SMBIOS. Offsets and not structs: structures are of any alignment, and how many of its fields one
 * has depends on its length, so each field is read by offset after a length check.
 * Source: DMTF DSP0134, "System Management BIOS (SMBIOS) Reference Specification", 3.7.0: "SMBIOS 2.1
 * (32-bit) Entry Point", "SMBIOS 3.0 (64-bit) Entry Point", "Structure definitions".
 */
#define SMBIOS_SCAN_START 0xf0000
#define SMBIOS_SCAN_END   0x100000
#define SMBIOS_SCAN_STEP  16

#define SMBIOS_ENTRY32_ANCHOR       "_SM_"
#define SMBIOS_ENTRY32_SIZE         0x1f /* 0x1e in version 2.1 of the specification */
#define SMBIOS_ENTRY32_LENGTH       0x05
#define SMBIOS_ENTRY32_MAJOR        0x06
#define SMBIOS_ENTRY32_MINOR        0x07
#define SMBIOS_ENTRY32_INNER        0x10 /* "_DMI_", with a checksum of its own */
#define SMBIOS_ENTRY32_INNER_ANCHOR "_DMI_"
#define SMBIOS_ENTRY32_INNER_SIZE   0x0f
#define SMBIOS_ENTRY32_TABLE_LENGTH 0x16
#define SMBIOS_ENTRY32_TABLE        0x18
#define SMBIOS_ENTRY32_COUNT        0x1c

#define SMBIOS_ENTRY64_ANCHOR       "_SM3_"
#define SMBIOS_ENTRY64_SIZE         0x18
#define SMBIOS_ENTRY64_LENGTH       0x06
#define SMBIOS_ENTRY64_MAJOR        0x07
#define SMBIOS_ENTRY64_MINOR        0x08
#define SMBIOS_ENTRY64_TABLE_LENGTH 0x0c /* the largest that it may be */
#define SMBIOS_ENTRY64_TABLE        0x10

/* A structure: this header, fields up to its length, then strings that each end in NUL, then a NUL. Without
   strings, two NULs. */
#define SMBIOS_HEADER_SIZE   4
#define SMBIOS_HEADER_LENGTH 1
#define SMBIOS_HEADER_HANDLE 2

#define SMBIOS_TYPE_BIOS          0
#define SMBIOS_TYPE_SYSTEM        1
#define SMBIOS_TYPE_BOARD         2
#define SMBIOS_TYPE_CHASSIS       3
#define SMBIOS_TYPE_PROCESSOR     4
#define SMBIOS_TYPE_MEMORY_ARRAY  16
#define SMBIOS_TYPE_MEMORY_DEVICE 17
#define SMBIOS_TYPE_MEMORY_RANGE  19
#define SMBIOS_TYPE_MEMORY_MAPPED 20
#define SMBIOS_TYPE_END           127

#define SMBIOS_BIOS_VENDOR    0x04
#define SMBIOS_BIOS_VERSION   0x05
#define SMBIOS_BIOS_DATE      0x08
#define SMBIOS_BIOS_ROM_SIZE  0x09
#define SMBIOS_BIOS_FLAGS     0x13
#define SMBIOS_BIOS_FLAG_UEFI (1u << 3)
#define SMBIOS_BIOS_FLAG_VM   (1u << 4)
#define SMBIOS_BIOS_ROM_LARGE 0x18 /* bits 15:14 are the unit: MiB, GiB */

#define SMBIOS_SYSTEM_MANUFACTURER 0x04
#define SMBIOS_SYSTEM_PRODUCT      0x05
#define SMBIOS_SYSTEM_VERSION      0x06
#define SMBIOS_SYSTEM_SERIAL       0x07
#define SMBIOS_SYSTEM_UUID         0x08
#define SMBIOS_SYSTEM_SKU          0x19
#define SMBIOS_SYSTEM_FAMILY       0x1a

#define SMBIOS_BOARD_MANUFACTURER 0x04
#define SMBIOS_BOARD_PRODUCT      0x05
#define SMBIOS_BOARD_VERSION      0x06
#define SMBIOS_BOARD_SERIAL       0x07

#define SMBIOS_CHASSIS_MANUFACTURER 0x04
#define SMBIOS_CHASSIS_TYPE         0x05 /* bits 6:0 */
#define SMBIOS_CHASSIS_VERSION      0x06
#define SMBIOS_CHASSIS_SERIAL       0x07

#define SMBIOS_PROCESSOR_SOCKET           0x04
#define SMBIOS_PROCESSOR_MANUFACTURER     0x07
#define SMBIOS_PROCESSOR_VERSION          0x10
#define SMBIOS_PROCESSOR_MAX_MHZ          0x14
#define SMBIOS_PROCESSOR_MHZ              0x16
#define SMBIOS_PROCESSOR_STATUS           0x18
#define SMBIOS_PROCESSOR_STATUS_POPULATED (1u << 6)
#define SMBIOS_PROCESSOR_CORES            0x23 /* 0xff: in the wide field */
#define SMBIOS_PROCESSOR_THREADS          0x25
#define SMBIOS_PROCESSOR_CORES_WIDE       0x2a
#define SMBIOS_PROCESSOR_THREADS_WIDE     0x2e

#define SMBIOS_ARRAY_USE         0x05
#define SMBIOS_ARRAY_ECC         0x06
#define SMBIOS_ARRAY_MAXIMUM     0x07 /* KiB; 0x80000000: in the wide field, in bytes */
#define SMBIOS_ARRAY_SLOTS       0x0d
#define SMBIOS_ARRAY_MAXIMUM_BIG 0x0f

#define SMBIOS_DEVICE_ARRAY          0x04 /* handle */
#define SMBIOS_DEVICE_SIZE           0x0c
#define SMBIOS_DEVICE_SIZE_UNKNOWN   0xffff
#define SMBIOS_DEVICE_SIZE_IN_BIG    0x7fff
#define SMBIOS_DEVICE_SIZE_KIB       0x8000 /* else MiB */
#define SMBIOS_DEVICE_LOCATOR        0x10
#define SMBIOS_DEVICE_BANK           0x11
#define SMBIOS_DEVICE_TYPE           0x12
#define SMBIOS_DEVICE_SPEED          0x15 /* MT/s; 0xffff: in the big field */
#define SMBIOS_DEVICE_MANUFACTURER   0x17
#define SMBIOS_DEVICE_SERIAL         0x18
#define SMBIOS_DEVICE_PART           0x1a
#define SMBIOS_DEVICE_SIZE_BIG       0x1c /* MiB, bits 30:0 */
#define SMBIOS_DEVICE_CONFIGURED     0x20
#define SMBIOS_DEVICE_SPEED_BIG      0x54
#define SMBIOS_DEVICE_CONFIGURED_BIG 0x58
#define SMBIOS_DEVICE_SPEED_IN_BIG   0xffff

#define SMBIOS_RANGE_START     0x04 /* KiB; 0xffffffff: in the big fields, in bytes */
#define SMBIOS_RANGE_LAST      0x08
#define SMBIOS_RANGE_ARRAY     0x0c
#define SMBIOS_RANGE_START_BIG 0x0f
#define SMBIOS_RANGE_LAST_BIG  0x17

/* Start and last address are where they are in a type 19. */
#define SMBIOS_MAPPED_DEVICE    0x0c /* handle */
#define SMBIOS_MAPPED_START_BIG 0x13
#define SMBIOS_MAPPED_LAST_BIG  0x1b

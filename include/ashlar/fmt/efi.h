/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layout of the EFI system table and of the configuration table that it leads to, as 64-bit and as 32-bit
 * firmware has them.
 * Source: UEFI Specification 2.10, "EFI System Table", "EFI Configuration Table & Properties Table".
 */
#define EFI_SYSTEM_SIGNATURE "IBI SYST"
#define EFI_SYSTEM_REVISION  8 /* of the specification: 2.70 is 0x00020046 */

#define EFI64_SYSTEM_SIZE         120
#define EFI64_SYSTEM_TABLE_COUNT  104
#define EFI64_SYSTEM_TABLES       112
#define EFI64_CONFIGURATION_ENTRY 24 /* a GUID and an address */

#define EFI32_SYSTEM_SIZE         72
#define EFI32_SYSTEM_TABLE_COUNT  64
#define EFI32_SYSTEM_TABLES       68
#define EFI32_CONFIGURATION_ENTRY 20

#define EFI_GUID_SIZE 16

/* As bytes in memory: the first three fields are little-endian numbers. */
#define EFI_GUID_SMBIOS                                                                                      \
    {                                                                                                        \
        0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d       \
    }
#define EFI_GUID_SMBIOS3                                                                                     \
    {                                                                                                        \
        0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a, 0x99, 0x2e, 0xe5, 0xbb, 0xcf, 0x20, 0xe3, 0x94       \
    }

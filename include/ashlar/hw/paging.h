/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Page-table bits of 4-level paging, and the page attribute table (PAT) as the kernel programs it.
 * Source: Intel SDM vol. 3A, "4-Level Paging and 5-Level Paging"; "Page Attribute Table (PAT)".
 */
#define PTE_PRESENT   (1ULL << 0)
#define PTE_WRITE     (1ULL << 1)
#define PTE_USER      (1ULL << 2)
#define PTE_PWT       (1ULL << 3)
#define PTE_PCD       (1ULL << 4)
#define PTE_ACCESSED  (1ULL << 5)
#define PTE_DIRTY     (1ULL << 6)
#define PTE_LARGE     (1ULL << 7) /* in a PDPT or PD entry: this entry maps a page */
#define PTE_PAT_4K    (1ULL << 7) /* in a PT entry: PAT index bit 2 */
#define PTE_GLOBAL    (1ULL << 8)
#define PTE_PAT_LARGE (1ULL << 12) /* in an entry that maps a large page: PAT index bit 2 */
#define PTE_NX        (1ULL << 63)

#define PTE_ADDRESS_MASK 0x000ffffffffff000ULL /* bits 12 to 51 */

#define PTE_ENTRIES    512
#define PTE_INDEX_BITS 9

/*
 * PAT entries: 0 to 3 as after reset (WB, WT, UC-, UC), so that an entry with neither PWT nor PCD
 * is write-back everywhere, also before IA32_PAT is written; entry 4 becomes write-combining.
 */
#define PAT_VALUE    0x0007040100070406ULL /* reset value 0x0007040600070406, entry 4: WB -> WC */
#define PAT_INDEX_WB 0
#define PAT_INDEX_UC 3
#define PAT_INDEX_WC 4

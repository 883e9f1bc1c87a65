/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trampoline that no CPU runs: the content of its page, and that it is freed completely.
 */
#include <ashlar/ktest.h>
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/port.h>

#include <cpu/physical.h>
#include <lib/string.h>
#include <smp/trampoline.h>
#include <vm/address_space.h>

#define INT3 0xcc

KTEST(smp, the_space_after_the_trampoline_code_is_filled_with_traps)
{
    struct trampoline made;
    uint32_t slots;
    status_t status = trampoline_make(&made, address_space(), 1, 0, &slots);
    if (status == STATUS_NO_MEMORY)
        SKIP_TEST("no memory below 640 KiB");
    ASSERT_THAT(status == STATUS_OK);
    const uint8_t *page = phys_to_pointer(made.page);
    size_t words = (size_t)(trampoline_words - trampoline_start);
    size_t end = (size_t)(trampoline_end - trampoline_start);
    EXPECT(memcmp(page, trampoline_start, words) == 0);
    EXPECT(end < TRAMPOLINE_SIZE);
    while (end < TRAMPOLINE_SIZE && page[end] == INT3)
        end++;
    EXPECT(end == TRAMPOLINE_SIZE);
    trampoline_free(&made);
}

KTEST(smp, a_trampoline_is_freed_whole)
{
    struct trampoline made;
    uint32_t slots;
    uint64_t taken = trampoline_frames(), free = buddy_free_frames();
    status_t status = trampoline_make(&made, address_space(), 1, 0, &slots);
    if (status == STATUS_NO_MEMORY)
        SKIP_TEST("no memory below 640 KiB");
    ASSERT_THAT(status == STATUS_OK);
    EXPECT(slots >= 1);
    EXPECT(trampoline_frames() > taken);
    EXPECT(buddy_free_frames() == free - (trampoline_frames() - taken));
    trampoline_free(&made);
    EXPECT(trampoline_frames() == taken);
    EXPECT(buddy_free_frames() == free);
}

/* Another CPU may be going offline, or walk page tables without their lock. */
KTEST(smp, a_trampoline_is_freed_whole_also_while_table_freeing_is_blocked)
{
    struct trampoline made;
    uint32_t slots;
    uint64_t taken = trampoline_frames(), free = buddy_free_frames();
    status_t status = trampoline_make(&made, address_space(), 1, 0, &slots);
    if (status == STATUS_NO_MEMORY)
        SKIP_TEST("no memory below 640 KiB");
    ASSERT_THAT(status == STATUS_OK);
    port_block_table_freeing();
    trampoline_free(&made);
    port_unblock_table_freeing();
    EXPECT(trampoline_frames() == taken);
    EXPECT(buddy_free_frames() == free);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64/trap/restart.c: where an interrupt that broke a sequence returns to, and what a checked build
 * asserts of the table of sequences.
 */
#include "expect_death.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its table is broken on purpose, and is private. */
#include <trap/restart.c>

/* kernel64.ld's symbols: a table of three, and a page of code. */
__asm__(".pushsection .data\n"
        "    .balign 8\n"
        "    .globl __restarts_start, __restarts_end, __text_start, __text_end\n"
        "__restarts_start: .fill 6, 8, 0\n"
        "__restarts_end:\n"
        "__text_start: .fill 4096\n"
        "__text_end:\n"
        ".popsection\n");

static uint64_t code(unsigned int offset)
{
    return (uintptr_t)__text_start + offset;
}

/* As the linker collects them: in no order. */
static int three_sequences(void **state)
{
    (void)state;
    __restarts_start[0] = (struct sequence){ code(0x800), code(0x810) };
    __restarts_start[1] = (struct sequence){ code(0x10), code(0x24) };
    __restarts_start[2] = (struct sequence){ code(0x25), code(0x30) };
    return 0;
}

static uint64_t return_of(uint64_t rip)
{
    struct trap_frame frame = { .rip = rip };
    restart_apply(&frame);
    return frame.rip;
}

static void an_interrupt_in_a_sequence_returns_to_its_first_instruction(void **state)
{
    (void)state;
    restart_init();
    for (unsigned int offset = 0; offset < 4096; offset++) {
        uint64_t expected = code(offset);
        for (unsigned int i = 0; i < 3; i++)
            if (code(offset) > __restarts_start[i].first && code(offset) <= __restarts_start[i].commit)
                expected = __restarts_start[i].first;
        assert_int_equal(return_of(code(offset)), expected);
    }
    assert_int_equal(return_of(code(0x24)), code(0x10));
    assert_int_equal(return_of(code(0x25)), code(0x25));
}

static void sequence_has_no_instruction(void)
{
    __restarts_start[1].commit = __restarts_start[1].first;
    restart_init();
}

static void sequences_overlap(void)
{
    __restarts_start[1].commit = __restarts_start[2].first;
    restart_init();
}

static void sequence_is_in_the_table_twice(void)
{
    __restarts_start[2] = __restarts_start[1];
    restart_init();
}

static void sequence_is_below_the_code(void)
{
    __restarts_start[1].first = code(0) - 1;
    restart_init();
}

static void sequence_ends_after_the_code(void)
{
    __restarts_start[0].commit = code(4096);
    restart_init();
}

static void sequences_change_after_they_were_mapped(void)
{
    restart_init();
    restart_highest = UINT64_MAX;
    (void)return_of(code(0) + (2 * BLOCKS << BLOCK_SHIFT_MIN));
}

static void broken_tables_are_noticed(void **state)
{
    (void)state;
    expect_death(sequence_has_no_instruction, "restart: a sequence has instructions before its commit");
    expect_death(sequences_overlap, "restart: sequences ascend");
    expect_death(sequence_is_in_the_table_twice, "restart: sequences ascend");
    expect_death(sequence_is_below_the_code, "restart: a sequence is code of the kernel");
    expect_death(sequence_ends_after_the_code, "restart: a sequence is code of the kernel");
    expect_death(sequences_change_after_they_were_mapped, "restart: RIP is in the map of the code");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_interrupt_in_a_sequence_returns_to_its_first_instruction, three_sequences),
        cmocka_unit_test_setup(broken_tables_are_noticed, three_sequences),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

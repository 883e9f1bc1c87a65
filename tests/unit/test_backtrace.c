/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces over stacks made up here: sound ones, cut ones, and ones that lead astray.
 */
#include "expect_death.h"

#include <stdio.h>

#include <log/print.h>
#include <panic/backtrace.h>
#include <panic/stacks.h>
#include <panic/symbols.h>

#define WORDS 4096

/* Two stacks, and memory between them that is neither. Words are numbered from the bottom. */
static uint64_t first[WORDS] ALIGNED(16), second[WORDS] ALIGNED(16);
static uint64_t elsewhere[16];

static struct stack stacks[] = { { .name = "first" }, { .name = "second" } };

static char printed[8192];

/* Two functions of 0x100 bytes: inner at 0x1000, outer at 0x1100. */
const char *symbol_find(virt_t virt, uint64_t *offset, uint64_t *size_bytes)
{
    uint64_t address = virt.raw;
    if (address < 0x1000 || address >= 0x1200)
        return NULL;
    if (offset)
        *offset = address & 0xff;
    if (size_bytes)
        *size_bytes = 0x100;
    return address < 0x1100 ? "inner" : "outer";
}

void print(const char *format, ...)
{
    size_t length = strlen(printed);
    va_list arguments;

    va_start(arguments, format);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vsnprintf(printed + length, sizeof(printed) - length, format, arguments);
#pragma GCC diagnostic pop
    va_end(arguments);
}

static uint64_t address_of(const uint64_t *word)
{
    return (uintptr_t)word;
}

static void put_frame(uint64_t *frame, uint64_t caller_frame, uint64_t return_address)
{
    frame[0] = caller_frame;
    frame[1] = return_address;
}

static void assert_ends_at(struct backtrace *walk, uint64_t frame)
{
    virt_t address;

    assert_false(backtrace_next(walk, &address));
    assert_int_equal(walk->frame.raw, frame);
}

static void assert_step(struct backtrace *walk, uint64_t expected)
{
    virt_t address = virt(0);

    assert_true(backtrace_next(walk, &address));
    assert_int_equal(address.raw, expected);
}

static void a_chain_gives_its_return_addresses_in_order(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&first[10], address_of(&first[20]), 0x1010);
    put_frame(&first[20], address_of(&first[40]), 0x1110);
    put_frame(&first[40], 0, 0x1120);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    assert_step(&walk, 0x1010);
    assert_step(&walk, 0x1110);
    assert_step(&walk, 0x1120);
    assert_ends_at(&walk, 0);
}

static void a_frame_outside_every_stack_is_not_read(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&elsewhere[0], 0, 0x1010);
    backtrace_begin(&walk, virt(address_of(&elsewhere[0])));
    assert_ends_at(&walk, address_of(&elsewhere[0]));

    put_frame(&first[10], 0xdead0000, 0x1010);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    assert_step(&walk, 0x1010);
    assert_ends_at(&walk, 0xdead0000);
}

static void a_frame_that_half_leaves_its_stack_is_not_read(void **state)
{
    struct backtrace walk;
    uint64_t last_word = address_of(&first[WORDS - 1]);

    (void)state;
    backtrace_begin(&walk, virt(last_word));
    assert_ends_at(&walk, last_word);
    backtrace_begin(&walk, virt(last_word - 1));
    assert_ends_at(&walk, last_word - 1);
    backtrace_begin(&walk, virt(address_of(first) - 8));
    assert_ends_at(&walk, address_of(first) - 8);
}

static void a_loop_of_frames_ends_the_walk(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&first[10], address_of(&first[20]), 0x1010);
    put_frame(&first[20], address_of(&first[10]), 0x1110);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    assert_step(&walk, 0x1010);
    assert_step(&walk, 0x1110);
    assert_ends_at(&walk, address_of(&first[10]));

    put_frame(&first[30], address_of(&first[30]), 0x1010);
    backtrace_begin(&walk, virt(address_of(&first[30])));
    assert_step(&walk, 0x1010);
    assert_ends_at(&walk, address_of(&first[30]));
}

static void frames_that_overlap_end_the_walk(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&first[10], address_of(&first[11]), 0x1010);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    assert_step(&walk, 0x1010);
    assert_ends_at(&walk, address_of(&first[11]));
}

static void an_unaligned_frame_ends_the_walk(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&first[10], address_of(&first[20]) + 4, 0x1010);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    assert_step(&walk, 0x1010);
    assert_ends_at(&walk, address_of(&first[20]) + 4);
}

static void a_walk_continues_from_an_exception_stack_to_the_interrupted_one(void **state)
{
    struct backtrace walk;

    (void)state;
    put_frame(&second[100], address_of(&first[10]), 0x1010);
    put_frame(&first[10], 0, 0x1110);
    backtrace_begin(&walk, virt(address_of(&second[100])));
    assert_step(&walk, 0x1010);
    assert_step(&walk, 0x1110);
    assert_ends_at(&walk, 0);
}

static void a_loop_across_two_stacks_ends_the_walk(void **state)
{
    struct backtrace walk;
    virt_t address;
    unsigned int steps = 0;

    (void)state;
    put_frame(&first[10], address_of(&second[10]), 0x1010);
    put_frame(&second[10], address_of(&first[10]), 0x1110);
    backtrace_begin(&walk, virt(address_of(&first[10])));
    while (backtrace_next(&walk, &address) && steps < 100)
        steps++;
    assert_true(steps < 10);
    assert_int_not_equal(walk.frame.raw, 0);
}

static void print_names_the_calling_function_and_not_the_one_after_it(void **state)
{
    (void)state;
    printed[0] = '\0';
    /* 0x1100 is outer's first byte, but a call that ends inner returns there. */
    put_frame(&first[10], 0, 0x1100);
    backtrace_print_interrupted(virt(0x1020), virt(0), virt(address_of(&first[10])));
    assert_string_equal(printed, "  backtrace:\n"
                                 "    0000000000001020 inner+0x20/0x100\n"
                                 "    0000000000001100 inner+0x100/0x100\n");
}

static void print_marks_a_code_address_at_rsp_as_a_guess(void **state)
{
    (void)state;
    put_frame(&first[10], 0, 0x1110);
    first[5] = 0x1030;
    first[6] = 0x3000;
    printed[0] = '\0';
    backtrace_print_interrupted(virt(0x1020), virt(address_of(&first[5])), virt(address_of(&first[10])));
    assert_non_null(strstr(printed, "    0000000000001030 inner+0x30/0x100 ?\n"));
    printed[0] = '\0';
    backtrace_print_interrupted(virt(0x1020), virt(address_of(&first[6])), virt(address_of(&first[10])));
    assert_null(strstr(printed, "?"));
    printed[0] = '\0';
    backtrace_print_interrupted(virt(0x1020), virt(address_of(&first[5]) + 1), virt(address_of(&first[10])));
    assert_null(strstr(printed, "?"));
}

static void print_folds_recursion_and_reports_why_a_walk_ended(void **state)
{
    (void)state;
    printed[0] = '\0';
    for (unsigned int i = 0; i < 100; i++)
        put_frame(&first[10 + 4 * i], address_of(&first[14 + 4 * i]), 0x1050);
    put_frame(&first[410], 0xbad, 0x1150);
    backtrace_print(virt(address_of(&first[10])));
    assert_string_equal(printed, "  backtrace:\n"
                                 "    0000000000001050 inner+0x50/0x100, 100 times\n"
                                 "    0000000000001150 outer+0x50/0x100\n"
                                 "    end: frame pointer 0000000000000bad is not valid\n");
}

static void print_limits_the_number_of_frames(void **state)
{
    unsigned int lines = 0;

    (void)state;
    printed[0] = '\0';
    for (unsigned int i = 0; i < 200; i++)
        put_frame(&first[10 + 4 * i], address_of(&first[14 + 4 * i]), 0x1010 + i % 2);
    put_frame(&first[810], 0, 0x1150);
    backtrace_print(virt(address_of(&first[10])));
    for (const char *c = printed; *c; c++)
        lines += *c == '\n';
    assert_true(lines < 60);
    assert_non_null(strstr(printed, "(truncated)"));
}

static void the_guard_page_is_right_below_its_stack(void **state)
{
    uint64_t bottom = address_of(first);

    (void)state;
    assert_string_equal(stacks_find(virt(bottom))->name, "first");
    assert_null(stacks_find_guard(virt(bottom)));
    assert_string_equal(stacks_find_guard(virt(bottom - 1))->name, "first");
    assert_string_equal(stacks_find_guard(virt(bottom - 4096))->name, "first");
    assert_ptr_not_equal(stacks_find(virt(bottom + sizeof(first))), stacks_find(virt(bottom)));
}

static void stack_is_registered_twice(void)
{
    stacks_add(&stacks[0]);
}

static void a_stack_is_registered_once(void **state)
{
    (void)state;
    expect_death(stack_is_registered_twice, "panic: a stack is registered once");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_gives_its_return_addresses_in_order),
        cmocka_unit_test(a_frame_outside_every_stack_is_not_read),
        cmocka_unit_test(a_frame_that_half_leaves_its_stack_is_not_read),
        cmocka_unit_test(a_loop_of_frames_ends_the_walk),
        cmocka_unit_test(frames_that_overlap_end_the_walk),
        cmocka_unit_test(an_unaligned_frame_ends_the_walk),
        cmocka_unit_test(a_walk_continues_from_an_exception_stack_to_the_interrupted_one),
        cmocka_unit_test(a_loop_across_two_stacks_ends_the_walk),
        cmocka_unit_test(print_names_the_calling_function_and_not_the_one_after_it),
        cmocka_unit_test(print_marks_a_code_address_at_rsp_as_a_guess),
        cmocka_unit_test(print_folds_recursion_and_reports_why_a_walk_ended),
        cmocka_unit_test(print_limits_the_number_of_frames),
        cmocka_unit_test(the_guard_page_is_right_below_its_stack),
        cmocka_unit_test(a_stack_is_registered_once),
    };

    stacks[0].bottom = virt(address_of(first));
    stacks[0].top = virt_add(stacks[0].bottom, sizeof(first));
    stacks[1].bottom = virt(address_of(second));
    stacks[1].top = virt_add(stacks[1].bottom, sizeof(second));
    stacks_add(&stacks[0]);
    stacks_add(&stacks[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

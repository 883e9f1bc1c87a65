/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Backtraces and symbols of the running kernel itself.
 */
#include <ashlar/ktest.h>
#include <cpu/stack_protector.h>
#include <trap/traps.h>
#include <panic/backtrace.h>
#include <panic/symbols.h>
#include <lib/string.h>

#define DEPTH 3

static const char *callers[DEPTH];

/* Each uses the result of its call, so that no call becomes a jump. */
static NOINLINE int chain_inner(int value)
{
    struct backtrace walk;
    virt_t address;

    backtrace_begin(&walk, virt_of(__builtin_frame_address(0)));
    for (unsigned int i = 0; i < DEPTH && backtrace_next(&walk, &address); i++)
        callers[i] = symbol_find(virt_sub(address, 1), NULL, NULL);
    __asm__ volatile("" : "+r"(value));
    return value;
}

static NOINLINE int chain_middle(int value)
{
    value = chain_inner(value);
    __asm__ volatile("" : "+r"(value));
    return value;
}

static NOINLINE int chain_outer(int value)
{
    value = chain_middle(value);
    __asm__ volatile("" : "+r"(value));
    return value;
}

static bool is_name(const char *name, const char *expected)
{
    return name && strncmp(name, expected, strlen(expected)) == 0;
}

KTEST(backtrace, names_its_callers_in_order)
{
    memset(callers, 0, sizeof(callers));
    (void)chain_outer(1);
    /* The names may have a suffix of the compiler's, such as ".constprop.0". */
    EXPECT(is_name(callers[0], "chain_middle"));
    EXPECT(is_name(callers[1], "chain_outer"));
    EXPECT(is_name(callers[2], "ktest_backtrace_names_its_callers_in_order"));
}

/* Walks outwards until kernel64_entry; returns whether it got there. */
static bool reaches_the_entry(virt_t frame_pointer)
{
    struct backtrace walk;
    virt_t address;
    bool has_reached = false;

    backtrace_begin(&walk, frame_pointer);
    while (backtrace_next(&walk, &address))
        has_reached = is_name(symbol_find(virt_sub(address, 1), NULL, NULL), "kernel64_entry");
    return has_reached && walk.frame.raw == 0;
}

KTEST(backtrace, walks_back_to_the_first_instruction)
{
    EXPECT(reaches_the_entry(virt_of(__builtin_frame_address(0))));
}

static bool handler_reached_entry, handler_saw_interrupted;

static void walk_in_handler(struct trap_frame *frame)
{
    struct backtrace walk;
    virt_t address;

    handler_reached_entry = reaches_the_entry(virt_of(__builtin_frame_address(0)));
    backtrace_begin(&walk, virt_of(__builtin_frame_address(0)));
    while (backtrace_next(&walk, &address)) {
        if (address.raw == frame->rip)
            handler_saw_interrupted = true;
    }
}

KTEST(backtrace, crosses_an_interrupt)
{
    if (traps_handler(0xef))
        SKIP_TEST("vector 0xef is in use");
    handler_reached_entry = handler_saw_interrupted = false;
    traps_set_handler(0xef, walk_in_handler);
    __asm__ volatile("int $0xef");
    traps_set_handler(0xef, NULL);
    EXPECT(handler_reached_entry);
    EXPECT(handler_saw_interrupted);
}

KTEST(symbols, contain_the_lookup_function)
{
    uint64_t offset, size;
    virt_t address = virt((uintptr_t)symbol_find);

    EXPECT(is_name(symbol_find(address, &offset, &size), "symbol_find"));
    EXPECT(offset == 0);
    EXPECT(is_name(symbol_find(virt_add(address, size - 1), &offset, NULL), "symbol_find"));
    EXPECT(offset == size - 1);
    EXPECT(!is_name(symbol_find(virt_add(address, size), NULL, NULL), "symbol_find"));
}

KTEST(symbols, do_not_name_addresses_outside_code)
{
    static int data;

    EXPECT(symbol_find(virt(0), NULL, NULL) == NULL);
    EXPECT(symbol_find(virt_of(&data), NULL, NULL) == NULL);
    EXPECT(symbol_find(virt(UINT64_MAX), NULL, NULL) == NULL);
}

extern uintptr_t __stack_chk_guard;

KTEST(stack_protector, guard_is_random_from_the_start)
{
    /* As linked: the value of a guard that was not set. */
    EXPECT(__stack_chk_guard != STACK_GUARD_AS_LINKED);
    EXPECT((__stack_chk_guard & 0xff) == 0);
    EXPECT((__stack_chk_guard >> 8) != 0);
}

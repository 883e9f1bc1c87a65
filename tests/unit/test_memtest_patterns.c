/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which faults each pattern of the memory test finds, on a memory that has one: docs/memtest.md has the same
 * table.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <memtest/pattern.h>
#include <memtest/sweep.h>

#include "faulty_memory.h"

#define ADDRESS 0x123456000 /* physical, of the first word */
#define SEED    20

static struct {
    uint64_t count;
    uint64_t address, expected, found; /* of the first */
} errors;

static void note(void *context, phys_t address, uint64_t expected, uint64_t found)
{
    (void)context;
    assert_int_not_equal(expected, found);
    if (errors.count++ == 0)
        errors.address = address.raw, errors.expected = expected, errors.found = found;
}

/* In pieces of pages, down when the action goes down: any cut must do. */
static void do_step(const struct memtest_step *step, uint64_t piece_words)
{
    bool is_down = step->action == MEMTEST_INVERT_DOWN;
    if (memtest_action_size(step->action) != MEMTEST_ANY)
        piece_words = FAULTY_WORDS;
    for (uint64_t done = 0; done < FAULTY_WORDS; done += piece_words) {
        uint64_t at = is_down ? FAULTY_WORDS - piece_words - done : done;
        struct memtest_piece piece = { faulty_words() + at, piece_words, phys(ADDRESS + at * 8) };
        memtest_sweep(step, &piece, note, NULL);
    }
}

/* Return: the errors. */
static uint64_t run(unsigned int pattern, const struct fault *fault, uint64_t piece_words)
{
    faulty_plant(fault);
    errors.count = 0;
    for (unsigned int i = 0; i < memtest_pattern_steps(pattern); i++) {
        struct memtest_step step = memtest_pattern_step(pattern, i, SEED);
        if (step.action == MEMTEST_WAIT)
            faulty_wait();
        else
            do_step(&step, piece_words);
    }
    return errors.count;
}

static unsigned int find(const char *name)
{
    unsigned int pattern = 0;
    while (strcmp(memtest_pattern_name(pattern), name) != 0)
        pattern++;
    return pattern;
}

/* ---- what finds what ---- */

enum found { NONE, SOME, ALL };

#define BITS_STEP 13

/* Faults of a kind, all over the memory: bits of some words, and each line of the address. */
static bool next_fault(enum fault_kind kind, unsigned int index, struct fault *fault)
{
    static const uint64_t words[] = { 1, 1003, FAULTY_WORDS - 1 };
    /* Of coupling: words before and after it, near and far, in its line and not. */
    static const int64_t by[] = { -1, 1, 3, -8, 64, 700, -1000, 1024 };
    *fault = (struct fault){ .kind = kind };
    if (kind == FAULT_ADDRESS) {
        fault->bit = index;
        return index < 11;
    }
    unsigned int bit_index = index / 2 % 5, word_index = index / 10;
    fault->value = index % 2;
    fault->bit = bit_index * BITS_STEP;
    if (kind == FAULT_COUPLING) {
        fault->word = 1003;
        if (word_index >= ARRAY_LEN(by))
            return false;
        fault->by_word = (uint64_t)((int64_t)fault->word + by[word_index]) % FAULTY_WORDS;
        fault->by_bit = (fault->bit + index) % 64;
        return true;
    }
    if (word_index >= ARRAY_LEN(words))
        return false;
    fault->word = words[word_index];
    return true;
}

static enum found judge(unsigned int pattern, enum fault_kind kind)
{
    struct fault fault;
    unsigned int found = 0, count = 0;
    for (; next_fault(kind, count, &fault); count++)
        found += run(pattern, &fault, 512) > 0;
    return found == 0 ? NONE : found == count ? ALL : SOME;
}

static void each_pattern_finds_the_kinds_of_faults_it_is_for(void **state)
{
    static const struct {
        const char *name;
        enum found found[FAULT_KINDS];
    } table[MEMTEST_PATTERNS] = {
        /*                     none  stuck  coupling  address  retention */
        { "walk", { NONE, SOME, NONE, ALL, NONE } },      { "address", { NONE, ALL, SOME, ALL, NONE } },
        { "inversions", { NONE, ALL, ALL, SOME, NONE } }, { "bytes", { NONE, ALL, ALL, SOME, NONE } },
        { "random", { NONE, ALL, ALL, SOME, NONE } },     { "shift", { NONE, ALL, ALL, ALL, NONE } },
        { "move", { NONE, ALL, SOME, SOME, NONE } },      { "sequence", { NONE, ALL, SOME, ALL, NONE } },
        { "modulo", { NONE, ALL, SOME, ALL, NONE } },     { "fade", { NONE, ALL, SOME, NONE, ALL } },
    };
    static const char *const kinds[] = { "no", "stuck-at", "coupling", "address", "retention" };
    bool is_right = true;
    (void)state;
    for (unsigned int i = 0; i < MEMTEST_PATTERNS; i++) {
        assert_string_equal(table[i].name, memtest_pattern_name(i));
        for (enum fault_kind kind = FAULT_NONE + 1; kind < FAULT_KINDS; kind++) {
            enum found found = judge(i, kind);
            if (found != table[i].found[kind])
                printf("%s finds %s of the %s faults\n", table[i].name,
                       found == ALL    ? "all"
                       : found == SOME ? "some"
                                       : "none",
                       kinds[kind]);
            is_right &= found == table[i].found[kind];
        }
    }
    assert_true(is_right);
}

static void good_memory_has_no_errors_however_it_is_cut(void **state)
{
    static const uint64_t pieces[] = { 512, 1024, FAULTY_WORDS };
    struct fault none = { .kind = FAULT_NONE };
    (void)state;
    for (unsigned int pattern = 0; pattern < MEMTEST_PATTERNS; pattern++)
        for (size_t i = 0; i < ARRAY_LEN(pieces); i++)
            assert_int_equal(run(pattern, &none, pieces[i]), 0);
}

/* Data depend on the address, so a step may be cut otherwise than the step before it. */
static void steps_of_a_pattern_may_be_cut_differently(void **state)
{
    struct fault none = { .kind = FAULT_NONE };
    (void)state;
    for (unsigned int pattern = 0; pattern < MEMTEST_PATTERNS; pattern++) {
        faulty_plant(&none);
        errors.count = 0;
        for (unsigned int i = 0; i < memtest_pattern_steps(pattern); i++) {
            struct memtest_step step = memtest_pattern_step(pattern, i, SEED);
            if (step.action != MEMTEST_WAIT)
                do_step(&step, i % 2 ? 512 : 1024);
        }
        assert_int_equal(errors.count, 0);
    }
}

static void an_error_has_the_word_s_address_and_what_was_expected_and_found(void **state)
{
    struct fault fault = { .kind = FAULT_STUCK, .word = 2043, .bit = 37, .value = 1 };
    (void)state;
    assert_true(run(find("inversions"), &fault, 512) > 0);
    assert_int_equal(errors.address, ADDRESS + 2043 * 8);
    assert_int_equal(errors.expected, 0);
    assert_int_equal(errors.found, UINT64_C(1) << 37);
}

/* ---- the steps ---- */

static void each_word_is_read_and_written_as_often_as_the_traffic_says(void **state)
{
    struct fault none = { .kind = FAULT_NONE };
    (void)state;
    for (unsigned int pattern = 0; pattern < MEMTEST_PATTERNS; pattern++) {
        for (unsigned int i = 0; i < memtest_pattern_steps(pattern); i++) {
            struct memtest_step step = memtest_pattern_step(pattern, i, SEED);
            if (step.action == MEMTEST_WAIT || step.action == MEMTEST_WALK)
                continue;
            faulty_plant(&none);
            do_step(&step, 512);
            uint64_t traffic = faulty_reads() + faulty_writes();
            uint64_t expected = FAULTY_WORDS / 20 * memtest_action_traffic(step.action);
            assert_in_range(traffic, expected - 20, expected + 50);
        }
    }
}

static void every_bit_is_written_as_0_and_as_1_and_read(void **state)
{
    (void)state;
    for (unsigned int pattern = find("inversions"); pattern < MEMTEST_PATTERNS; pattern++) {
        for (unsigned int bit = 0; bit < 64; bit++) {
            for (unsigned int value = 0; value < 2; value++) {
                struct fault fault = { .kind = FAULT_STUCK, .word = 77, .bit = bit, .value = value };
                if (run(pattern, &fault, 512) == 0)
                    fail_msg("%s does not find bit %u stuck at %u", memtest_pattern_name(pattern), bit,
                             value);
            }
        }
    }
}

static void another_seed_gives_other_random_words(void **state)
{
    unsigned int pattern = find("random");
    (void)state;
    uint64_t first = memtest_pattern_step(pattern, 0, 1).value;
    assert_int_not_equal(first, memtest_pattern_step(pattern, 0, 2).value);
    assert_int_equal(first, memtest_pattern_step(pattern, 5, 1).value);
    assert_int_not_equal(first, memtest_pattern_step(pattern, 6, 1).value);
}

static void there_is_no_pattern_after_the_last(void **state)
{
    (void)state;
    assert_null(memtest_pattern_name(MEMTEST_PATTERNS));
    assert_null(memtest_pattern_words(MEMTEST_PATTERNS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pattern_finds_the_kinds_of_faults_it_is_for),
        cmocka_unit_test(good_memory_has_no_errors_however_it_is_cut),
        cmocka_unit_test(steps_of_a_pattern_may_be_cut_differently),
        cmocka_unit_test(an_error_has_the_word_s_address_and_what_was_expected_and_found),
        cmocka_unit_test(each_word_is_read_and_written_as_often_as_the_traffic_says),
        cmocka_unit_test(every_bit_is_written_as_0_and_as_1_and_read),
        cmocka_unit_test(another_seed_gives_other_random_words),
        cmocka_unit_test(there_is_no_pattern_after_the_last),
    };
    return cmocka_run_group_tests_name("memtest_patterns", tests, NULL, NULL);
}

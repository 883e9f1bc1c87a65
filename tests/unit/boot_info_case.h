/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Shared by the tests of both loaders' boot information: the resulting description, the reported faults,
 * and comparisons. One test program has one.
 */
#include <ashlar/bits.h>
#include <boot/boot_info.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
// clang-format off
#include <cmocka.h>
// clang-format on

static struct boot_info info;
static unsigned int complaints;
static uint64_t last_number;

static void note_complaint(const char *sentence, uint64_t number)
{
    assert_true(sentence[0] != '\0');
    complaints++;
    last_number = number;
}

static UNUSED void assert_text(struct bytes text, const char *wanted)
{
    assert_non_null(text.data);
    assert_int_equal(text.size_bytes, strlen(wanted));
    assert_string_equal((const char *)text.data, wanted);
}

static UNUSED void assert_absent(struct bytes bytes)
{
    assert_null(bytes.data);
    assert_int_equal(bytes.size_bytes, 0);
}

/* @next: boot_info_next_map_entry or boot_info_next_reservation; must return @wanted, and then no more. */
static UNUSED void expect_entries(bool (*next)(const struct boot_info *, size_t *, struct memmap_entry *),
                                  const struct memmap_entry *wanted, size_t count)
{
    size_t cursor = 0;
    struct memmap_entry entry;
    for (size_t i = 0; i < count; i++) {
        assert_true(next(&info, &cursor, &entry));
        assert_int_equal(entry.start, wanted[i].start);
        assert_int_equal(entry.end, wanted[i].end);
        assert_int_equal(entry.kind, wanted[i].kind);
        assert_int_equal(entry.source_type, wanted[i].source_type);
    }
    assert_false(next(&info, &cursor, &entry));
    assert_false(next(&info, &cursor, &entry));
}

#define EXPECT_CLAIMS(...)                                                                                   \
    do {                                                                                                     \
        const struct memmap_entry wanted[] = { __VA_ARGS__ };                                                \
        expect_entries(boot_info_next_map_entry, wanted, ARRAY_LEN(wanted));                                 \
    } while (0)

#define TEST(claim) cmocka_unit_test_setup_teardown(claim, start, finish)

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information with more in it than any machine has: it is refused at once, and before it costs
 * time.
 */
#include <boot/mb2_parse.h>
#include <boot/pvh_parse.h>

#include "boot_info_case.h"

#include <ashlar/fmt/multiboot2.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *data;
static size_t size_bytes;

static int start(void **state)
{
    (void)state;
    complaints = 0;
    size_bytes = sizeof(struct mb2_info);
    data = calloc(1, 64u << 20);
    return data == NULL;
}

static int finish(void **state)
{
    (void)state;
    free(data);
    return 0;
}

/* Adds @count tags of @tag_bytes, a multiple of 8; all zero after the head. */
static void add(uint32_t count, uint32_t type, uint32_t tag_bytes)
{
    const struct mb2_tag tag = { type, tag_bytes };
    for (; count > 0; count--, size_bytes += tag_bytes)
        memcpy(data + size_bytes, &tag, sizeof(tag));
}

static status_t parse(void)
{
    add(1, MB2_TAG_END, sizeof(struct mb2_tag));
    const struct mb2_info head = { .total_size = (uint32_t)size_bytes };
    memcpy(data, &head, sizeof(head));
    return mb2_parse(data, size_bytes, phys(0x12345000), note_complaint, &info);
}

static void the_maximum_number_of_modules_is_read(void **state)
{
    (void)state;
    add(BOOT_ENTRIES_MAX, MB2_TAG_MODULE, 24);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(complaints, 0);
    assert_int_equal(info.module_count, BOOT_ENTRIES_MAX);
}

static void a_million_modules_are_refused_at_once(void **state)
{
    (void)state;
    add(1000000, MB2_TAG_MODULE, 24);
    assert_int_equal(parse(), STATUS_TOO_BIG);
    assert_int_equal(complaints, 1);
    assert_int_equal(info.module_count, BOOT_ENTRIES_MAX + 1);
}

/* Each of them is out of order as well: there is an end to complaints, too. */
static void a_million_repeated_tags_are_refused_at_once(void **state)
{
    (void)state;
    add(1000000, MB2_TAG_LOAD_BASE, 16);
    assert_int_equal(parse(), STATUS_TOO_BIG);
    assert_in_range(complaints, 1, BOOT_TAGS_MAX + 1);
}

static void a_million_unknown_tags_are_refused_at_once(void **state)
{
    (void)state;
    add(1000000, 99, 8);
    assert_int_equal(parse(), STATUS_TOO_BIG);
    assert_int_equal(complaints, 1);
}

static void a_map_of_a_million_entries_is_refused_at_once(void **state)
{
    static const struct {
        uint32_t type, stride;
    } maps[] = { { MB2_TAG_MEMORY_MAP, 24 }, { MB2_TAG_EFI_MEMORY_MAP, 48 } };
    for (size_t i = 0; i < ARRAY_LEN(maps); i++)
        for (uint32_t count = BOOT_ENTRIES_MAX; count <= 1000000; count += 1000000 - BOOT_ENTRIES_MAX) {
            finish(state);
            start(state);
            /* Stride and version are the two words after the head, in both. */
            const uint32_t fields[] = { maps[i].stride, maps[i].type == MB2_TAG_MEMORY_MAP ? 0 : 1 };
            memcpy(data + size_bytes + sizeof(struct mb2_tag), fields, sizeof(fields));
            add(1, maps[i].type, 16 + count * maps[i].stride);
            assert_int_equal(parse(), count == BOOT_ENTRIES_MAX ? STATUS_OK : STATUS_TOO_BIG);
            assert_int_equal(complaints, count != BOOT_ENTRIES_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_maximum_number_of_modules_is_read, start, finish),
        cmocka_unit_test_setup_teardown(a_million_modules_are_refused_at_once, start, finish),
        cmocka_unit_test_setup_teardown(a_million_repeated_tags_are_refused_at_once, start, finish),
        cmocka_unit_test_setup_teardown(a_million_unknown_tags_are_refused_at_once, start, finish),
        cmocka_unit_test_setup_teardown(a_map_of_a_million_entries_is_refused_at_once, start, finish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information with wrong lengths, at which a tag walker could run past the end or never reach
 * it.
 */
#include "mb2_case.h"

static void a_tag_that_reaches_beyond_the_structure_ends_the_walk(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "before");
    size_t offset = b.size;
    build_tag_sized(&b, MB2_TAG_COMMAND_LINE, 4000, "x", 2);
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(last_number, offset);
    assert_text(info.loader_name, "before");
    assert_absent(info.command_line);
}

static void a_tag_of_size_0_does_not_hang_the_walk(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "before");
    for (uint32_t size = 0; size < 8; size++) {
        struct builder saved = b;
        complaints = 0;
        build_tag_sized(&b, MB2_TAG_COMMAND_LINE, size, "x", 2);
        parse();
        assert_int_equal(complaints, 1);
        assert_text(info.loader_name, "before");
        free(b.allocation);
        b = saved;
    }
}

static void a_size_near_4_gib_does_not_wrap(void **state)
{
    (void)state;
    const uint32_t sizes[] = { 0xffffffff, 0xfffffff8, 0xfffffff9, 0x80000000 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct builder saved = b;
        complaints = 0;
        build_tag_sized(&b, MB2_TAG_COMMAND_LINE, sizes[i], "x", 2);
        parse();
        assert_int_equal(complaints, 1);
        free(b.allocation);
        b = saved;
    }
}

static void every_tag_may_be_truncated_at_every_length(void **state)
{
    (void)state;
    uint8_t content[1024];
    memset(content, 0xff, sizeof(content));
    memcpy(content, "RSD PTR ", 8);
    for (uint32_t type = 1; type < 24; type++) {
        for (size_t size = 0; size < 820; size += size < 80 ? 1 : 37) {
            build_start(&b);
            complaints = 0;
            build_tag(&b, type, content, size);
            parse();
            struct memmap_entry entry;
            struct boot_module module;
            for (size_t cursor = 0; boot_info_next_map_entry(&info, &cursor, &entry);)
                assert_true(entry.start < entry.end);
            for (size_t cursor = 0; boot_info_next_module(&info, &cursor, &module);)
                assert_true(module.start.raw <= module.end.raw);
            for (size_t cursor = 0; boot_info_next_reservation(&info, &cursor, &entry);)
                assert_true(entry.start < entry.end);
            free(b.allocation);
            b.allocation = NULL;
        }
    }
}

static void a_tag_too_short_for_its_fields_is_ignored_and_its_type_reported(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, minimum;
    } tags[] = {
        { 3, 16 },  { 4, 16 },  { 6, 16 },  { 8, 32 },  { 11, 12 }, { 12, 16 },
        { 13, 16 }, { 14, 28 }, { 15, 44 }, { 17, 16 }, { 19, 12 }, { 20, 16 },
    };
    uint8_t content[1024] = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        build_start(&b);
        complaints = 0;
        build_tag(&b, tags[i].type, content, tags[i].minimum - 8 - 1);
        parse();
        assert_int_equal(complaints, 1);
        assert_int_equal(last_number, tags[i].type);
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void a_missing_end_tag_is_reported(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "no end");
    const void *data = build_end_at(&b, (uint32_t)b.size, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_text(info.loader_name, "no end");
}

static void an_end_tag_without_padding_is_found(void **state)
{
    (void)state;
    /* A last tag of odd length whose padding is not counted into the total size. */
    build_text(&b, MB2_TAG_LOADER_NAME, "abc");
    const void *data = build_end_at(&b, (uint32_t)(sizeof(struct mb2_info) + 12), 0);
    assert_int_equal(mb2_parse(data, sizeof(struct mb2_info) + 12, ADDRESS, note_complaint, &info),
                     STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_text(info.loader_name, "abc");
}

static void a_total_size_beyond_readable_memory_is_truncated(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "cut");
    build_tag(&b, MB2_TAG_END, NULL, 0);
    const void *data = build_end_at(&b, 0xffffffff, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_int_equal(last_number, 0xffffffff);
    assert_int_equal(info.raw.size_bytes, b.size);
    assert_text(info.loader_name, "cut");
}

static void a_total_size_that_ends_inside_a_tag_is_respected(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "inside");
    size_t inside = b.size - 9;
    build_text(&b, MB2_TAG_COMMAND_LINE, "outside");
    build_tag(&b, MB2_TAG_END, NULL, 0);
    const void *data = build_end_at(&b, (uint32_t)inside, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_absent(info.loader_name);
    assert_absent(info.command_line);
}

static void fewer_than_eight_bytes_are_refused(void **state)
{
    (void)state;
    const uint8_t bytes[8] = { 7 };
    for (size_t size = 0; size < 8; size++)
        assert_int_equal(mb2_parse(bytes, size, ADDRESS, NULL, &info), STATUS_TRUNCATED);
    assert_int_equal(mb2_parse(bytes, 8, ADDRESS, NULL, &info), STATUS_MALFORMED);
}

static void the_report_callback_is_optional(void **state)
{
    (void)state;
    build_tag_sized(&b, MB2_TAG_COMMAND_LINE, 3, "x", 2);
    const void *data = build_end(&b);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, NULL, &info), STATUS_OK);
    assert_int_equal(info.warnings, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tag_that_reaches_beyond_the_structure_ends_the_walk),
        TEST(a_tag_of_size_0_does_not_hang_the_walk),
        TEST(a_size_near_4_gib_does_not_wrap),
        TEST(every_tag_may_be_truncated_at_every_length),
        TEST(a_tag_too_short_for_its_fields_is_ignored_and_its_type_reported),
        TEST(a_missing_end_tag_is_reported),
        TEST(an_end_tag_without_padding_is_found),
        TEST(a_total_size_beyond_readable_memory_is_truncated),
        TEST(a_total_size_that_ends_inside_a_tag_is_respected),
        TEST(fewer_than_eight_bytes_are_refused),
        TEST(the_report_callback_is_optional),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

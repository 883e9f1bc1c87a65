/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/smbios: the walk over structures, their strings, and their fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smbios_builder.h"

static struct smbios_table table_of(const struct smbios_builder *builder)
{
    return (
        struct smbios_table){ .bytes = builder->bytes, .length = builder->length, .major = 3, .minor = 7 };
}

static struct smbios_structure find(const struct smbios_table *table, uint8_t type)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    assert_true(smbios_next_of(table, type, &cursor, &structure));
    return structure;
}

/* ---- the walk ---- */

static void the_walk_ends_at_the_end_structure(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    SMBIOS_PUT(&builder, 1, 8, "a\0bc\0");
    SMBIOS_PUT(&builder, 2, 4, "");
    SMBIOS_PUT(&builder, 127, 4, "");
    SMBIOS_PUT(&builder, 3, 4, "");
    struct smbios_table table = table_of(&builder);
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_OK);
    assert_int_equal(structure.type, 1);
    assert_int_equal(structure.handle, 0x1200);
    assert_int_equal(structure.strings_length, 5);
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_OK);
    assert_int_equal(structure.type, 2);
    assert_int_equal(structure.strings_length, 0);
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_NOT_FOUND);
    assert_int_equal(structure.type, 2);
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_NOT_FOUND);
}

static void the_walk_ends_after_the_given_count_and_at_the_table_s_end(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    SMBIOS_PUT(&builder, 1, 8, "");
    SMBIOS_PUT(&builder, 2, 8, "");
    struct smbios_table table = table_of(&builder);
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    table.count = 1;
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_OK);
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_NOT_FOUND);
    table.count = 9;
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_OK);
    assert_int_equal(smbios_next(&table, &cursor, &structure), STATUS_NOT_FOUND);
}

/* Return: the status of the first structure in @length of these bytes. */
static status_t first_of(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    struct smbios_table table = { .bytes = exact, .length = length };
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    status_t status = smbios_next(&table, &cursor, &structure);
    if (status == STATUS_MALFORMED)
        assert_int_equal(cursor.offset, 0);
    free(exact);
    return status;
}

static void a_search_without_a_result_changes_no_structure(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    SMBIOS_PUT(&builder, 1, 8, "");
    struct smbios_table table = table_of(&builder);
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure = { .type = 77 };
    assert_false(smbios_next_of(&table, 2, &cursor, &structure));
    assert_int_equal(structure.type, 77);
}

static void a_structure_that_does_not_fit_is_malformed(void **state)
{
    (void)state;
    static const uint8_t good[] = { 1, 5, 0, 0, 1, 'x', 0, 0 };
    assert_int_equal(first_of(good, 0), STATUS_NOT_FOUND);
    for (size_t length = 1; length < sizeof(good); length++)
        assert_int_equal(first_of(good, length), STATUS_MALFORMED);
    assert_int_equal(first_of(good, sizeof(good)), STATUS_OK);
    static const uint8_t too_short[] = { 1, 3, 0, 0, 0, 0 }, no_end[] = { 1, 4, 0, 0, 'x', 'y', 0, 'z' };
    assert_int_equal(first_of(too_short, sizeof(too_short)), STATUS_MALFORMED);
    assert_int_equal(first_of(no_end, sizeof(no_end)), STATUS_MALFORMED);
    /* The end structure needs no strings' end. */
    static const uint8_t end[] = { 127, 4, 0, 0 };
    assert_int_equal(first_of(end, sizeof(end)), STATUS_NOT_FOUND);
}

/* ---- strings ---- */

static void a_string_is_found_by_number_and_cleaned(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_TEXT_MAX + 1], letters[200 + 1];
    memset(letters, 'l', 200);
    letters[200] = 0;
    smbios_put(&builder, 1, 4, "  one \0t\x80w\x1b\x7fo\0   \0", 18);
    smbios_put(&builder, 2, 4, letters, sizeof(letters));
    struct smbios_table table = table_of(&builder);
    struct smbios_structure structure = find(&table, 1);
    static const char *const expected[] = { "", "one", "t?w??o", "", "", "" };
    for (unsigned int i = 0; i < ARRAY_LEN(expected); i++) {
        smbios_text(&structure, i, text);
        assert_string_equal(text, expected[i]);
    }
    smbios_text(&structure, UINT32_MAX, text);
    assert_string_equal(text, "");
    structure = find(&table, 2);
    smbios_text(&structure, 1, text);
    assert_int_equal(strlen(text), SMBIOS_TEXT_MAX);
}

static void a_field_outside_the_structure_is_0(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_TEXT_MAX + 1];
    uint8_t *at = SMBIOS_PUT(&builder, 1, 11, "one\0");
    memset(at + 4, 1, 7);
    struct smbios_table table = table_of(&builder);
    struct smbios_structure structure = find(&table, 1);
    assert_int_equal(smbios_u8(&structure, 10), 1);
    assert_int_equal(smbios_u8(&structure, 11), 0);
    assert_int_equal(smbios_u16(&structure, 9), 0x101);
    assert_int_equal(smbios_u16(&structure, 10), 0);
    assert_int_equal(smbios_u32(&structure, 7), 0x1010101);
    assert_int_equal(smbios_u32(&structure, 8), 0);
    assert_int_equal(smbios_u64(&structure, 4), 0);
    assert_int_equal(smbios_u8(&structure, SIZE_MAX), 0);
    smbios_field_text(&structure, 10, text);
    assert_string_equal(text, "one");
    smbios_field_text(&structure, 11, text);
    assert_string_equal(text, "");
}

/* ---- fields ---- */

static void firmware_system_board_and_chassis_are_decoded(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    smbios_put_machine(&builder);
    struct smbios_table table = table_of(&builder);
    struct smbios_structure structure = find(&table, 0);
    struct smbios_bios bios;
    smbios_read_bios(&structure, &bios);
    assert_string_equal(bios.vendor, "Maker");
    assert_string_equal(bios.version, "1.2");
    assert_string_equal(bios.date, "01/02/2023");
    assert_int_equal(bios.rom_bytes, 32 << 20);
    assert_true(bios.has_uefi && bios.is_virtual);

    struct smbios_system system;
    static const uint8_t uuid[] = { 3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15 };
    structure = find(&table, 1);
    smbios_read_system(&table, &structure, &system);
    assert_string_equal(system.manufacturer, "Acme");
    assert_string_equal(system.product, "Model?X");
    assert_string_equal(system.version, "");
    assert_true(system.has_uuid);
    assert_memory_equal(system.uuid, uuid, 16);
    table.major = 2, table.minor = 5;
    smbios_read_system(&table, &structure, &system);
    assert_int_equal(system.uuid[0], 0);

    struct smbios_board board;
    structure = find(&table, 2);
    smbios_read_board(&structure, &board);
    assert_string_equal(board.manufacturer, "Board Co");
    assert_string_equal(board.product, "B-1");
    struct smbios_chassis chassis;
    structure = find(&table, 3);
    smbios_read_chassis(&structure, &chassis);
    assert_string_equal(chassis.kind, "laptop");
    assert_string_equal(chassis.manufacturer, "");
}

static void a_uuid_of_all_0_or_all_1_is_none(void **state)
{
    (void)state;
    for (int byte = 0; byte <= 0xff; byte += 0xff) {
        struct smbios_builder builder = { .length = 0 };
        struct smbios_system system;
        memset(SMBIOS_PUT(&builder, 1, 0x1b, "") + 8, byte, 16);
        struct smbios_table table = table_of(&builder);
        struct smbios_structure structure = find(&table, 1);
        smbios_read_system(&table, &structure, &system);
        assert_false(system.has_uuid);
    }
}

static void wide_fields_replace_full_narrow_ones(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    smbios_put_machine(&builder);
    struct smbios_table table = table_of(&builder);
    struct smbios_structure structure = find(&table, 4);
    struct smbios_processor processor;
    smbios_read_processor(&structure, &processor);
    assert_true(processor.is_populated);
    assert_int_equal(processor.cores, 300);
    assert_int_equal(processor.threads, 600);
    assert_int_equal(processor.mhz, 3600);
    assert_int_equal(processor.max_mhz, 0);
    structure.length = 0x28; /* of version 2.5 */
    smbios_read_processor(&structure, &processor);
    assert_int_equal(processor.cores, 255);

    struct smbios_array array;
    structure = find(&table, 16);
    smbios_read_array(&structure, &array);
    assert_true(array.is_system_memory);
    assert_int_equal(array.maximum_bytes, 8ULL << 40);
    assert_int_equal(array.slots, 4);
    assert_string_equal(array.ecc, "multi-bit ECC");

    struct smbios_device device;
    structure = find(&table, 17);
    smbios_read_device(&structure, &device);
    assert_string_equal(device.locator, "DIMM A1");
    assert_string_equal(device.part, "P/N");
    assert_string_equal(device.kind, "DDR5");
    assert_int_equal(device.size_bytes, 64ULL << 30);
    assert_int_equal(device.speed, 70000);
    assert_int_equal(device.configured, 5600);

    struct smbios_range range;
    structure = find(&table, 19);
    smbios_read_range(&structure, &range);
    assert_int_equal(range.addresses.start.raw, 1ULL << 32);
    assert_int_equal(range.addresses.end.raw, 1ULL << 40);
}

static void memory_sizes_have_two_units_and_an_unknown_one(void **state)
{
    (void)state;
    static const struct {
        uint16_t field;
        uint64_t bytes;
        bool is_populated;
    } cases[] = {
        { 0, 0, false },
        { 0xffff, 0, true },
        { 512, 512ULL << 20, true },
        { 0x8200, 512 << 10, true },
        { 0x7ffe, 0x7ffeULL << 20, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct smbios_builder builder = { .length = 0 };
        struct smbios_device device;
        smbios_put16(SMBIOS_PUT(&builder, 17, 0x15, ""), 0x0c, cases[i].field);
        struct smbios_table table = table_of(&builder);
        struct smbios_structure structure = find(&table, 17);
        smbios_read_device(&structure, &device);
        assert_int_equal(device.size_bytes, cases[i].bytes);
        assert_int_equal(device.is_populated, cases[i].is_populated);
        assert_int_equal(smbios_memory_bytes(&table), cases[i].bytes);
    }
}

/* ---- malformed tables ---- */

static void check_text(const char *text)
{
    assert_true(strnlen(text, SMBIOS_TEXT_MAX + 1) <= SMBIOS_TEXT_MAX);
    for (; *text; text++)
        assert_in_range(*text, 0x20, 0x7e);
}

/* Walks and decodes everything, in bytes that end where the address sanitizer begins to watch. */
static void read_everything(const uint8_t *bytes, size_t length)
{
    uint8_t *exact = malloc(length ? length : 1);
    memcpy(exact, bytes, length);
    struct smbios_table table = { .bytes = exact, .length = length, .major = 3 };
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    size_t last = 0;
    (void)smbios_memory_bytes(&table);
    while (smbios_next(&table, &cursor, &structure) == STATUS_OK) {
        smbios_text_t text;
        union {
            struct smbios_bios bios;
            struct smbios_system system;
            struct smbios_board board;
            struct smbios_chassis chassis;
            struct smbios_processor processor;
            struct smbios_array array;
            struct smbios_device device;
            struct smbios_range range;
        } any;
        assert_true(cursor.offset > last && cursor.offset <= length);
        assert_ptr_equal(structure.bytes, exact + last);
        assert_true(structure.strings + structure.strings_length < exact + cursor.offset);
        last = cursor.offset;
        for (unsigned int i = 0; i < 260; i++) {
            smbios_text(&structure, i, text);
            check_text(text);
        }
        smbios_read_bios(&structure, &any.bios);
        check_text(any.bios.date);
        smbios_read_system(&table, &structure, &any.system);
        check_text(any.system.family);
        smbios_read_board(&structure, &any.board);
        smbios_read_chassis(&structure, &any.chassis);
        check_text(any.chassis.kind);
        smbios_read_processor(&structure, &any.processor);
        smbios_read_array(&structure, &any.array);
        check_text(any.array.ecc);
        smbios_read_device(&structure, &any.device);
        check_text(any.device.kind);
        smbios_read_range(&structure, &any.range);
    }
    free(exact);
}

static void no_truncation_is_read_past_its_end(void **state)
{
    (void)state;
    struct smbios_builder builder = { .length = 0 };
    smbios_put_machine(&builder);
    for (size_t length = 0; length <= builder.length; length++)
        read_everything(builder.bytes, length);
}

static void no_wrong_byte_leads_outside_the_table(void **state)
{
    (void)state;
    static const uint8_t edges[] = { 0, 1, 3, 4, 5, 0x7e, 0x7f, 0x80, 0xfe, 0xff };
    struct smbios_builder builder = { .length = 0 };
    smbios_put_machine(&builder);
    for (size_t at = 0; at < builder.length; at++) {
        uint8_t good = builder.bytes[at];
        for (size_t i = 0; i < ARRAY_LEN(edges); i++) {
            builder.bytes[at] = edges[i];
            read_everything(builder.bytes, builder.length);
        }
        builder.bytes[at] = good;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_walk_ends_at_the_end_structure),
        cmocka_unit_test(the_walk_ends_after_the_given_count_and_at_the_table_s_end),
        cmocka_unit_test(a_search_without_a_result_changes_no_structure),
        cmocka_unit_test(a_structure_that_does_not_fit_is_malformed),
        cmocka_unit_test(a_string_is_found_by_number_and_cleaned),
        cmocka_unit_test(a_field_outside_the_structure_is_0),
        cmocka_unit_test(firmware_system_board_and_chassis_are_decoded),
        cmocka_unit_test(a_uuid_of_all_0_or_all_1_is_none),
        cmocka_unit_test(wide_fields_replace_full_narrow_ones),
        cmocka_unit_test(memory_sizes_have_two_units_and_an_unknown_one),
        cmocka_unit_test(no_truncation_is_read_past_its_end),
        cmocka_unit_test(no_wrong_byte_leads_outside_the_table),
    };
    return cmocka_run_group_tests_name("smbios", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PVH start info as QEMU, Firecracker and Xen write it, and invalid forms of it. Physical memory is an
 * array at BASE, exactly as long as its content; other addresses cannot be read.
 */
#include <ashlar/fmt/pvh.h>
#include <boot/pvh_parse.h>

#include "boot_info_case.h"

#define BASE 0x9000u

static uint8_t *memory;
static size_t memory_size;
static struct pvh_start_info start_info;

static const void *read_memory(phys_t address, size_t size_bytes)
{
    if (address.raw < BASE || address.raw - BASE > memory_size ||
        size_bytes > memory_size - (address.raw - BASE))
        return NULL;
    return memory + (address.raw - BASE);
}

/* Return: the physical address of @bytes; not aligned. */
static uint64_t put(const void *bytes, size_t size)
{
    memory = realloc(memory, memory_size + size + 1);
    memcpy(memory + memory_size, bytes, size);
    memory = realloc(memory, memory_size + size);
    memory_size += size;
    return BASE + memory_size - size;
}

static uint64_t put_text(const char *text)
{
    return put(text, strlen(text) + 1);
}

static int start(void **state)
{
    (void)state;
    memory = NULL;
    memory_size = 0;
    complaints = 0;
    put("odd", 3);
    start_info = (struct pvh_start_info){ .magic = PVH_START_MAGIC, .version = 1 };
    return 0;
}

static int finish(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static uint64_t parse_address;

static void parse(void)
{
    parse_address = put(&start_info, start_info.version == 0 ? PVH_START_INFO_V0_SIZE : sizeof(start_info));
    assert_int_equal(pvh_parse(phys(parse_address), read_memory, note_complaint, &info), STATUS_OK);
    assert_int_equal(info.warnings, complaints);
}

static void parse_without_complaint(void)
{
    parse();
    assert_int_equal(complaints, 0);
}

/* ---- what is where ---- */

static void an_empty_start_info_is_valid(void **state)
{
    (void)state;
    parse_without_complaint();
    assert_string_equal(info.protocol, "pvh");
    assert_null(info.command_line.data);
    assert_null(info.loader_name.data);
    assert_null(info.rsdp.data);
    assert_false(phys_is_valid(info.rsdp_address));
    struct boot_module module;
    struct memmap_entry entry;
    size_t cursor = 0;
    assert_false(boot_info_next_module(&info, &cursor, &module));
    cursor = 0;
    assert_false(boot_info_next_map_entry(&info, &cursor, &entry));
}

static void the_command_line_and_rsdp_address_are_read(void **state)
{
    (void)state;
    start_info.command_line = put_text("console=serial run=\"test\"");
    start_info.rsdp = 0xf5a40;
    parse_without_complaint();
    assert_text(info.command_line, "console=serial run=\"test\"");
    assert_int_equal(info.rsdp_address.raw, 0xf5a40);
}

static void the_memory_map_of_version_1_is_read(void **state)
{
    (void)state;
    const struct pvh_memory_map_entry entries[] = {
        { .base = 0, .length = 0x9fc00, .type = 1, .reserved = 0xffffffff },
        { .base = 0xfeffc000, .length = 0x4000, .type = 2 },
        { .base = 0x100000000, .length = 0, .type = 1 },
        { .base = 0xfd00000000, .length = UINT64_MAX, .type = 77 },
    };
    start_info.memory_map = put(entries, sizeof(entries));
    start_info.memory_map_count = ARRAY_LEN(entries);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xfeffc000, 0xff000000, MEMMAP_RESERVED, 2 },
                  { 0xfd00000000, UINT64_MAX, MEMMAP_RESERVED, 77 });
}

static void version_0_ends_before_the_memory_map(void **state)
{
    (void)state;
    start_info.version = 0;
    start_info.memory_map = BASE;
    start_info.memory_map_count = 1;
    start_info.command_line = put_text("old");
    parse_without_complaint();
    assert_text(info.command_line, "old");
    assert_null(info.memory_map.data);
    assert_int_equal(info.raw.size_bytes, PVH_START_INFO_V0_SIZE);
}

static void a_later_version_is_read_as_version_1(void **state)
{
    (void)state;
    const struct pvh_memory_map_entry entry = { .base = 0, .length = 0x8000, .type = 1 };
    start_info.version = 7;
    start_info.memory_map = put(&entry, sizeof(entry));
    start_info.memory_map_count = 1;
    parse_without_complaint();
    assert_int_equal(info.memory_map.size_bytes, sizeof(entry));
}

static void modules_are_read_with_and_without_strings(void **state)
{
    (void)state;
    const struct pvh_module modules[] = {
        { .start = 0x7000000, .size = 0x1234, .command_line = put_text("initrd root=x") },
        { .start = 0x100000000, .size = 0x200000000 },
        { .start = 0x8000000, .size = 0, .command_line = put_text("") },
    };
    start_info.modules = put(modules, sizeof(modules));
    start_info.module_count = ARRAY_LEN(modules);
    parse_without_complaint();
    assert_int_equal(info.module_count, 3);

    size_t cursor = 0;
    struct boot_module module;
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_int_equal(module.start.raw, 0x7000000);
    assert_int_equal(module.end.raw, 0x7001234);
    assert_text(module.command_line, "initrd root=x");
    assert_int_equal(module.command_line_start.raw, modules[0].command_line);
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_int_equal(module.end.raw, 0x300000000);
    assert_null(module.command_line.data);
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_text(module.command_line, "");
    assert_int_equal(module.start.raw, module.end.raw);
    assert_false(boot_info_next_module(&info, &cursor, &module));
}

static void every_part_in_memory_is_reserved(void **state)
{
    (void)state;
    const struct pvh_memory_map_entry entry = { .base = 0, .length = 0x8000, .type = 1 };
    const char *text = "module text";
    const struct pvh_module modules[] = {
        { .start = 0x7000000, .size = 0x1234, .command_line = put_text(text) },
        { .start = 0x8000000, .size = 0x10 },
    };
    start_info.modules = put(modules, sizeof(modules));
    start_info.module_count = ARRAY_LEN(modules);
    start_info.memory_map = put(&entry, sizeof(entry));
    start_info.memory_map_count = 1;
    start_info.command_line = put_text("line");
    parse_without_complaint();

    const struct memmap_entry wanted[] = {
        { parse_address, parse_address + sizeof(start_info), MEMMAP_BOOT_INFO, 0 },
        { start_info.command_line, start_info.command_line + 5, MEMMAP_BOOT_INFO, 0 },
        { start_info.modules, start_info.modules + sizeof(modules), MEMMAP_BOOT_INFO, 0 },
        { start_info.memory_map, start_info.memory_map + sizeof(entry), MEMMAP_BOOT_INFO, 0 },
        { 0x7000000, 0x7001234, MEMMAP_MODULE, 0 },
        { modules[0].command_line, modules[0].command_line + strlen(text) + 1, MEMMAP_BOOT_INFO, 0 },
        { 0x8000000, 0x8000010, MEMMAP_MODULE, 0 },
    };
    expect_entries(boot_info_next_reservation, wanted, ARRAY_LEN(wanted));
}

/* ---- pointers that lead nowhere ---- */

static void another_magic_number_is_refused(void **state)
{
    (void)state;
    start_info.magic = 0x2badb002;
    uint64_t address = put(&start_info, sizeof(start_info));
    assert_int_equal(pvh_parse(phys(address), read_memory, NULL, &info), STATUS_MALFORMED);
}

static void an_unreadable_start_info_is_refused(void **state)
{
    (void)state;
    uint64_t address = put(&start_info, PVH_START_INFO_V0_SIZE - 1);
    assert_int_equal(pvh_parse(phys(address), read_memory, NULL, &info), STATUS_TRUNCATED);
    assert_int_equal(pvh_parse(phys(0), read_memory, NULL, &info), STATUS_TRUNCATED);
}

static void a_truncated_version_1_is_read_up_to_its_end(void **state)
{
    (void)state;
    start_info.command_line = put_text("cut");
    uint64_t address = put(&start_info, sizeof(start_info) - 1);
    assert_int_equal(pvh_parse(phys(address), read_memory, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_text(info.command_line, "cut");
}

static void unreadable_parts_are_ignored_and_reported(void **state)
{
    (void)state;
    start_info.command_line = 0xdeadbeef;
    start_info.modules = 0xfffffffffffffff0;
    start_info.module_count = BOOT_ENTRIES_MAX;
    start_info.memory_map = BASE;
    start_info.memory_map_count = BOOT_ENTRIES_MAX;
    parse();
    assert_int_equal(complaints, 3);
    assert_null(info.command_line.data);
    assert_null(info.modules.data);
    assert_null(info.memory_map.data);
    size_t cursor = 0;
    struct memmap_entry entry;
    assert_true(boot_info_next_reservation(&info, &cursor, &entry));
    assert_false(boot_info_next_reservation(&info, &cursor, &entry));
}

static void a_count_without_an_address_is_reported(void **state)
{
    (void)state;
    start_info.module_count = 3;
    start_info.memory_map_count = 3;
    parse();
    assert_int_equal(complaints, 2);
}

static void a_string_that_runs_to_the_end_of_memory_is_ignored(void **state)
{
    (void)state;
    uint64_t address = put(&start_info, sizeof(start_info));
    start_info.command_line = put("no end", 6);
    memcpy(memory + (address - BASE), &start_info, sizeof(start_info));
    assert_int_equal(pvh_parse(phys(address), read_memory, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_int_equal(last_number, start_info.command_line);
    assert_null(info.command_line.data);
}

static void the_search_for_a_nul_is_bounded(void **state)
{
    (void)state;
    char *text = malloc(PVH_TEXT_MAX + 1);
    memset(text, 'x', PVH_TEXT_MAX);
    text[PVH_TEXT_MAX] = '\0';
    start_info.command_line = put(text, PVH_TEXT_MAX + 1);
    parse();
    assert_int_equal(complaints, 1);
    assert_null(info.command_line.data);
    free(text);
}

/* Not one of them is read: the start info alone is refused. */
static void a_million_modules_or_map_entries_are_refused_at_once(void **state)
{
    static const uint32_t counts[] = { BOOT_ENTRIES_MAX + 1, 1000000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        for (int is_map = 0; is_map < 2; is_map++) {
            finish(state);
            start(state);
            start_info.modules = start_info.memory_map = BASE;
            *(is_map ? &start_info.memory_map_count : &start_info.module_count) = counts[i];
            uint64_t address = put(&start_info, sizeof(start_info));
            assert_int_equal(pvh_parse(phys(address), read_memory, note_complaint, &info), STATUS_TOO_BIG);
            assert_int_equal(complaints, 1);
            assert_int_equal(last_number, counts[i]);
            assert_int_equal(info.module_count, 0);
        }
}

static void the_maximum_number_of_modules_and_map_entries_is_read(void **state)
{
    (void)state;
    struct pvh_module *modules = calloc(BOOT_ENTRIES_MAX, sizeof(*modules));
    for (uint32_t i = 0; i < BOOT_ENTRIES_MAX; i++)
        modules[i].start = 0x1000 * i;
    start_info.modules = put(modules, BOOT_ENTRIES_MAX * sizeof(*modules));
    start_info.module_count = BOOT_ENTRIES_MAX;
    parse();
    assert_int_equal(complaints, 0);
    assert_int_equal(info.module_count, BOOT_ENTRIES_MAX);
    free(modules);
}

static void the_bound_for_a_module_string_is_smaller(void **state)
{
    (void)state;
    char text[PVH_MODULE_TEXT_MAX + 1];
    memset(text, 'x', sizeof(text));
    text[PVH_MODULE_TEXT_MAX] = '\0';
    struct pvh_module module = { .start = 0x1000, .command_line = put(text, sizeof(text)) };
    start_info.modules = put(&module, sizeof(module));
    start_info.module_count = 1;
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.module_count, 1);
}

static void a_string_at_the_top_of_the_address_space_does_not_wrap(void **state)
{
    (void)state;
    start_info.command_line = UINT64_MAX;
    parse();
    assert_int_equal(complaints, 1);
}

static void a_module_that_wraps_is_ignored(void **state)
{
    (void)state;
    const struct pvh_module modules[] = {
        { .start = 0xffffffffffff0000, .size = 0x20000 },
        { .start = 0x1000, .size = 0x1000, .command_line = 0xdeadbeef },
    };
    start_info.modules = put(modules, sizeof(modules));
    start_info.module_count = ARRAY_LEN(modules);
    parse();
    assert_int_equal(complaints, 2);
    assert_int_equal(info.module_count, 1);
    size_t cursor = 0;
    struct boot_module module;
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_int_equal(module.start.raw, 0x1000);
    assert_null(module.command_line.data);
    assert_false(boot_info_next_module(&info, &cursor, &module));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_start_info_is_valid),
        TEST(the_command_line_and_rsdp_address_are_read),
        TEST(the_memory_map_of_version_1_is_read),
        TEST(version_0_ends_before_the_memory_map),
        TEST(a_later_version_is_read_as_version_1),
        TEST(modules_are_read_with_and_without_strings),
        TEST(every_part_in_memory_is_reserved),
        TEST(another_magic_number_is_refused),
        TEST(an_unreadable_start_info_is_refused),
        TEST(a_truncated_version_1_is_read_up_to_its_end),
        TEST(unreadable_parts_are_ignored_and_reported),
        TEST(a_count_without_an_address_is_reported),
        TEST(a_string_that_runs_to_the_end_of_memory_is_ignored),
        TEST(the_search_for_a_nul_is_bounded),
        TEST(a_million_modules_or_map_entries_are_refused_at_once),
        TEST(the_maximum_number_of_modules_and_map_entries_is_read),
        TEST(the_bound_for_a_module_string_is_smaller),
        TEST(a_string_at_the_top_of_the_address_space_does_not_wrap),
        TEST(a_module_that_wraps_is_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Modules in Multiboot2 information, and that all the loader left in memory is reserved.
 */
#include "mb2_case.h"

static void modules_just_below_4_gib_keep_their_addresses(void **state)
{
    (void)state;
    build_module(&b, 0xfffff000, 0xffffffff, "high");
    parse_without_complaint();
    size_t cursor = 0;
    struct boot_module module;
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_int_equal(module.start.raw, 0xfffff000);
    assert_int_equal(module.end.raw, 0xffffffff);
}

static void modules_are_listed_in_order_with_their_strings(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 300; i++) {
        char text[40] = "module number ";
        text[14] = (char)('0' + i % 10);
        build_module(&b, 0x1000000 + i * 0x1000, 0x1000000 + i * 0x1000 + i, text);
    }
    parse_without_complaint();
    assert_int_equal(info.module_count, 300);

    size_t cursor = 0;
    struct boot_module module;
    for (uint32_t i = 0; i < 300; i++) {
        assert_true(boot_info_next_module(&info, &cursor, &module));
        assert_int_equal(module.start.raw, 0x1000000 + i * 0x1000);
        assert_int_equal(phys_range_size((struct phys_range){ module.start, module.end }), i);
        assert_int_equal(module.command_line.data[14], '0' + i % 10);
        assert_int_equal(module.command_line_start.raw - ADDRESS.raw,
                         module.command_line.data - info.raw.data);
    }
    assert_false(boot_info_next_module(&info, &cursor, &module));
    assert_false(boot_info_next_module(&info, &cursor, &module));
}

static void a_module_that_ends_before_it_starts_is_ignored(void **state)
{
    (void)state;
    build_module(&b, 0x2000000, 0x1000000, "reversed");
    build_module(&b, 0x3000000, 0x3000000, "empty");
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.module_count, 1);
    size_t cursor = 0;
    struct boot_module module;
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_text(module.command_line, "empty");
    assert_false(boot_info_next_module(&info, &cursor, &module));
}

static void a_module_with_an_unterminated_string_is_kept_without_it(void **state)
{
    (void)state;
    struct mb2_tag_module tag = { .start = 0x1000, .end = 0x2000 };
    BUILD_TAG(&b, MB2_TAG_MODULE, tag, "abc", 3);
    BUILD_TAG(&b, MB2_TAG_MODULE, tag, NULL, 0);
    parse();
    assert_int_equal(complaints, 2);
    assert_int_equal(info.module_count, 2);
    size_t cursor = 0;
    struct boot_module module;
    assert_true(boot_info_next_module(&info, &cursor, &module));
    assert_absent(module.command_line);
}

static void all_loader_data_is_reserved(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    build_rgb(&fb, 16, 8, 0);
    build_module(&b, 0x1000000, 0x1234567, "one");
    build_module(&b, 0x2000000, 0x2000000, "empty");
    build_module(&b, 0x3000000, 0x3000001, "three");
    parse_without_complaint();

    unsigned int modules = 0, framebuffers = 0;
    uint64_t own_start = UINT64_MAX, own_end = 0;
    struct memmap_entry entry;
    size_t cursor = 0;
    while (boot_info_next_reservation(&info, &cursor, &entry)) {
        assert_true(entry.start < entry.end);
        assert_int_equal(entry.source_type, 0);
        if (entry.kind == MEMMAP_MODULE) {
            assert_int_equal(entry.start, modules == 0 ? 0x1000000 : 0x3000000);
            assert_int_equal(entry.end, modules == 0 ? 0x1234567 : 0x3000001);
            modules++;
        } else if (entry.kind == MEMMAP_FRAMEBUFFER) {
            assert_int_equal(entry.start, 0x4c0000000);
            assert_int_equal(entry.end, 0x4c0000000 + 4096 * 768);
            framebuffers++;
        } else {
            assert_int_equal(entry.kind, MEMMAP_BOOT_INFO);
            own_start = entry.start < own_start ? entry.start : own_start;
            own_end = entry.end > own_end ? entry.end : own_end;
        }
    }
    assert_false(boot_info_next_reservation(&info, &cursor, &entry));
    assert_int_equal(modules, 2);
    assert_int_equal(framebuffers, 1);
    assert_int_equal(own_start, ADDRESS.raw);
    assert_int_equal(own_end, ADDRESS.raw + b.size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(modules_just_below_4_gib_keep_their_addresses),
        TEST(modules_are_listed_in_order_with_their_strings),
        TEST(a_module_that_ends_before_it_starts_is_ignored),
        TEST(a_module_with_an_unterminated_string_is_kept_without_it),
        TEST(all_loader_data_is_reserved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

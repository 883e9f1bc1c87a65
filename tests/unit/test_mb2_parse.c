/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information as loaders write it: the result of each tag. Framebuffers, maps, modules and wrong
 * lengths have their own tests.
 */
#include "mb2_case.h"

/* ---- what is where ---- */

static void an_empty_structure_is_valid(void **state)
{
    (void)state;
    parse_without_complaint();
    assert_string_equal(info.protocol, "multiboot2");
    assert_absent(info.command_line);
    assert_absent(info.rsdp);
    assert_false(phys_is_valid(info.rsdp_address));
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_NONE);
    assert_int_equal(info.efi_bits, 0);

    size_t cursor = 0;
    struct boot_module module;
    struct memmap_entry entry;
    assert_false(boot_info_next_module(&info, &cursor, &module));
    cursor = 0;
    assert_false(boot_info_next_map_entry(&info, &cursor, &entry));
}

static void every_simple_tag_is_read(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "run=\"test; exit\" maxcpus=4");
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB 2.06");
    BUILD_BYTES(&b, MB2_TAG_BASIC_MEMORY, 0x7f, 2, 0, 0, 0x80, 0xfb, 7, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_SYSTEM_TABLE, 0x18, 0x20, 0xee, 7, 1, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_IMAGE_HANDLE, 0x98, 0x10, 0xaa, 6, 2, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_SMBIOS, 3, 2, 0, 0, 0, 0, 0, 0, '_', 'S', 'M', '3', '_');
    parse_without_complaint();

    assert_text(info.command_line, "run=\"test; exit\" maxcpus=4");
    assert_text(info.loader_name, "GRUB 2.06");
    assert_true(info.has_basic_memory);
    assert_int_equal(info.memory_lower_kib, 639);
    assert_int_equal(info.memory_upper_kib, 0x7fb80);
    assert_int_equal(info.efi_bits, 64);
    assert_int_equal(info.efi_system_table.raw, 0x107ee2018);
    assert_int_equal(info.efi_image_handle, 0x206aa1098);
    assert_int_equal(info.smbios_major, 3);
    assert_int_equal(info.smbios_minor, 2);
    assert_int_equal(info.smbios.size_bytes, 5);
    assert_memory_equal(info.smbios.data, "_SM3_", 5);
    assert_false(info.efi_boot_services);
}

static void a_32_bit_efi_is_distinguished(void **state)
{
    (void)state;
    BUILD_BYTES(&b, MB2_TAG_EFI32_SYSTEM_TABLE, 0x18, 0x20, 0xee, 0xf7);
    BUILD_BYTES(&b, MB2_TAG_EFI32_IMAGE_HANDLE, 0x98, 0x10, 0xaa, 0xf6);
    parse_without_complaint();
    assert_int_equal(info.efi_bits, 32);
    assert_int_equal(info.efi_system_table.raw, 0xf7ee2018);
    assert_int_equal(info.efi_image_handle, 0xf6aa1098);
}

static void unused_tags_are_skipped_silently(void **state)
{
    (void)state;
    uint8_t vbe[sizeof(struct mb2_tag_vbe) - 8] = { 0x18, 0x41 };
    uint8_t apm[sizeof(struct mb2_tag_apm) - 8] = { 2, 1 };
    uint8_t elf[12 + 64] = { 1, 0, 0, 0, 64 };
    build_tag(&b, MB2_TAG_VBE, vbe, sizeof(vbe));
    build_tag(&b, MB2_TAG_APM, apm, sizeof(apm));
    build_tag(&b, MB2_TAG_ELF_SECTIONS, elf, sizeof(elf));
    BUILD_BYTES(&b, MB2_TAG_BIOS_DEVICE, 0xe0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_NETWORK, 2, 1, 6, 0);
    BUILD_BYTES(&b, MB2_TAG_LOAD_BASE, 0, 0, 0x20, 0);
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB 2.06");
    parse_without_complaint();
    assert_text(info.loader_name, "GRUB 2.06");
}

static void unknown_tags_are_skipped_silently(void **state)
{
    (void)state;
    /* NOVA's loaders pass the last of these. */
    BUILD_BYTES(&b, 22, 1, 2, 3);
    BUILD_BYTES(&b, 31, 1);
    BUILD_BYTES(&b, 32, 1);
    BUILD_BYTES(&b, 0xffffffff, 1, 2, 3, 4, 5);
    BUILD_BYTES(&b, 0x4d454d4b, 1, 2, 3, 4);
    build_text(&b, MB2_TAG_LOADER_NAME, "after them");
    parse_without_complaint();
    assert_text(info.loader_name, "after them");
}

static void the_first_of_a_repeated_tag_is_used(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "first");
    build_text(&b, MB2_TAG_COMMAND_LINE, "second");
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(last_number, MB2_TAG_COMMAND_LINE);
    assert_text(info.command_line, "first");
}

static void the_structure_may_have_any_alignment(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "odd");
    BUILD_BYTES(&b, MB2_TAG_EFI64_SYSTEM_TABLE, 1, 2, 3, 4, 5, 6, 7, 8);
    build_module(&b, 0x100000, 0x200000, "m");
    build_tag(&b, MB2_TAG_END, NULL, 0);
    for (size_t misalignment = 0; misalignment < 8; misalignment++) {
        const void *data = build_end_at(&b, (uint32_t)b.size, misalignment);
        assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
        assert_int_equal(info.efi_system_table.raw, 0x0807060504030201);
        assert_text(info.command_line, "odd");
        assert_int_equal(info.module_count, 1);
        free(b.allocation);
    }
    b.allocation = NULL;
    assert_int_equal(complaints, 0);
}

/* ---- strings ---- */

static void an_unterminated_string_is_ignored(void **state)
{
    (void)state;
    build_tag(&b, MB2_TAG_COMMAND_LINE, "abcdefgh", 8);
    build_tag(&b, MB2_TAG_LOADER_NAME, NULL, 0);
    parse();
    assert_int_equal(complaints, 2);
    assert_absent(info.command_line);
    assert_absent(info.loader_name);
}

static void an_empty_string_is_present_and_empty(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "");
    parse_without_complaint();
    assert_text(info.command_line, "");
}

static void a_string_ends_at_its_first_nul(void **state)
{
    (void)state;
    build_tag(&b, MB2_TAG_COMMAND_LINE, "one\0two", 8);
    parse_without_complaint();
    assert_text(info.command_line, "one");
}

/* ---- the RSDP: ACPI is not found under UEFI without it ---- */

static void the_rsdp_is_read_from_the_tag(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 20);
    assert_int_equal(info.rsdp.data[8], 1);
}

static void rsdp_v2_is_preferred_when_it_is_last(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 36);
    assert_int_equal(info.rsdp.data[8], 2);
}

static void rsdp_v2_is_preferred_when_it_is_first(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 36);
    assert_int_equal(info.rsdp.data[8], 2);
}

static void an_invalid_v2_rsdp_leaves_v1_in_place(void **state)
{
    (void)state;
    uint8_t nonsense[36] = "RSD PTX ";
    build_tag(&b, MB2_TAG_RSDP_V2, nonsense, sizeof(nonsense));
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.rsdp.size_bytes, 20);
}

/* ---- whole structures ---- */

static void the_minimal_set_of_tags_is_enough(void **state)
{
    (void)state;
    /* No 4, 5, 9, 10 and 21: Limine. */
    build_text(&b, MB2_TAG_COMMAND_LINE, "");
    build_text(&b, MB2_TAG_LOADER_NAME, "Limine 8");
    build_map(24, map_entries, 3, 0);
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    parse_without_complaint();
    assert_text(info.loader_name, "Limine 8");
    assert_false(info.has_basic_memory);
    assert_non_null(info.rsdp.data);
}

static void kept_boot_services_without_a_map_are_detected(void **state)
{
    (void)state;
    /* 21 1 2 3 9 8 12 14 15 18 20 0, measured with GRUB 2.06. */
    BUILD_BYTES(&b, MB2_TAG_LOAD_BASE, 0, 0, 0x20, 0);
    build_text(&b, MB2_TAG_COMMAND_LINE, "");
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB 2.06");
    build_module(&b, 0x1000, 0x2000, "");
    BUILD_BYTES(&b, MB2_TAG_ELF_SECTIONS, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    build_rgb(&fb, 16, 8, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_SYSTEM_TABLE, 1, 0, 0, 0, 0, 0, 0, 0);
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    build_tag(&b, MB2_TAG_EFI_BOOT_SERVICES, NULL, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_IMAGE_HANDLE, 2, 0, 0, 0, 0, 0, 0, 0);
    parse_without_complaint();
    assert_true(info.efi_boot_services);
    expect_entries(boot_info_next_map_entry, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_structure_is_valid),           TEST(every_simple_tag_is_read),
        TEST(a_32_bit_efi_is_distinguished),         TEST(unused_tags_are_skipped_silently),
        TEST(unknown_tags_are_skipped_silently),     TEST(the_first_of_a_repeated_tag_is_used),
        TEST(the_structure_may_have_any_alignment),  TEST(an_unterminated_string_is_ignored),
        TEST(an_empty_string_is_present_and_empty),  TEST(a_string_ends_at_its_first_nul),
        TEST(the_rsdp_is_read_from_the_tag),         TEST(rsdp_v2_is_preferred_when_it_is_last),
        TEST(rsdp_v2_is_preferred_when_it_is_first), TEST(an_invalid_v2_rsdp_leaves_v1_in_place),
        TEST(the_minimal_set_of_tags_is_enough),     TEST(kept_boot_services_without_a_map_are_detected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory maps in Multiboot2 information, the BIOS's and EFI's: usable memory, and strides, types and
 * lengths that kernels have misread.
 */
#include "mb2_case.h"

static void build_efi_map(uint32_t stride, uint32_t version, const struct mb2_efi_descriptor *descriptors,
                          size_t count, size_t extra_bytes)
{
    struct mb2_tag_efi_memory_map map = { .descriptor_size = stride, .descriptor_version = version };
    uint8_t bytes[2048];
    memset(bytes, 0xa5, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * stride, &descriptors[i], sizeof(*descriptors));
    BUILD_TAG(&b, MB2_TAG_EFI_MEMORY_MAP, map, bytes, count * stride + extra_bytes);
}

static const struct mb2_efi_descriptor efi_descriptors[] = {
    { .type = 7, .physical_start = 0x100000, .pages = 0x700, .attribute = 0xf },
    { .type = 4, .physical_start = 0x800000, .pages = 2, .attribute = 0xf },
    { .type = 6, .physical_start = 0x900000, .pages = 1, .attribute = BIT(63) | 0xf },
};

static void the_efi_map_is_walked_by_its_own_stride(void **state)
{
    (void)state;
    const uint32_t strides[] = { 40, 48, 56, 64 };
    for (size_t i = 0; i < ARRAY_LEN(strides); i++) {
        build_start(&b);
        build_efi_map(strides[i], 1, efi_descriptors, 3, 0);
        parse_without_complaint();
        EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 }, { 0x800000, 0x802000, MEMMAP_USABLE, 4 },
                      { 0x900000, 0x901000, MEMMAP_RUNTIME, 6 });
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void efi_descriptors_of_another_version_are_read_and_reported(void **state)
{
    (void)state;
    build_efi_map(48, 2, efi_descriptors, 1, 0);
    parse();
    assert_int_equal(complaints, 1);
    EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 });
}

static void an_efi_map_with_too_small_a_stride_is_ignored(void **state)
{
    (void)state;
    const uint32_t strides[] = { 0, 1, 39 };
    for (size_t i = 0; i < ARRAY_LEN(strides); i++) {
        build_start(&b);
        complaints = 0;
        struct mb2_tag_efi_memory_map map = { .descriptor_size = strides[i], .descriptor_version = 1 };
        BUILD_TAG(&b, MB2_TAG_EFI_MEMORY_MAP, map, efi_descriptors, sizeof(efi_descriptors));
        parse();
        assert_int_equal(complaints, 1);
        expect_entries(boot_info_next_map_entry, NULL, 0);
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void an_efi_length_that_wraps_is_clamped(void **state)
{
    (void)state;
    const struct mb2_efi_descriptor descriptors[] = {
        { .type = 7, .physical_start = 0x1000, .pages = UINT64_MAX },
        { .type = 7, .physical_start = UINT64_MAX - 0xfff, .pages = 5 },
        { .type = 7, .physical_start = 0x5000, .pages = 0 },
    };
    build_efi_map(48, 1, descriptors, 3, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0x1000, UINT64_MAX, MEMMAP_USABLE, 7 },
                  { UINT64_MAX - 0xfff, UINT64_MAX, MEMMAP_USABLE, 7 });
}

static void boot_services_memory_is_not_free_while_they_run(void **state)
{
    (void)state;
    build_efi_map(48, 1, efi_descriptors, 2, 0);
    build_tag(&b, MB2_TAG_EFI_BOOT_SERVICES, NULL, 0);
    parse_without_complaint();
    assert_true(info.efi_boot_services);
    EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 }, { 0x800000, 0x802000, MEMMAP_RESERVED, 4 });
}

static void the_type_is_32_bits_wide(void **state)
{
    (void)state;
    /* The first entry's reserved word is all ones: read as 64 bits, the type would be unknown. */
    build_map(24, map_entries, 3, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xf0000, 0x100000, MEMMAP_RESERVED, 2 },
                  { 0x100000000, 0x140000000, MEMMAP_USABLE, 1 });
}

static void the_bios_map_is_walked_by_its_own_stride(void **state)
{
    (void)state;
    const uint32_t strides[] = { 20, 24, 32, 40 };
    for (size_t i = 0; i < ARRAY_LEN(strides); i++) {
        build_start(&b);
        build_map(strides[i], map_entries, 2, 0);
        parse_without_complaint();
        EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xf0000, 0x100000, MEMMAP_RESERVED, 2 });
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void no_entry_is_read_beyond_a_short_stride(void **state)
{
    (void)state;
    /* 20 bytes an entry leave the reserved word out; the allocation ends after the last one. */
    build_map(20, map_entries, 2, 0);
    const void *data = build_end_at(&b, (uint32_t)b.size, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1); /* no end tag */
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xf0000, 0x100000, MEMMAP_RESERVED, 2 });
}

static void a_bios_map_with_too_small_a_stride_is_ignored(void **state)
{
    (void)state;
    const uint32_t strides[] = { 0, 8, 19 };
    for (size_t i = 0; i < ARRAY_LEN(strides); i++) {
        build_start(&b);
        complaints = 0;
        struct mb2_tag_memory_map map = { .entry_size = strides[i] };
        BUILD_TAG(&b, MB2_TAG_MEMORY_MAP, map, map_entries, sizeof(map_entries));
        parse();
        assert_int_equal(complaints, 1);
        expect_entries(boot_info_next_map_entry, NULL, 0);
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void a_partial_entry_at_the_end_of_a_map_is_ignored(void **state)
{
    (void)state;
    build_map(24, map_entries, 1, 23);
    build_efi_map(48, 1, efi_descriptors, 1, 47);
    parse();
    assert_int_equal(complaints, 2);
    assert_int_equal(info.memory_map.size_bytes, 24);
    assert_int_equal(info.efi_map.size_bytes, 48);
    EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 }, { 0, 0x9fc00, MEMMAP_USABLE, 1 });
}

static void only_type_1_makes_usable_memory(void **state)
{
    (void)state;
    struct mb2_memory_map_entry entries[32];
    for (uint32_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = (struct mb2_memory_map_entry){ .base = GIB(1000) * i, .length = GIB(1), .type = i };
    build_map(24, entries, ARRAY_LEN(entries), 0);
    parse_without_complaint();
    struct memmap_entry entry;
    size_t found = 0;
    for (size_t cursor = 0; boot_info_next_map_entry(&info, &cursor, &entry); found++)
        assert_int_equal(entry.kind == MEMMAP_USABLE, entry.source_type == 1);
    assert_int_equal(found, ARRAY_LEN(entries));
}

static void entries_that_wrap_are_clamped_and_empty_ones_skipped(void **state)
{
    (void)state;
    const struct mb2_memory_map_entry entries[] = {
        { .base = 0xffffffffffff0000, .length = 0x20000, .type = 2 },
        { .base = 0x5000, .length = 0, .type = 2 },
        { .base = 0x1000, .length = UINT64_MAX, .type = 1 },
    };
    build_map(24, entries, 3, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0xffffffffffff0000, UINT64_MAX, MEMMAP_RESERVED, 2 },
                  { 0x1000, UINT64_MAX, MEMMAP_USABLE, 1 });
}

static void the_basic_memory_sizes_count_only_without_a_map(void **state)
{
    (void)state;
    BUILD_BYTES(&b, MB2_TAG_BASIC_MEMORY, 0x80, 2, 0, 0, 0, 0xfc, 1, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0, 0xa0000, MEMMAP_USABLE, 1 }, { 0x100000, 0x8000000, MEMMAP_USABLE, 1 });
    free(b.allocation);

    build_start(&b);
    BUILD_BYTES(&b, MB2_TAG_BASIC_MEMORY, 0x80, 2, 0, 0, 0, 0xfc, 1, 0);
    build_map(24, map_entries, 1, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 });
}

static void the_basic_sizes_may_be_4_tib(void **state)
{
    (void)state;
    BUILD_BYTES(&b, MB2_TAG_BASIC_MEMORY, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0x100000, 0x100000 + KIB(0xffffffff), MEMMAP_USABLE, 1 });
}

/* EFI calls 1 MiB to 8 MiB usable and the BIOS's map calls part of that reserved: stolen by graphics, for
   one. */
static void memory_under_a_stricter_reservation_is_not_reported_as_ram(void **state)
{
    (void)state;
    static const struct mb2_memory_map_entry entries[] = {
        { .base = 0x400000, .length = 0x200000, .type = 2 }
    };
    build_efi_map(48, 1, efi_descriptors, 3, 0);
    build_map(24, entries, 1, 0);
    parse_without_complaint();
    assert_true(boot_info_calls_ram(&info, phys_range_of(0x100000, 0x100001)));
    assert_true(boot_info_calls_ram(&info, phys_range_of(0, 0x100001)));
    assert_false(boot_info_calls_ram(&info, phys_range_of(0x400000, 0x600000)));
    assert_false(boot_info_calls_ram(&info, phys_range_of(0x500000, 0x500008)));
    assert_true(boot_info_calls_ram(&info, phys_range_of(0x400000, 0x600001)));
    assert_true(boot_info_calls_ram(&info, phys_range_of(0x3fffff, 0x400001)));
    assert_false(boot_info_calls_ram(&info, phys_range_of(0x900000, 0x901000)));
    assert_false(boot_info_calls_ram(&info, phys_range_of(0xa0000, 0xb0000)));
    assert_false(boot_info_calls_ram(&info, phys_range_of(0xfd000000, UINT64_MAX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_efi_map_is_walked_by_its_own_stride),
        TEST(efi_descriptors_of_another_version_are_read_and_reported),
        TEST(an_efi_map_with_too_small_a_stride_is_ignored),
        TEST(an_efi_length_that_wraps_is_clamped),
        TEST(boot_services_memory_is_not_free_while_they_run),
        TEST(the_type_is_32_bits_wide),
        TEST(the_bios_map_is_walked_by_its_own_stride),
        TEST(no_entry_is_read_beyond_a_short_stride),
        TEST(a_bios_map_with_too_small_a_stride_is_ignored),
        TEST(a_partial_entry_at_the_end_of_a_map_is_ignored),
        TEST(only_type_1_makes_usable_memory),
        TEST(entries_that_wrap_are_clamped_and_empty_ones_skipped),
        TEST(the_basic_memory_sizes_count_only_without_a_map),
        TEST(the_basic_sizes_may_be_4_tib),
        TEST(memory_under_a_stricter_reservation_is_not_reported_as_ram),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

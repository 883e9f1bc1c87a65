/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Multiboot2 information as loaders write it, and as they must not. Names say which mistake of
 * other kernels a case would catch.
 */
#include <ashlar/bits.h>
#include <boot/boot_info.h>

#include "mb2_builder.h"

#include <setjmp.h>
#include <stdarg.h>
// clang-format off
#include <cmocka.h>
// clang-format on

#define ADDRESS phys(0x12345000)

static struct builder b;
static struct boot_info info;
static unsigned int complaints;
static char last_complaint[256];
static uint64_t last_number;

static void note_complaint(const char *sentence, uint64_t number)
{
    complaints++;
    strncpy(last_complaint, sentence, sizeof(last_complaint) - 1);
    last_number = number;
}

static int start(void **state)
{
    (void)state;
    complaints = 0;
    last_complaint[0] = '\0';
    build_start(&b);
    return 0;
}

static int finish(void **state)
{
    (void)state;
    free(b.allocation);
    b.allocation = NULL;
    return 0;
}

static void parse(void)
{
    const void *data = build_end(&b);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(info.warnings, complaints);
}

static void parse_without_complaint(void)
{
    parse();
    assert_int_equal(complaints, 0);
}

static void assert_text(struct bytes text, const char *wanted)
{
    assert_non_null(text.data);
    assert_int_equal(text.size_bytes, strlen(wanted));
    assert_string_equal((const char *)text.data, wanted);
}

static void assert_absent(struct bytes bytes)
{
    assert_null(bytes.data);
    assert_int_equal(bytes.size_bytes, 0);
}

/* ---- what is where ---- */

static void an_empty_structure_has_nothing_and_no_complaint(void **state)
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
    struct memmap_entry claim;
    assert_false(boot_info_next_module(&info, &cursor, &module));
    cursor = 0;
    assert_false(boot_info_next_claim(&info, &cursor, &claim));
}

static void every_simple_tag_arrives(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "run=\"test; exit\" maxcpus=4");
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB 2.06");
    BUILD_BYTES(&b, MB2_TAG_BASIC_MEMORY, 0x7f, 2, 0, 0, 0x80, 0xfb, 7, 0);
    BUILD_BYTES(&b, MB2_TAG_BIOS_DEVICE, 0xe0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_SYSTEM_TABLE, 0x18, 0x20, 0xee, 7, 1, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_EFI64_IMAGE_HANDLE, 0x98, 0x10, 0xaa, 6, 2, 0, 0, 0);
    BUILD_BYTES(&b, MB2_TAG_LOAD_BASE, 0, 0, 0x20, 0);
    BUILD_BYTES(&b, MB2_TAG_SMBIOS, 3, 2, 0, 0, 0, 0, 0, 0, '_', 'S', 'M', '3', '_');
    parse_without_complaint();

    assert_text(info.command_line, "run=\"test; exit\" maxcpus=4");
    assert_text(info.loader_name, "GRUB 2.06");
    assert_true(info.has_basic_memory);
    assert_int_equal(info.memory_lower_kib, 639);
    assert_int_equal(info.memory_upper_kib, 0x7fb80);
    assert_true(info.has_bios_device);
    assert_int_equal(info.bios_device, 0xe0);
    assert_int_equal(info.bios_partition, 0xffffffff);
    assert_int_equal(info.bios_subpartition, 1);
    assert_int_equal(info.efi_bits, 64);
    assert_int_equal(info.efi_system_table, 0x107ee2018);
    assert_int_equal(info.efi_image_handle, 0x206aa1098);
    assert_true(info.has_load_base);
    assert_int_equal(info.load_base, 0x200000);
    assert_int_equal(info.smbios_major, 3);
    assert_int_equal(info.smbios_minor, 2);
    assert_int_equal(info.smbios.size_bytes, 5);
    assert_memory_equal(info.smbios.data, "_SM3_", 5);
    assert_false(info.efi_boot_services);
}

static void a_32_bit_efi_is_told_apart(void **state)
{
    (void)state;
    BUILD_BYTES(&b, MB2_TAG_EFI32_SYSTEM_TABLE, 0x18, 0x20, 0xee, 0xf7);
    BUILD_BYTES(&b, MB2_TAG_EFI32_IMAGE_HANDLE, 0x98, 0x10, 0xaa, 0xf6);
    parse_without_complaint();
    assert_int_equal(info.efi_bits, 32);
    assert_int_equal(info.efi_system_table, 0xf7ee2018);
    assert_int_equal(info.efi_image_handle, 0xf6aa1098);
}

static void vbe_apm_and_elf_sections_are_kept_as_they_came(void **state)
{
    (void)state;
    uint8_t vbe[sizeof(struct mb2_tag_vbe) - 8] = { 0x18, 0x41 };
    uint8_t apm[sizeof(struct mb2_tag_apm) - 8] = { 2, 1 };
    uint8_t elf[12 + 64] = { 1, 0, 0, 0, 64 };
    build_tag(&b, MB2_TAG_VBE, vbe, sizeof(vbe));
    build_tag(&b, MB2_TAG_APM, apm, sizeof(apm));
    build_tag(&b, MB2_TAG_ELF_SECTIONS, elf, sizeof(elf));
    parse_without_complaint();
    assert_int_equal(info.vbe.size_bytes, sizeof(vbe));
    assert_memory_equal(info.vbe.data, vbe, sizeof(vbe));
    assert_memory_equal(info.apm.data, apm, sizeof(apm));
    assert_int_equal(info.elf_sections.size_bytes, sizeof(elf));
}

static void of_several_network_tags_the_first_is_kept_and_all_are_counted(void **state)
{
    (void)state;
    BUILD_BYTES(&b, MB2_TAG_NETWORK, 2, 1, 6, 0);
    BUILD_BYTES(&b, MB2_TAG_NETWORK, 9, 9, 9);
    parse_without_complaint();
    assert_int_equal(info.network.size_bytes, 4);
    assert_int_equal(info.network.data[0], 2);
    assert_int_equal(info.network_count, 2);
}

static void unknown_tags_are_skipped_without_a_word(void **state)
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

static void of_a_tag_that_comes_twice_the_first_counts(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "first");
    build_text(&b, MB2_TAG_COMMAND_LINE, "second");
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(last_number, MB2_TAG_COMMAND_LINE);
    assert_text(info.command_line, "first");
}

static void the_structure_may_lie_at_any_alignment(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_COMMAND_LINE, "odd");
    BUILD_BYTES(&b, MB2_TAG_EFI64_SYSTEM_TABLE, 1, 2, 3, 4, 5, 6, 7, 8);
    build_module(&b, 0x100000, 0x200000, "m");
    build_tag(&b, MB2_TAG_END, NULL, 0);
    for (size_t misalignment = 0; misalignment < 8; misalignment++) {
        const void *data = build_end_at(&b, (uint32_t)b.size, misalignment);
        assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
        assert_int_equal(info.efi_system_table, 0x0807060504030201);
        assert_text(info.command_line, "odd");
        assert_int_equal(info.module_count, 1);
        free(b.allocation);
    }
    b.allocation = NULL;
    assert_int_equal(complaints, 0);
}

/* ---- lengths that lie: B19, the tag walker that runs off the end ---- */

static void B19_a_tag_that_reaches_beyond_the_structure_ends_the_walk(void **state)
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

static void B19_a_tag_of_size_0_does_not_hang_the_walk(void **state)
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

static void B19_a_size_near_2_to_the_32_does_not_wrap(void **state)
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

static void B19_every_tag_cut_at_every_length_is_survived(void **state)
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
            struct memmap_entry claim;
            struct boot_module module;
            for (size_t cursor = 0; boot_info_next_claim(&info, &cursor, &claim);)
                assert_true(claim.start < claim.end);
            for (size_t cursor = 0; boot_info_next_module(&info, &cursor, &module);)
                assert_true(module.start.raw <= module.end.raw);
            for (size_t cursor = 0; boot_info_next_reservation(&info, &cursor, &claim);)
                assert_true(claim.start < claim.end);
            free(b.allocation);
            b.allocation = NULL;
        }
    }
}

static void a_tag_too_short_for_its_fields_is_left_out_by_number(void **state)
{
    (void)state;
    static const struct {
        uint32_t type, minimum;
    } tags[] = {
        { 3, 16 },  { 4, 16 },  { 5, 20 },  { 6, 16 },  { 7, 784 }, { 8, 32 },
        { 9, 20 },  { 10, 28 }, { 11, 12 }, { 12, 16 }, { 13, 16 }, { 14, 28 },
        { 15, 44 }, { 17, 16 }, { 19, 12 }, { 20, 16 }, { 21, 12 },
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

static void a_missing_end_tag_is_noticed(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "no end");
    const void *data = build_end_at(&b, (uint32_t)b.size, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1);
    assert_text(info.loader_name, "no end");
}

static void an_end_tag_that_lacks_its_padding_is_found(void **state)
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

static void a_total_size_beyond_what_can_be_read_is_cut(void **state)
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

static void a_total_size_that_ends_inside_a_tag_is_believed(void **state)
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

static void fewer_than_eight_bytes_are_no_boot_information(void **state)
{
    (void)state;
    const uint8_t bytes[8] = { 7 };
    for (size_t size = 0; size < 8; size++)
        assert_int_equal(mb2_parse(bytes, size, ADDRESS, NULL, &info), STATUS_TRUNCATED);
    assert_int_equal(mb2_parse(bytes, 8, ADDRESS, NULL, &info), STATUS_MALFORMED);
}

static void nobody_need_listen_to_complaints(void **state)
{
    (void)state;
    build_tag_sized(&b, MB2_TAG_COMMAND_LINE, 3, "x", 2);
    const void *data = build_end(&b);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, NULL, &info), STATUS_OK);
    assert_int_equal(info.warnings, 1);
}

/* ---- strings ---- */

static void a_string_without_its_nul_is_left_out(void **state)
{
    (void)state;
    build_tag(&b, MB2_TAG_COMMAND_LINE, "abcdefgh", 8);
    build_tag(&b, MB2_TAG_LOADER_NAME, NULL, 0);
    parse();
    assert_int_equal(complaints, 2);
    assert_absent(info.command_line);
    assert_absent(info.loader_name);
}

static void an_empty_string_is_there_and_empty(void **state)
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

static void a_view_is_copied_as_a_string_that_ends_in_nul(void **state)
{
    (void)state;
    char buffer[5] = "....";
    const uint8_t text[] = { 'l', 'o', 'n', 'g', 'e', 'r' };
    text_view((struct bytes){ text, sizeof(text) }, buffer, sizeof(buffer));
    assert_string_equal(buffer, "long");
    text_view((struct bytes){ text, 2 }, buffer, sizeof(buffer));
    assert_string_equal(buffer, "lo");
    text_view((struct bytes){ NULL, 0 }, buffer, sizeof(buffer));
    assert_string_equal(buffer, "");
    text_view((struct bytes){ text, sizeof(text) }, buffer, 1);
    assert_string_equal(buffer, "");
}

/* ---- the RSDP: B15 and seed 9, ACPI not found under UEFI ---- */

static void build_rsdp(uint32_t type, uint8_t mark)
{
    uint8_t rsdp[36] = "RSD PTR ";
    rsdp[8] = mark;
    build_tag(&b, type, rsdp, type == MB2_TAG_RSDP_V2 ? 36 : 20);
}

static void B15_the_rsdp_comes_from_the_tag(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 20);
    assert_int_equal(info.rsdp.data[8], 1);
}

static void seed9_rsdp_v2_wins_when_it_comes_last(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 36);
    assert_int_equal(info.rsdp.data[8], 2);
}

static void seed9_rsdp_v2_wins_when_it_comes_first(void **state)
{
    (void)state;
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse_without_complaint();
    assert_int_equal(info.rsdp.size_bytes, 36);
    assert_int_equal(info.rsdp.data[8], 2);
}

static void a_v2_tag_that_holds_no_rsdp_leaves_v1_in_place(void **state)
{
    (void)state;
    uint8_t nonsense[36] = "RSD PTX ";
    build_tag(&b, MB2_TAG_RSDP_V2, nonsense, sizeof(nonsense));
    build_rsdp(MB2_TAG_RSDP_V1, 1);
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.rsdp.size_bytes, 20);
}

/* ---- framebuffers: B14 and seed 8, the blank screen ---- */

static struct mb2_tag_framebuffer framebuffer_1024(uint8_t type, uint8_t bits)
{
    return (struct mb2_tag_framebuffer){
        .address = 0x4c0000000,
        .pitch = 1024 * ((bits + 7u) / 8),
        .width = 1024,
        .height = 768,
        .bits_per_pixel = bits,
        .type = type,
    };
}

static void build_rgb(const struct mb2_tag_framebuffer *fb, uint8_t red, uint8_t green, uint8_t blue)
{
    const struct mb2_framebuffer_rgb rgb = { red, 8, green, 8, blue, 8 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, *fb, &rgb, sizeof(rgb));
}

static void B14_without_a_framebuffer_tag_there_is_none(void **state)
{
    (void)state;
    build_text(&b, MB2_TAG_LOADER_NAME, "GRUB without all_video");
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_NONE);
    struct memmap_entry claim;
    for (size_t cursor = 0; boot_info_next_reservation(&info, &cursor, &claim);)
        assert_int_not_equal(claim.kind, MEMMAP_FRAMEBUFFER);
}

static void seed8_an_rgb_framebuffer_above_4_gib_arrives_whole(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    build_rgb(&fb, 16, 8, 0);
    parse_without_complaint();
    const struct boot_framebuffer *got = &info.framebuffer;
    assert_int_equal(got->type, FRAMEBUFFER_RGB);
    assert_int_equal(got->address.raw, 0x4c0000000);
    assert_int_equal(got->pitch_bytes, 4096);
    assert_int_equal(got->width, 1024);
    assert_int_equal(got->height, 768);
    assert_int_equal(got->bits_per_pixel, 32);
    assert_int_equal(got->red_position, 16);
    assert_int_equal(got->green_position, 8);
    assert_int_equal(got->blue_position, 0);
    assert_int_equal(got->red_size, 8);
    assert_int_equal(got->green_size, 8);
    assert_int_equal(got->blue_size, 8);
}

static void seed8_an_indexed_framebuffer_has_its_palette(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_INDEXED, 8);
    const uint8_t colours[] = { 2, 0, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, sizeof(colours));
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_INDEXED);
    assert_int_equal(info.framebuffer.palette.size_bytes, 6);
    assert_memory_equal(info.framebuffer.palette.data, colours + 2, 6);
}

static void seed8_ega_text_is_counted_in_characters(void **state)
{
    (void)state;
    const struct mb2_tag_framebuffer fb = {
        .address = 0xb8000,
        .pitch = 160,
        .width = 80,
        .height = 25,
        .bits_per_pixel = 16,
        .type = MB2_FRAMEBUFFER_EGA_TEXT,
    };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, NULL, 0);
    parse_without_complaint();
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_TEXT);
    assert_int_equal(info.framebuffer.width, 80);
}

static void expect_no_framebuffer(void)
{
    parse();
    assert_int_equal(complaints, 1);
    assert_int_equal(info.framebuffer.type, FRAMEBUFFER_NONE);
    free(b.allocation);
    b.allocation = NULL;
    complaints = 0;
    build_start(&b);
}

static void a_framebuffer_whose_palette_is_cut_off_is_left_out(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_INDEXED, 8);
    const uint8_t colours[] = { 0, 1, 0x11, 0x22, 0x33 };
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, sizeof(colours));
    expect_no_framebuffer();
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, colours, 1);
    expect_no_framebuffer();
}

static void a_framebuffer_without_its_colours_is_left_out(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);
    BUILD_TAG(&b, MB2_TAG_FRAMEBUFFER, fb, "12345", 5);
    expect_no_framebuffer();
}

static void colours_outside_their_pixel_are_refused(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 24);
    build_rgb(&fb, 17, 8, 0);
    expect_no_framebuffer();
    build_rgb(&fb, 16, 255, 0);
    expect_no_framebuffer();
    build_rgb(&fb, 16, 8, 20);
    expect_no_framebuffer();
}

static void a_framebuffer_that_contradicts_itself_is_left_out(void **state)
{
    (void)state;
    struct mb2_tag_framebuffer fb;
#define EXPECT_REFUSED(change)                                                                               \
    fb = framebuffer_1024(MB2_FRAMEBUFFER_RGB, 32);                                                          \
    change;                                                                                                  \
    build_rgb(&fb, 16, 8, 0);                                                                                \
    expect_no_framebuffer()
    EXPECT_REFUSED(fb.pitch = 4095);
    EXPECT_REFUSED(fb.width = 0);
    EXPECT_REFUSED(fb.height = 0);
    EXPECT_REFUSED(fb.bits_per_pixel = 0);
    EXPECT_REFUSED(fb.address = 0);
    EXPECT_REFUSED(fb.address = UINT64_MAX - 4096);
    EXPECT_REFUSED(fb.width = 0x40000001; fb.pitch = 4);
    EXPECT_REFUSED(fb.type = 3);
    EXPECT_REFUSED(fb.type = 255);
#undef EXPECT_REFUSED
}

/* ---- memory maps: B17, B18 and seed 13 ---- */

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

static void build_map(uint32_t stride, const struct mb2_memory_map_entry *entries, size_t count,
                      size_t extra_bytes)
{
    struct mb2_tag_memory_map map = { .entry_size = stride };
    uint8_t bytes[2048];
    memset(bytes, 0xa5, sizeof(bytes));
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * stride, &entries[i], stride < sizeof(*entries) ? stride : sizeof(*entries));
    BUILD_TAG(&b, MB2_TAG_MEMORY_MAP, map, bytes, count * stride + extra_bytes);
}

static void expect_claims(const struct memmap_entry *wanted, size_t count)
{
    size_t cursor = 0;
    struct memmap_entry claim;
    for (size_t i = 0; i < count; i++) {
        assert_true(boot_info_next_claim(&info, &cursor, &claim));
        assert_int_equal(claim.start, wanted[i].start);
        assert_int_equal(claim.end, wanted[i].end);
        assert_int_equal(claim.kind, wanted[i].kind);
        assert_int_equal(claim.source_type, wanted[i].source_type);
    }
    assert_false(boot_info_next_claim(&info, &cursor, &claim));
    assert_false(boot_info_next_claim(&info, &cursor, &claim));
}

#define EXPECT_CLAIMS(...)                                                                                   \
    do {                                                                                                     \
        const struct memmap_entry wanted[] = { __VA_ARGS__ };                                                \
        expect_claims(wanted, ARRAY_LEN(wanted));                                                            \
    } while (0)

static const struct mb2_efi_descriptor efi_descriptors[] = {
    { .type = 7, .physical_start = 0x100000, .pages = 0x700, .attribute = 0xf },
    { .type = 4, .physical_start = 0x800000, .pages = 2, .attribute = 0xf },
    { .type = 6, .physical_start = 0x900000, .pages = 1, .attribute = BIT(63) | 0xf },
};

static void B18_the_efi_map_is_walked_by_the_stride_it_names(void **state)
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

static void B18_efi_descriptors_of_another_version_are_read_and_reported(void **state)
{
    (void)state;
    build_efi_map(48, 2, efi_descriptors, 1, 0);
    parse();
    assert_int_equal(complaints, 1);
    EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 });
}

static void an_efi_map_with_a_stride_below_a_descriptor_is_left_out(void **state)
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
        expect_claims(NULL, 0);
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void an_efi_length_beyond_2_to_the_64_is_held_at_the_top(void **state)
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

static void while_boot_services_run_their_memory_is_not_free(void **state)
{
    (void)state;
    build_efi_map(48, 1, efi_descriptors, 2, 0);
    build_tag(&b, MB2_TAG_EFI_BOOT_SERVICES, NULL, 0);
    parse_without_complaint();
    assert_true(info.efi_boot_services);
    EXPECT_CLAIMS({ 0x100000, 0x800000, MEMMAP_USABLE, 7 }, { 0x800000, 0x802000, MEMMAP_RESERVED, 4 });
}

static const struct mb2_memory_map_entry map_entries[] = {
    { .base = 0, .length = 0x9fc00, .type = 1, .reserved = 0xffffffff },
    { .base = 0xf0000, .length = 0x10000, .type = 2 },
    { .base = 0x100000000, .length = 0x40000000, .type = 1 },
};

static void seed13_the_type_is_32_bits_wide(void **state)
{
    (void)state;
    /* The first entry's reserved word is all ones: read as 64 bits, the type would be unknown. */
    build_map(24, map_entries, 3, 0);
    parse_without_complaint();
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xf0000, 0x100000, MEMMAP_RESERVED, 2 },
                  { 0x100000000, 0x140000000, MEMMAP_USABLE, 1 });
}

static void seed13_the_bios_map_is_walked_by_the_stride_it_names(void **state)
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

static void a_short_stride_is_not_read_beyond(void **state)
{
    (void)state;
    /* 20 bytes an entry leave the reserved word out; behind the last one the allocation ends. */
    build_map(20, map_entries, 2, 0);
    const void *data = build_end_at(&b, (uint32_t)b.size, 0);
    assert_int_equal(mb2_parse(data, b.size, ADDRESS, note_complaint, &info), STATUS_OK);
    assert_int_equal(complaints, 1); /* no end tag */
    EXPECT_CLAIMS({ 0, 0x9fc00, MEMMAP_USABLE, 1 }, { 0xf0000, 0x100000, MEMMAP_RESERVED, 2 });
}

static void a_bios_map_with_a_stride_below_an_entry_is_left_out(void **state)
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
        expect_claims(NULL, 0);
        free(b.allocation);
        b.allocation = NULL;
    }
}

static void a_partial_entry_at_the_end_of_a_map_is_left_out(void **state)
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

static void B17_only_type_1_makes_usable_memory(void **state)
{
    (void)state;
    struct mb2_memory_map_entry entries[32];
    for (uint32_t i = 0; i < ARRAY_LEN(entries); i++)
        entries[i] = (struct mb2_memory_map_entry){ .base = GIB(1000) * i, .length = GIB(1), .type = i };
    build_map(24, entries, ARRAY_LEN(entries), 0);
    parse_without_complaint();
    struct memmap_entry claim;
    size_t claims = 0;
    for (size_t cursor = 0; boot_info_next_claim(&info, &cursor, &claim); claims++)
        assert_int_equal(claim.kind == MEMMAP_USABLE, claim.source_type == 1);
    assert_int_equal(claims, ARRAY_LEN(entries));
}

static void entries_that_wrap_are_held_at_the_top_and_empty_ones_skipped(void **state)
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

static void the_two_basic_sizes_count_only_without_a_map(void **state)
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

/* ---- modules: B16 and B17, seed 11 ---- */

static void B17_modules_just_below_4_gib_keep_their_addresses(void **state)
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

static void modules_come_in_order_with_their_strings_and_without_limit(void **state)
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

static void a_module_that_ends_before_it_starts_is_left_out(void **state)
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

static void a_module_whose_string_has_no_end_is_kept_without_it(void **state)
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

static void B16_everything_the_loader_left_is_reserved(void **state)
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
    struct memmap_entry claim;
    size_t cursor = 0;
    while (boot_info_next_reservation(&info, &cursor, &claim)) {
        assert_true(claim.start < claim.end);
        assert_int_equal(claim.source_type, 0);
        if (claim.kind == MEMMAP_MODULE) {
            assert_int_equal(claim.start, modules == 0 ? 0x1000000 : 0x3000000);
            assert_int_equal(claim.end, modules == 0 ? 0x1234567 : 0x3000001);
            modules++;
        } else if (claim.kind == MEMMAP_FRAMEBUFFER) {
            assert_int_equal(claim.start, 0x4c0000000);
            assert_int_equal(claim.end, 0x4c0000000 + 4096 * 768);
            framebuffers++;
        } else {
            assert_int_equal(claim.kind, MEMMAP_BOOT_INFO);
            own_start = claim.start < own_start ? claim.start : own_start;
            own_end = claim.end > own_end ? claim.end : own_end;
        }
    }
    assert_false(boot_info_next_reservation(&info, &cursor, &claim));
    assert_int_equal(modules, 2);
    assert_int_equal(framebuffers, 1);
    assert_int_equal(own_start, ADDRESS.raw);
    assert_int_equal(own_end, ADDRESS.raw + b.size);
}

/* ---- whole structures: B30, and what GRUB sends in which case ---- */

static void B30_tags_of_a_loader_that_knows_fewer_are_enough(void **state)
{
    (void)state;
    /* No 4, 5, 9, 10 and 21: Limine. */
    build_text(&b, MB2_TAG_COMMAND_LINE, "");
    build_text(&b, MB2_TAG_LOADER_NAME, "Limine 8");
    build_map(24, map_entries, 3, 0);
    build_rsdp(MB2_TAG_RSDP_V2, 2);
    parse_without_complaint();
    assert_text(info.loader_name, "Limine 8");
    assert_false(info.has_load_base);
    assert_false(info.has_basic_memory);
    assert_non_null(info.rsdp.data);
}

static void grub_that_kept_boot_services_gives_no_map_and_that_is_seen(void **state)
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
    expect_claims(NULL, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_structure_has_nothing_and_no_complaint),
        TEST(every_simple_tag_arrives),
        TEST(a_32_bit_efi_is_told_apart),
        TEST(vbe_apm_and_elf_sections_are_kept_as_they_came),
        TEST(of_several_network_tags_the_first_is_kept_and_all_are_counted),
        TEST(unknown_tags_are_skipped_without_a_word),
        TEST(of_a_tag_that_comes_twice_the_first_counts),
        TEST(the_structure_may_lie_at_any_alignment),
        TEST(B19_a_tag_that_reaches_beyond_the_structure_ends_the_walk),
        TEST(B19_a_tag_of_size_0_does_not_hang_the_walk),
        TEST(B19_a_size_near_2_to_the_32_does_not_wrap),
        TEST(B19_every_tag_cut_at_every_length_is_survived),
        TEST(a_tag_too_short_for_its_fields_is_left_out_by_number),
        TEST(a_missing_end_tag_is_noticed),
        TEST(an_end_tag_that_lacks_its_padding_is_found),
        TEST(a_total_size_beyond_what_can_be_read_is_cut),
        TEST(a_total_size_that_ends_inside_a_tag_is_believed),
        TEST(fewer_than_eight_bytes_are_no_boot_information),
        TEST(nobody_need_listen_to_complaints),
        TEST(a_string_without_its_nul_is_left_out),
        TEST(an_empty_string_is_there_and_empty),
        TEST(a_string_ends_at_its_first_nul),
        TEST(a_view_is_copied_as_a_string_that_ends_in_nul),
        TEST(B15_the_rsdp_comes_from_the_tag),
        TEST(seed9_rsdp_v2_wins_when_it_comes_last),
        TEST(seed9_rsdp_v2_wins_when_it_comes_first),
        TEST(a_v2_tag_that_holds_no_rsdp_leaves_v1_in_place),
        TEST(B14_without_a_framebuffer_tag_there_is_none),
        TEST(seed8_an_rgb_framebuffer_above_4_gib_arrives_whole),
        TEST(seed8_an_indexed_framebuffer_has_its_palette),
        TEST(seed8_ega_text_is_counted_in_characters),
        TEST(a_framebuffer_whose_palette_is_cut_off_is_left_out),
        TEST(a_framebuffer_without_its_colours_is_left_out),
        TEST(colours_outside_their_pixel_are_refused),
        TEST(a_framebuffer_that_contradicts_itself_is_left_out),
        TEST(B18_the_efi_map_is_walked_by_the_stride_it_names),
        TEST(B18_efi_descriptors_of_another_version_are_read_and_reported),
        TEST(an_efi_map_with_a_stride_below_a_descriptor_is_left_out),
        TEST(an_efi_length_beyond_2_to_the_64_is_held_at_the_top),
        TEST(while_boot_services_run_their_memory_is_not_free),
        TEST(seed13_the_type_is_32_bits_wide),
        TEST(seed13_the_bios_map_is_walked_by_the_stride_it_names),
        TEST(a_short_stride_is_not_read_beyond),
        TEST(a_bios_map_with_a_stride_below_an_entry_is_left_out),
        TEST(a_partial_entry_at_the_end_of_a_map_is_left_out),
        TEST(B17_only_type_1_makes_usable_memory),
        TEST(entries_that_wrap_are_held_at_the_top_and_empty_ones_skipped),
        TEST(the_two_basic_sizes_count_only_without_a_map),
        TEST(the_basic_sizes_may_be_4_tib),
        TEST(B17_modules_just_below_4_gib_keep_their_addresses),
        TEST(modules_come_in_order_with_their_strings_and_without_limit),
        TEST(a_module_that_ends_before_it_starts_is_left_out),
        TEST(a_module_whose_string_has_no_end_is_kept_without_it),
        TEST(B16_everything_the_loader_left_is_reserved),
        TEST(B30_tags_of_a_loader_that_knows_fewer_are_enough),
        TEST(grub_that_kept_boot_services_gives_no_map_and_that_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

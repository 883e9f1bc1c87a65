/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64's file is treated as untrusted: a valid file is loaded byte by byte, and each kind of invalid file
 * is refused before anything is written.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/fmt/elf.h>
#include <load.h>

#define FILE_SIZE    0x3000u
#define RESERVE_SIZE 0x10000u

/* Three segments as the linker lays them out: code, constants, data with a tail of zeros. */
static struct image {
    struct elf64_header header;
    struct elf64_program_header segments[4];
    uint8_t rest[FILE_SIZE - sizeof(struct elf64_header) - 4 * sizeof(struct elf64_program_header)];
} file;

static uint8_t *reserve;
static struct load_result result;

static void set_segment(unsigned int i, uint64_t offset, uint64_t virt, uint64_t file_size,
                        uint64_t memory_size, uint32_t flags)
{
    file.segments[i] = (struct elf64_program_header){
        .type = ELF_PT_LOAD,
        .flags = flags,
        .offset = offset,
        .virtual_address = virt,
        .file_size = file_size,
        .memory_size = memory_size,
    };
}

static void make_file(void)
{
    for (size_t i = 0; i < sizeof(file.rest); i++)
        file.rest[i] = (uint8_t)(i * 7 + 1);
    file.header = (struct elf64_header){
        .type = ELF_TYPE_EXEC,
        .machine = ELF_MACHINE_X86_64,
        .entry = KERNEL_IMAGE_START + 0x10,
        .program_headers = offsetof(struct image, segments),
        .program_header_size = sizeof(struct elf64_program_header),
        .program_header_count = 4,
    };
    memcpy(file.header.ident, ELF_MAGIC, 4);
    file.header.ident[4] = ELF_CLASS_64;
    file.header.ident[5] = ELF_DATA_LSB;
    set_segment(0, 0x1000, KERNEL_IMAGE_START, 0x800, 0x800, ELF_PF_X | 4);
    set_segment(1, 0x1800, KERNEL_IMAGE_START + 0x1800, 0x200, 0x200, 4);
    set_segment(2, 0x2000, KERNEL_IMAGE_START + 0x3000, 0x100, 0x2100, ELF_PF_W | 4);
    file.segments[3] = (struct elf64_program_header){ .type = 4 }; /* a note: passed over */
}

static int set_up(void **state)
{
    (void)state;
    make_file();
    /* Exactly this size, so that the sanitizer reports one byte too many. */
    reserve = calloc(1, RESERVE_SIZE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(reserve);
    return 0;
}

static status_t load(uint32_t file_size)
{
    return load_kernel(&file, file_size, reserve, RESERVE_SIZE, &result);
}

static void expect_refused(status_t status)
{
    assert_int_equal(load(FILE_SIZE), status);
    for (size_t i = 0; i < RESERVE_SIZE; i++)
        assert_int_equal(reserve[i], 0);
}

static void segments_are_loaded_at_their_linked_offsets(void **state)
{
    (void)state;
    memset(reserve, 0xa5, RESERVE_SIZE); /* the state after a reset */
    assert_int_equal(load(FILE_SIZE), STATUS_OK);
    const uint8_t *bytes = (const uint8_t *)&file;
    assert_memory_equal(reserve, bytes + 0x1000, 0x800);
    assert_memory_equal(reserve + 0x1800, bytes + 0x1800, 0x200);
    assert_memory_equal(reserve + 0x3000, bytes + 0x2000, 0x100);
    for (size_t i = 0x3100; i < 0x3000 + 0x2100; i++)
        assert_int_equal(reserve[i], 0);
    for (size_t i = 0x800; i < 0x1800; i++)
        assert_int_equal(reserve[i], 0xa5);
}

static void the_result_lists_whole_pages_and_their_permissions(void **state)
{
    (void)state;
    assert_int_equal(load(FILE_SIZE), STATUS_OK);
    assert_int_equal(result.entry, KERNEL_IMAGE_START + 0x10);
    assert_int_equal(result.end, KERNEL_IMAGE_START + 0x6000);
    assert_int_equal(result.segment_count, 3);
    static const struct load_segment expected[] = {
        { KERNEL_IMAGE_START, KERNEL_IMAGE_START + 0x1000, false, true },
        { KERNEL_IMAGE_START + 0x1000, KERNEL_IMAGE_START + 0x2000, false, false },
        { KERNEL_IMAGE_START + 0x3000, KERNEL_IMAGE_START + 0x6000, true, false },
    };
    for (unsigned int i = 0; i < 3; i++) {
        assert_int_equal(result.segments[i].start, expected[i].start);
        assert_int_equal(result.segments[i].end, expected[i].end);
        assert_int_equal(result.segments[i].writable, expected[i].writable);
        assert_int_equal(result.segments[i].executable, expected[i].executable);
    }
}

static void other_kinds_of_files_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t offset;
        uint8_t value;
    } changes[] = {
        { 0, 'M' },
        { 3, 'f' },
        { 4, 1 },
        { 5, 2 },
        { offsetof(struct elf64_header, type), 3 },      /* position-independent */
        { offsetof(struct elf64_header, machine), 183 }, /* AArch64 */
        { offsetof(struct elf64_header, program_header_size), 32 },
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        make_file();
        ((uint8_t *)&file)[changes[i].offset] = changes[i].value;
        expect_refused(STATUS_UNSUPPORTED);
    }
}

/* Every length: from a copy of just that size, so that a read past its end is detected. */
static void a_file_cut_anywhere_is_refused_or_loaded_whole(void **state)
{
    (void)state;
    const uint32_t needed = 0x2100;
    for (uint32_t size = 0; size < FILE_SIZE; size += size < 0x140 ? 1 : 0x5b) {
        void *cut = malloc(size ? size : 1);
        memcpy(cut, &file, size);
        memset(reserve, 0, RESERVE_SIZE);
        status_t status = load_kernel(cut, size, reserve, RESERVE_SIZE, &result);
        assert_int_equal(status, size >= needed ? STATUS_OK : STATUS_TRUNCATED);
        free(cut);
    }
}

static void a_kernel_that_does_not_fit_the_reserve_is_refused_with_its_size(void **state)
{
    (void)state;
    file.segments[2].memory_size = RESERVE_SIZE - 0x3000;
    assert_int_equal(load(FILE_SIZE), STATUS_OK);
    memset(reserve, 0, RESERVE_SIZE);
    file.segments[2].memory_size = RESERVE_SIZE - 0x3000 + 1;
    expect_refused(STATUS_TOO_BIG);
    assert_int_equal(result.end - KERNEL_IMAGE_START, RESERVE_SIZE + 0x1000);
}

static void segments_outside_the_image_are_refused(void **state)
{
    (void)state;
    static const uint64_t addresses[] = { 0,
                                          0x100000,
                                          KERNEL_IMAGE_START - 0x1000,
                                          KERNEL_IMAGE_END - 0x1000,
                                          KERNEL_IMAGE_END,
                                          UINT64_MAX - 0x1000,
                                          UINT64_MAX };
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        file.segments[2].virtual_address = addresses[i];
        expect_refused(STATUS_MALFORMED);
    }
}

static void segments_that_overlap_or_share_a_page_are_refused(void **state)
{
    (void)state;
    file.segments[1].virtual_address = KERNEL_IMAGE_START + 0x800;
    expect_refused(STATUS_MALFORMED);
    file.segments[1].virtual_address = KERNEL_IMAGE_START + 0x4000; /* in descending order */
    expect_refused(STATUS_MALFORMED);
}

static void a_segment_writable_and_executable_is_refused(void **state)
{
    (void)state;
    file.segments[2].flags = ELF_PF_W | ELF_PF_X;
    expect_refused(STATUS_MALFORMED);
}

static void an_entry_outside_code_is_refused(void **state)
{
    (void)state;
    static const uint64_t entries[] = { 0, KERNEL_IMAGE_START - 1, KERNEL_IMAGE_START + 0x1000,
                                        KERNEL_IMAGE_START + 0x3000, UINT64_MAX };
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        file.header.entry = entries[i];
        expect_refused(STATUS_MALFORMED);
    }
}

static void more_bytes_in_the_file_than_in_memory_are_refused(void **state)
{
    (void)state;
    file.segments[1].file_size = file.segments[1].memory_size + 1;
    expect_refused(STATUS_MALFORMED);
}

static void an_empty_segment_copies_nothing(void **state)
{
    (void)state;
    set_segment(3, 0x1000, KERNEL_IMAGE_START - 0x10000, 0x1000, 0, 4);
    assert_int_equal(load(FILE_SIZE), STATUS_OK);
    assert_int_equal(result.segment_count, 3);
}

static void offsets_that_wrap_are_refused(void **state)
{
    (void)state;
    file.segments[2].offset = UINT64_MAX - 0x80;
    expect_refused(STATUS_TRUNCATED);
    make_file();
    file.segments[2].memory_size = UINT64_MAX;
    expect_refused(STATUS_MALFORMED);
    make_file();
    file.header.program_headers = UINT64_MAX - 7;
    expect_refused(STATUS_TRUNCATED);
}

static void too_many_segments_are_refused(void **state)
{
    (void)state;
    file.header.program_header_count = LOAD_SEGMENTS_MAX + 1;
    for (unsigned int i = 0; i < LOAD_SEGMENTS_MAX + 1u; i++) {
        struct elf64_program_header *segment = &file.segments[0] + i;
        *segment = (struct elf64_program_header){ .type = ELF_PT_LOAD,
                                                  .flags = ELF_PF_X,
                                                  .virtual_address = KERNEL_IMAGE_START + i * 0x1000,
                                                  .memory_size = 1 };
    }
    expect_refused(STATUS_TOO_BIG);
    file.header.program_header_count = 0;
    expect_refused(STATUS_MALFORMED);
}

#define CLAIM(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(segments_are_loaded_at_their_linked_offsets),
        CLAIM(the_result_lists_whole_pages_and_their_permissions),
        CLAIM(other_kinds_of_files_are_refused),
        CLAIM(a_file_cut_anywhere_is_refused_or_loaded_whole),
        CLAIM(a_kernel_that_does_not_fit_the_reserve_is_refused_with_its_size),
        CLAIM(segments_outside_the_image_are_refused),
        CLAIM(segments_that_overlap_or_share_a_page_are_refused),
        CLAIM(a_segment_writable_and_executable_is_refused),
        CLAIM(an_entry_outside_code_is_refused),
        CLAIM(more_bytes_in_the_file_than_in_memory_are_refused),
        CLAIM(an_empty_segment_copies_nothing),
        CLAIM(offsets_that_wrap_are_refused),
        CLAIM(too_many_segments_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of the device: a selector, a read position, and a directory.
 */
#include <ashlar/dev/fw_cfg.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

struct model_file {
    const char *name, *content;
};

static struct {
    bool is_present;
    const struct model_file *files;
    uint32_t file_count; /* that are there */
    uint32_t count_told; /* that the directory claims */
    uint16_t item;
    size_t position;
    uint64_t reads;
} device;

static uint8_t directory_byte(size_t position)
{
    if (position < 4)
        return (uint8_t)(device.count_told >> (8 * (3 - position)));
    size_t index = (position - 4) / 64, offset = (position - 4) % 64;
    if (index >= device.file_count)
        return 0;
    uint32_t size = (uint32_t)strlen(device.files[index].content), item = (uint32_t)(0x20 + index);
    char name[56] = { 0 };
    size_t name_length = strlen(device.files[index].name);
    memcpy(name, device.files[index].name, name_length < sizeof(name) ? name_length : sizeof(name));
    if (offset < 4)
        return (uint8_t)(size >> (8 * (3 - offset)));
    if (offset < 6)
        return (uint8_t)(item >> (8 * (5 - offset)));
    if (offset < 8)
        return 0xdd; /* reserved */
    return (uint8_t)name[offset - 8];
}

uint8_t io_in8(uint16_t port)
{
    device.reads++;
    if (!device.is_present || port != 0x511)
        return 0xff;
    size_t position = device.position++;
    if (device.item == 0)
        return position < 4 ? (uint8_t) "QEMU"[position] : 0;
    if (device.item == 0x19)
        return directory_byte(position);
    size_t index = device.item - 0x20u;
    if (index >= device.file_count || position >= strlen(device.files[index].content))
        return 0;
    return (uint8_t)device.files[index].content[position];
}

void io_out16(uint16_t port, uint16_t value)
{
    assert_int_equal(port, 0x510);
    device.item = value;
    device.position = 0;
}

static const struct model_file files[] = {
    { "etc/system-states", "abcdef" },
    { "opt/org.ashlar/cmdline2", "not this" },
    { "opt/org.ashlar/cmdline", "loglevel=debug run=\"test\"" },
    { "opt/org.ashlar/empty", "" },
    { "opt/a.name.that.is.fifty.five.characters.long.and.more1", "long" },
};

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.is_present = true;
    device.files = files;
    device.file_count = device.count_told = ARRAY_LEN(files);
    return 0;
}

static void a_file_is_found_by_its_whole_name(void **state)
{
    (void)state;
    char buffer[64];
    size_t length = 0;
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        assert_int_equal(fw_cfg_read_file(files[i].name, buffer, sizeof(buffer), &length), STATUS_OK);
        assert_int_equal(length, strlen(files[i].content));
        assert_memory_equal(buffer, files[i].content, length);
    }
    assert_int_equal(fw_cfg_read_file("opt/org.ashlar/cmd", buffer, sizeof(buffer), &length),
                     STATUS_NOT_FOUND);
}

static void the_command_line_has_its_documented_name(void **state)
{
    (void)state;
    char buffer[64];
    size_t length = 0;
    assert_int_equal(fw_cfg_read_file(FW_CFG_COMMAND_LINE, buffer, sizeof(buffer), &length), STATUS_OK);
    assert_memory_equal(buffer, files[2].content, length);
}

static void a_file_that_does_not_fit_is_truncated_and_reported(void **state)
{
    (void)state;
    char buffer[8] = "........";
    size_t length = 0;
    assert_int_equal(fw_cfg_read_file(FW_CFG_COMMAND_LINE, buffer, 4, &length), STATUS_TOO_BIG);
    assert_int_equal(length, 4);
    assert_memory_equal(buffer, "logl....", 8);
}

static void a_missing_file_touches_nothing(void **state)
{
    (void)state;
    char buffer[4] = "....";
    size_t length = 99;
    assert_int_equal(fw_cfg_read_file("opt/other", buffer, sizeof(buffer), &length), STATUS_NOT_FOUND);
    assert_memory_equal(buffer, "....", 4);
    assert_int_equal(length, 99);
}

static void a_missing_device_is_detected(void **state)
{
    (void)state;
    char buffer[4];
    size_t length;
    device.is_present = false;
    assert_int_equal(fw_cfg_read_file(FW_CFG_COMMAND_LINE, buffer, sizeof(buffer), &length),
                     STATUS_UNSUPPORTED);
}

static void a_wrong_directory_size_is_survived(void **state)
{
    (void)state;
    char buffer[4];
    size_t length;
    device.count_told = UINT32_MAX;
    assert_int_equal(fw_cfg_read_file("opt/other", buffer, sizeof(buffer), &length), STATUS_NOT_FOUND);
    assert_in_range(device.reads, 1, 1000000);
    device.count_told = 2;
    assert_int_equal(fw_cfg_read_file(FW_CFG_COMMAND_LINE, buffer, sizeof(buffer), &length),
                     STATUS_NOT_FOUND);
}

static void an_unterminated_name_matches_no_file(void **state)
{
    (void)state;
    static const struct model_file endless[] = {
        { "0123456789012345678901234567890123456789012345678901234567890123456789", "x" },
    };
    char buffer[4];
    size_t length;
    device.files = endless;
    device.file_count = device.count_told = 1;
    assert_int_equal(fw_cfg_read_file(endless[0].name, buffer, sizeof(buffer), &length), STATUS_NOT_FOUND);
    char cut[57] = { 0 };
    memcpy(cut, endless[0].name, 56);
    assert_int_equal(fw_cfg_read_file(cut, buffer, sizeof(buffer), &length), STATUS_NOT_FOUND);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_file_is_found_by_its_whole_name),
        TEST(the_command_line_has_its_documented_name),
        TEST(a_file_that_does_not_fit_is_truncated_and_reported),
        TEST(a_missing_file_touches_nothing),
        TEST(a_missing_device_is_detected),
        TEST(a_wrong_directory_size_is_survived),
        TEST(an_unterminated_name_matches_no_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The debug port against a model of QEMU's and of Xen's.
 */
#include <ashlar/dev/debugcon.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct {
    uint8_t readback;
    char shown[256];
    size_t count;
    unsigned int other_writes;
} device;

static struct debugcon debugcon;

uint8_t io_in8(uint16_t port)
{
    return port == 0xe9 ? device.readback : 0xff;
}

void io_out8(uint16_t port, uint8_t value)
{
    if (port == 0xe9)
        device.shown[device.count++] = (char)value;
    else
        device.other_writes++;
}

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.readback = 0xe9;
    return 0;
}

static void a_port_that_reads_back_its_number_is_found(void **state)
{
    (void)state;
    assert_int_equal(debugcon_init(&debugcon, false), STATUS_OK);
    assert_string_equal(debugcon.console.name, "debugcon");
}

static void any_other_port_is_not_written(void **state)
{
    (void)state;
    static const uint8_t values[] = { 0xff, 0x00, 0xe8 };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        device.readback = values[i];
        assert_int_equal(debugcon_init(&debugcon, false), STATUS_NOT_FOUND);
    }
    assert_int_equal(device.count + device.other_writes, 0);
}

static void a_port_named_by_the_user_is_not_probed(void **state)
{
    (void)state;
    device.readback = 0xff;
    assert_int_equal(debugcon_init(&debugcon, true), STATUS_OK);
}

static void text_is_written_unchanged_with_bare_newlines(void **state)
{
    (void)state;
    assert_int_equal(debugcon_init(&debugcon, false), STATUS_OK);
    static const char text[] = "one\ntwo\r\b\t\f\x1b\x80~";
    debugcon.console.write(&debugcon.console, text, sizeof(text) - 1);
    assert_string_equal(device.shown, "one\ntwo\r\b\t\n??~");
    assert_int_equal(device.other_writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_port_that_reads_back_its_number_is_found, plug_in),
        cmocka_unit_test_setup(any_other_port_is_not_written, plug_in),
        cmocka_unit_test_setup(a_port_named_by_the_user_is_not_probed, plug_in),
        cmocka_unit_test_setup(text_is_written_unchanged_with_bare_newlines, plug_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

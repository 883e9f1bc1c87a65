/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Configuration space of one device, 00:16.3, as the serial port of Intel AMT has it; every other reads as
 * nothing.
 */
#include <ashlar/dev/pci_config.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct {
    uint32_t address, registers[64];
    unsigned int writes;
} bus;

static const struct pci_device serial = { 0, 0x16, 3, 0x8086, 0x9d3d };

static bool is_selected(void)
{
    return (bus.address & 0xffffff00) == (0x80000000u | 0x16 << 11 | 3 << 8);
}

uint32_t io_in32(uint16_t port)
{
    assert_int_equal(port, 0xcfc);
    return is_selected() ? bus.registers[bus.address / 4 % 64] : UINT32_MAX;
}

void io_out32(uint16_t port, uint32_t value)
{
    if (port == 0xcf8) {
        bus.address = value;
        return;
    }
    assert_int_equal(port, 0xcfc);
    assert_true(is_selected());
    bus.writes++;
    bus.registers[bus.address / 4 % 64] = value;
}

static int plug_in(void **state)
{
    (void)state;
    memset(&bus, 0, sizeof(bus));
    bus.registers[0] = 0x9d3d8086;
    bus.registers[1] = 0x00b00003;
    bus.registers[4] = 0xf0a1;     /* ports 0xf0a0 */
    bus.registers[5] = 0xdf23e000; /* 32 bits of memory */
    bus.registers[6] = 0x00001004; /* 64 bits of memory, at 0x40_0000_1000 */
    bus.registers[7] = 0x00000040;
    return 0;
}

static void the_device_named_by_firmware_decodes_its_address(void **state)
{
    (void)state;
    assert_int_equal(pci_decode_address(&serial, false, 0xf0a0), STATUS_OK);
    assert_int_equal(pci_decode_address(&serial, true, 0xdf23e000), STATUS_OK);
    assert_int_equal(pci_decode_address(&serial, true, 0xdf23e800), STATUS_OK);
    assert_int_equal(pci_decode_address(&serial, true, 0x4000001000), STATUS_OK);
    assert_int_equal(bus.writes, 0);
}

static void disabled_decoding_is_enabled_and_status_left_alone(void **state)
{
    bus.registers[1] = 0xf9000404;
    assert_int_equal(pci_decode_address(&serial, false, 0xf0a0), STATUS_OK);
    assert_int_equal(bus.registers[1], 0x0405);
    plug_in(state);
    bus.registers[1] = 0xf9000401;
    assert_int_equal(pci_decode_address(&serial, true, 0xdf23e000), STATUS_OK);
    assert_int_equal(bus.registers[1], 0x0403);
}

static void an_address_outside_all_bars_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        bool is_memory;
        uint64_t address;
    } cases[] = { { false, 0x3f8 },
                  { false, 0xf1a0 },
                  { true, 0xf0a0 },
                  { true, 0xdf23d000 },
                  { true, 0xdf23f000 },
                  { true, 0x1000 },
                  { true, 0x4000002000 },
                  { false, 0xdf23e000 },
                  { true, 0x40 },
                  { true, 0 },
                  { false, 0 } };
    bus.registers[1] = 0;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(pci_decode_address(&serial, cases[i].is_memory, cases[i].address), STATUS_INVALID);
    bus.registers[3] = 0x00020000; /* a CardBus bridge */
    assert_int_equal(pci_decode_address(&serial, false, 0xf0a0), STATUS_INVALID);
    assert_int_equal(bus.writes, 0);
}

static void a_bridge_has_two_base_address_registers(void **state)
{
    (void)state;
    bus.registers[3] = 0x00810000;
    assert_int_equal(pci_decode_address(&serial, true, 0xdf23e000), STATUS_OK);
    assert_int_equal(pci_decode_address(&serial, true, 0x4000001000), STATUS_INVALID);
}

static void another_device_at_the_same_place_is_refused(void **state)
{
    (void)state;
    struct pci_device other = serial;
    other.device_id = 0xa13d;
    assert_int_equal(pci_decode_address(&other, false, 0xf0a0), STATUS_NOT_FOUND);
    other = serial;
    other.function = 2;
    assert_int_equal(pci_decode_address(&other, false, 0xf0a0), STATUS_NOT_FOUND);
    assert_int_equal(bus.writes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_device_named_by_firmware_decodes_its_address, plug_in),
        cmocka_unit_test_setup(disabled_decoding_is_enabled_and_status_left_alone, plug_in),
        cmocka_unit_test_setup(an_address_outside_all_bars_changes_nothing, plug_in),
        cmocka_unit_test_setup(a_bridge_has_two_base_address_registers, plug_in),
        cmocka_unit_test_setup(another_device_at_the_same_place_is_refused, plug_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

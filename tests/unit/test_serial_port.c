/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every field of SPCR and DBG2 that affects the port.
 *
 * The tables are made here field by field from Microsoft's pages; the one of the first test is a whole one,
 * byte by byte.
 */
#include <acpi/serial_port.h>
#include <ashlar/fmt/acpi.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static uint8_t table[160];
static struct serial_port port;
static struct uart16550_config config;

static void put(size_t offset, uint64_t value, size_t size_bytes)
{
    memcpy(table + offset, &value, size_bytes);
}

/* A revision 4 SPCR of a 16550 at I/O port 0x3f8, as it is. */
static int make_spcr(void **state)
{
    (void)state;
    memset(table, 0, sizeof(table));
    memcpy(table, "SPCR", 4);
    put(4, 88, 4);
    put(8, 4, 1);
    put(40, ACPI_SPACE_IO, 1);
    put(41, 8, 1);
    put(44, 0x3f8, 8);
    put(60, 1, 1);
    put(64, 0xffffffff, 4);
    return 0;
}

static void place(uint8_t space, uint8_t width_bits, uint8_t access_size, uint64_t address)
{
    put(40, space, 1);
    put(41, width_bits, 1);
    put(43, access_size, 1);
    put(44, address, 8);
}

static const char *plan(void)
{
    assert_int_equal(spcr_parse(table, sizeof(table), &port), STATUS_OK);
    return serial_port_plan(&port, &config);
}

/* Revision 2 has neither clock nor precise speed: its bytes there are reserved. */
static void speed_0_keeps_the_current_setting(void **state)
{
    (void)state;
    static const uint8_t whole[] = {
        0x53, 0x50, 0x43, 0x52, 0x50, 0x00, 0x00, 0x00, 0x02, 0xe9, 0x54, 0x45, 0x53, 0x54, 0x45, 0x52,
        0x54, 0x45, 0x53, 0x54, 0x54, 0x41, 0x42, 0x4c, 0x01, 0x00, 0x00, 0x00, 0x54, 0x45, 0x53, 0x54,
        0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x08, 0x00, 0x00, 0xf8, 0x03, 0x00, 0x00,
        0x00, 0x00, 0x00, 0x00, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x03, 0x00,
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    };
    assert_int_equal(spcr_parse(whole, sizeof(whole), &port), STATUS_OK);
    assert_null(serial_port_plan(&port, &config));
    assert_null(config.registers);
    assert_int_equal(config.port, 0x3f8);
    assert_int_equal(config.baud, 0);
    assert_int_equal(config.clock_hz, 1843200);
    assert_false(port.is_pci);
    assert_true(port.has_irq && port.irq == 4);
}

static void speed_codes_are_decoded(void **state)
{
    (void)state;
    static const uint32_t bauds[] = { [3] = 9600, [4] = 19200, [6] = 57600, [7] = 115200, [255] = 0 };
    for (unsigned int code = 0; code < 256; code++) {
        put(58, code, 1);
        assert_null(plan());
        assert_int_equal(config.baud, bauds[code]);
    }
}

static void a_precise_speed_overrides_the_code_from_revision_4_on(void **state)
{
    (void)state;
    put(58, 3, 1);
    put(80, 1500000, 4);
    put(76, 24000000, 4);
    assert_null(plan());
    assert_int_equal(config.baud, 1500000);
    assert_int_equal(config.clock_hz, 24000000);
    put(8, 3, 1);
    assert_null(plan());
    assert_int_equal(config.baud, 9600);
    assert_int_equal(config.clock_hz, 24000000);
    put(8, 2, 1);
    assert_null(plan());
    assert_int_equal(config.clock_hz, 1843200);
    /* A revision 4 that ends before the field. */
    put(8, 4, 1);
    put(4, 80, 4);
    assert_null(plan());
    assert_int_equal(config.baud, 9600);
}

/* With an unknown clock no divisor can be computed: the speed is firmware's. */
static void a_memory_mapped_port_without_a_clock_keeps_its_speed(void **state)
{
    (void)state;
    place(ACPI_SPACE_MEMORY, 32, 3, 0xfedc9000);
    put(58, 7, 1);
    assert_null(plan());
    assert_int_equal(config.baud, 0);
    put(76, 48000000, 4);
    assert_null(plan());
    assert_int_equal(config.baud, 115200);
    assert_int_equal(config.clock_hz, 48000000);
}

static void register_width_and_access_size_give_the_stride(void **state)
{
    (void)state;
    static const struct {
        uint8_t interface, space, width, access;
        uint8_t stride, access_bytes; /* 0: cannot be driven */
    } cases[] = {
        /* Memory: AMD's and Intel's 32-bit registers; bytes; unspecified sizes; an access wider than the
           stride. */
        { 0x12, 0, 32, 3, 4, 4 },
        { 0x00, 0, 32, 3, 4, 4 },
        { 0x01, 0, 32, 1, 4, 1 },
        { 0x00, 0, 8, 1, 1, 1 },
        { 0x00, 0, 8, 0, 1, 1 },
        { 0x12, 0, 0, 0, 1, 1 },
        { 0x12, 0, 32, 0, 4, 1 },
        { 0x12, 0, 16, 2, 2, 2 },
        { 0x12, 0, 8, 3, 4, 4 },
        { 0x12, 0, 64, 3, 8, 4 },
        { 0x12, 0, 16, 1, 2, 1 },
        { 0x12, 0, 64, 4, 0, 0 },
        { 0x12, 0, 24, 1, 0, 0 },
        { 0x12, 0, 32, 5, 0, 0 },
        /* Ports: eight in a row, whatever the table gives, unless the interface type makes it valid. */
        { 0x00, 1, 8, 0, 1, 1 },
        { 0x00, 1, 32, 3, 1, 1 },
        { 0x01, 1, 24, 9, 1, 1 },
        { 0x12, 1, 32, 1, 4, 1 },
        { 0x12, 1, 32, 3, 4, 4 },
        { 0x12, 1, 24, 1, 0, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        make_spcr(state);
        put(36, cases[i].interface, 1);
        place(cases[i].space, cases[i].width, cases[i].access, 0x2f8);
        const char *why = plan();
        assert_int_equal(why == NULL, cases[i].stride != 0);
        if (why)
            continue;
        assert_int_equal(config.stride_bytes, cases[i].stride);
        assert_int_equal(config.access_bytes, cases[i].access_bytes);
        assert_int_equal(SERIAL_PORT_SPAN(&config), 7 * cases[i].stride + cases[i].access_bytes);
    }
}

static void an_unsupported_port_is_reported_with_its_reason(void **state)
{
    static const uint8_t interfaces[] = { 0x02, 0x03, 0x0d, 0x14, 0xff };
    for (size_t i = 0; i < ARRAY_LEN(interfaces); i++) {
        put(36, interfaces[i], 1);
        assert_string_equal(plan(), "not a 16550");
    }
    make_spcr(state);
    for (unsigned int space = 2; space < 256; space++) {
        put(40, space, 1);
        assert_string_equal(plan(), "registers neither in memory nor at I/O ports");
    }
    make_spcr(state);
    put(42, 4, 1);
    assert_non_null(plan());
    make_spcr(state);
    place(ACPI_SPACE_MEMORY, 32, 3, 0xfedc9002);
    assert_non_null(plan());
    static const uint64_t ports[] = { 0xfff9, 0xffff, 0x10000, 0x1000003f8, UINT64_MAX };
    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        place(ACPI_SPACE_IO, 8, 0, ports[i]);
        assert_string_equal(plan(), "address out of range");
    }
    place(ACPI_SPACE_IO, 8, 0, 0xfff8);
    assert_null(plan());
}

static void a_pci_device_is_identified_by_address_and_ids(void **state)
{
    put(64, 0x9d3d, 2);
    put(66, 0x8086, 2);
    put(68, 0, 1);
    put(69, 0x16, 1);
    put(70, 3, 1);
    put(75, 1, 1);
    assert_null(plan());
    assert_true(port.is_pci);
    assert_int_equal(port.pci.device, 0x16);
    assert_int_equal(port.pci.function, 3);
    assert_int_equal(port.pci.vendor_id, 0x8086);
    assert_int_equal(port.pci.device_id, 0x9d3d);
    assert_int_equal(port.pci_segment, 1);
    /* Not a PCI device: all ones; and firmware that leaves all fields empty. */
    make_spcr(state);
    put(64, 0, 4);
    assert_null(plan());
    assert_false(port.is_pci);
}

static void flow_control_and_interrupt_are_read(void **state)
{
    (void)state;
    put(61, 2, 1);
    put(52, 3, 1);
    put(53, 10, 1);
    put(54, 20, 4);
    assert_null(plan());
    assert_int_equal(port.flow_control, 2);
    assert_true(port.has_irq && port.has_gsi);
    assert_int_equal(port.irq, 10);
    assert_int_equal(port.gsi, 20);
}

static void a_truncated_table_is_refused(void **state)
{
    (void)state;
    for (uint32_t length = 0; length < 80; length++) {
        put(4, length, 4);
        assert_int_not_equal(spcr_parse(table, sizeof(table), &port), STATUS_OK);
    }
    put(4, 88, 4);
    assert_int_not_equal(spcr_parse(table, 87, &port), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(speed_0_keeps_the_current_setting, make_spcr),
        cmocka_unit_test_setup(speed_codes_are_decoded, make_spcr),
        cmocka_unit_test_setup(a_precise_speed_overrides_the_code_from_revision_4_on, make_spcr),
        cmocka_unit_test_setup(a_memory_mapped_port_without_a_clock_keeps_its_speed, make_spcr),
        cmocka_unit_test_setup(register_width_and_access_size_give_the_stride, make_spcr),
        cmocka_unit_test_setup(an_unsupported_port_is_reported_with_its_reason, make_spcr),
        cmocka_unit_test_setup(a_pci_device_is_identified_by_address_and_ids, make_spcr),
        cmocka_unit_test_setup(flow_control_and_interrupt_are_read, make_spcr),
        cmocka_unit_test_setup(a_truncated_table_is_refused, make_spcr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

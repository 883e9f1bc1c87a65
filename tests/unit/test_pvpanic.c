/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvpanic against a model of its port, and its description in AML in the form that QEMU writes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <acpi/pvpanic.h>
#include <ashlar/dev/pvpanic.h>
#include <ashlar/io.h>

static uint16_t device_port;
static uint8_t device_events, written;
static unsigned int writes;

uint8_t io_in8(uint16_t port)
{
    return port == device_port ? device_events : 0xff;
}

void io_out8(uint16_t port, uint8_t value)
{
    assert_int_equal(port, device_port);
    written = value;
    writes++;
}

static int plug_in(void **state)
{
    (void)state;
    device_port = PVPANIC_PORT;
    device_events = PVPANIC_PANICKED | PVPANIC_CRASH_LOADED | PVPANIC_SHUTDOWN;
    writes = 0;
    return 0;
}

static void a_panic_is_one_write_of_one_event(void **state)
{
    (void)state;
    struct pvpanic pvpanic;
    assert_int_equal(pvpanic_init(&pvpanic, PVPANIC_PORT), STATUS_OK);
    assert_int_equal(pvpanic.events, device_events);
    assert_int_equal(writes, 0);
    pvpanic_report_panic(&pvpanic);
    assert_int_equal(writes, 1);
    assert_int_equal(written, PVPANIC_PANICKED);
}

static void a_port_without_a_device_or_without_the_event_is_refused(void **state)
{
    (void)state;
    static const uint8_t values[] = { 0xff, 0x00, PVPANIC_CRASH_LOADED, PVPANIC_SHUTDOWN };
    struct pvpanic pvpanic;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        device_events = values[i];
        assert_int_equal(pvpanic_init(&pvpanic, PVPANIC_PORT), STATUS_NOT_FOUND);
    }
    assert_int_equal(writes, 0);
}

/* ---- AML ---- */

#define HID  "\x08_HID\x0dQEMU0001\0"
#define CRS  "\x08_CRS\x11\x0d\x0a\x0a"
#define IO   "\x47\x01\x05\x05\x05\x05\x01\x01"
#define TAIL "\x79\x00"

static uint8_t table[128];

/* A DSDT with @aml after its header. Return: its size. */
static size_t put_aml(const void *aml, size_t size)
{
    memset(table, 0, sizeof(table));
    memcpy(table, "DSDT", 4);
    memcpy(table + 36, aml, size);
    return 36 + size;
}
#define PUT(text) put_aml(text, sizeof(text) - 1)

static void the_port_is_read_from_the_device_of_the_dsdt(void **state)
{
    (void)state;
    uint16_t port = 0;
    size_t size = PUT("\x5b\x82\x2aPEVT" HID CRS IO TAIL);
    assert_true(acpi_find_pvpanic(table, size, &port));
    assert_int_equal(port, 0x505);
    /* Truncated anywhere: nothing is found, and nothing beyond the end is read. */
    for (size_t cut = 0; cut < size - 6; cut++) {
        uint8_t *exact = test_malloc(cut + 1);
        memcpy(exact, table, cut);
        assert_false(acpi_find_pvpanic(exact, cut, &port));
        test_free(exact);
    }
}

static void the_device_is_found_at_any_offset(void **state)
{
    (void)state;
    for (size_t before = 0; before < 32; before++) {
        char aml[128];
        uint16_t port = 0;
        memset(aml, 'x', before);
        memcpy(aml + before, HID CRS IO TAIL, sizeof(HID CRS IO TAIL) - 1);
        assert_true(acpi_find_pvpanic(table, put_aml(aml, before + sizeof(HID CRS IO TAIL) - 1), &port));
        assert_int_equal(port, 0x505);
    }
}

static void other_descriptions_are_ignored(void **state)
{
    (void)state;
    uint16_t port = 0x1234;
    assert_false(acpi_find_pvpanic(table, PUT("\x5b\x82\x2aPEVT\x08_HID\x0dQEMU0002\0" CRS IO TAIL), &port));
    assert_false(acpi_find_pvpanic(table, PUT("\x5b\x82\x2aPEVT\x08_CID\x0dQEMU0001\0" CRS IO TAIL), &port));
    /* No port; a range that does not begin where it ends; port 0. */
    assert_false(acpi_find_pvpanic(table, PUT("\x5b\x82\x2aPEVT" HID "\x08_STA\x0a\x0f"), &port));
    assert_false(
        acpi_find_pvpanic(table, PUT("PEVT" HID CRS "\x47\x01\x05\x05\x05\x06\x01\x01" TAIL), &port));
    assert_false(
        acpi_find_pvpanic(table, PUT("PEVT" HID CRS "\x47\x01\x00\x00\x00\x00\x01\x01" TAIL), &port));
    /* A descriptor of another kind; one of memory has the same fields. */
    assert_false(
        acpi_find_pvpanic(table, PUT("PEVT" HID CRS "\x86\x01\x05\x05\x05\x05\x01\x01" TAIL), &port));
    assert_int_equal(port, 0x1234);
}

static void a_second_device_is_found_after_one_that_is_not_understood(void **state)
{
    (void)state;
    uint16_t port = 0;
    size_t size = PUT(HID "\x08_STA\x0a\x0f" HID CRS "\x47\x01\x10\x06\x10\x06\x01\x01" TAIL);
    assert_true(acpi_find_pvpanic(table, size, &port));
    assert_int_equal(port, 0x610);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_panic_is_one_write_of_one_event, plug_in),
        cmocka_unit_test_setup(a_port_without_a_device_or_without_the_event_is_refused, plug_in),
        cmocka_unit_test(the_port_is_read_from_the_device_of_the_dsdt),
        cmocka_unit_test(the_device_is_found_at_any_offset),
        cmocka_unit_test(other_descriptions_are_ignored),
        cmocka_unit_test(a_second_device_is_found_after_one_that_is_not_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's tables in, struct platform out: timers, PCI segments, serial ports.
 */
#include "platform_case.h"

/* ---- devices ---- */

static void hpets_are_listed_in_order(void **state)
{
    (void)state;
    put(begin_table("HPET", 56) + 44, 0x1000, 8);
    begin_table("HPET", 40); /* too short */
    uint8_t *io = begin_table("HPET", 56);
    io[40] = 1;
    put(begin_table("HPET", 56) + 44, 0xfed00000, 8);
    const struct platform *platform = read_all();
    assert_int_equal(platform->hpet_count, 3);
    assert_int_equal(platform->hpets[0].address, 0x1000);
    assert_false(platform->hpets[1].is_in_memory);
    assert_int_equal(platform->hpets[2].address, 0xfed00000);
    assert_true(platform->hpets[2].is_in_memory);
}

static void the_fadt_gives_the_pm_timer_and_rtc(void **state)
{
    (void)state;
    uint8_t *fadt = begin_table("FACP", 116);
    put(fadt + 76, 0x608, 4);
    fadt[91] = 4;
    fadt[108] = 0x32;
    put(fadt + 109, 1 << 5, 2);
    put(fadt + 112, 1 << 8, 4);
    const struct platform *platform = read_all();
    assert_int_equal(platform->pm_timer.port, 0x608);
    assert_int_equal(platform->pm_timer.bits, 32);
    assert_false(platform->pm_timer.is_in_memory || platform->has_rtc);
    assert_int_equal(platform->rtc_century, 0x32);
}

static void the_dmar_may_refuse_x2apic_mode(void **state)
{
    (void)state;
    uint8_t *dmar = begin_table("DMAR", 48);
    dmar[37] = 1;
    assert_false(read_all()->refuses_x2apic);
    dmar[37] = 2;
    assert_true(read_all()->refuses_x2apic);
    tables[0].size = 37;
    assert_false(read_all()->refuses_x2apic);
}

static void pci_segments_without_buses_are_ignored(void **state)
{
    (void)state;
    begin_table("MCFG", 44);
    uint8_t *empty = add((const uint8_t[16]){ 0 }, 16);
    empty[10] = 5;
    empty[11] = 4;
    uint8_t *window = add((const uint8_t[16]){ 0 }, 16);
    put(window, 0xe0000000, 8);
    window[8] = 1;
    window[11] = 0xff;
    const struct platform *platform = read_all();
    assert_int_equal(platform->pci_segment_count, 1);
    assert_int_equal(platform->pci_segments[0].base.raw, 0xe0000000);
    assert_int_equal(platform->pci_segments[0].segment, 1);
    assert_int_equal(platform->pci_segments[0].last_bus, 0xff);
}

/* ---- serial ports ---- */

static void the_spcr_port_precedes_those_of_dbg2(void **state)
{
    (void)state;
    add_dbg2(2);
    add_spcr(0x2f8);
    const struct platform *platform = read_all();
    assert_int_equal(platform->serial_count, 3);
    assert_true(platform->is_spcr_read && platform->serials[0].is_firmware_console);
    assert_true(platform->serials[0].is_port);
    assert_string_equal(platform->serials[0].table, "SPCR");
    assert_int_equal(platform->serials[0].config.port, 0x2f8);
    assert_null(platform->serials[0].refusal);
    assert_string_equal(platform->serials[1].table, "DBG2");
    assert_false(platform->serials[1].is_port || platform->serials[1].is_firmware_console);
    assert_int_equal(platform->serials[2].address, 0xfe001000);
    assert_int_equal(platform->serials[2].config.stride_bytes, 4);
    assert_int_equal(platform->serials[2].span_bytes, 32);
}

static void an_spcr_without_an_address_gives_no_port(void **state)
{
    (void)state;
    add_spcr(0);
    assert_int_equal(read_all()->serial_count, 0);
    assert_true(platform_here.is_spcr_read);
}

static void an_unsupported_port_is_kept_with_its_reason(void **state)
{
    (void)state;
    add_spcr(0x3f8);
    tables[0].bytes[36] = 3; /* an ARM PL011 */
    assert_int_equal(read_all()->serial_count, 1);
    assert_non_null(platform_here.serials[0].refusal);
    assert_string_equal(platform_here.serials[0].interface_name, "ARM PL011");
}

static void excess_ports_are_ignored(void **state)
{
    (void)state;
    add_spcr(0x3f8);
    add_dbg2(PLATFORM_SERIAL_MAX + 3);
    assert_int_equal(read_all()->serial_count, PLATFORM_SERIAL_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLATFORM_CASE(hpets_are_listed_in_order),
        PLATFORM_CASE(the_fadt_gives_the_pm_timer_and_rtc),
        PLATFORM_CASE(the_dmar_may_refuse_x2apic_mode),
        PLATFORM_CASE(pci_segments_without_buses_are_ignored),
        PLATFORM_CASE(the_spcr_port_precedes_those_of_dbg2),
        PLATFORM_CASE(an_spcr_without_an_address_gives_no_port),
        PLATFORM_CASE(an_unsupported_port_is_kept_with_its_reason),
        PLATFORM_CASE(excess_ports_are_ignored),
    };
    return cmocka_run_group_tests_name("platform_devices", tests, NULL, NULL);
}

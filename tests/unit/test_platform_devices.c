/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's tables in, struct platform out: timers, power-off and reset, PCI segments, serial ports.
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
    assert_int_equal(platform->hpets[0].address.raw, 0x1000);
    assert_false(platform->hpets[1].is_in_memory);
    assert_int_equal(platform->hpets[2].address.raw, 0xfed00000);
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
    assert_false(phys_is_valid(platform->pm_timer.address) || platform->has_rtc);
    assert_int_equal(platform->rtc_century, 0x32);
}

/* SMI_CMD 0xb2, events at 0x600, PM1a control at 0x604, GPE0 at 0xafe0, reset register at port 0xcf9. */
static uint8_t *add_power_fadt(void)
{
    uint8_t *fadt = begin_table("FACP", 132);
    put(fadt + 48, 0xb2, 4);
    fadt[52] = 0xf1;
    put(fadt + 56, 0x600, 4);
    put(fadt + 64, 0x604, 4);
    put(fadt + 80, 0xafe0, 4);
    fadt[88] = 4;
    fadt[92] = 16;
    put(fadt + 112, 1 << 10, 4);
    fadt[116] = 1;
    put(fadt + 120, 0xcf9, 8);
    fadt[128] = 0x06;
    return fadt;
}

/* An \\_S5_ of the sleep types @a and @b, in a table of its own. */
static void add_s5(const char *signature, uint8_t a, uint8_t b)
{
    begin_table(signature, 37);
    add("\x08_S5_\x12\x06\x02\x0a", 9);
    add((const uint8_t[3]){ a, 0x0a, b }, 3);
}

static void the_fadt_gives_the_registers_of_power_off_and_reset(void **state)
{
    (void)state;
    add_power_fadt();
    add_s5("DSDT", 5, 7);
    add_s5("SSDT", 1, 2);
    const struct platform *platform = read_all();
    const struct acpi_power *power = &platform->power;
    assert_true(platform->has_fadt && power->has_sleep_types);
    assert_int_equal(power->smi_command, 0xb2);
    assert_int_equal(power->acpi_enable, 0xf1);
    assert_int_equal(power->registers[ACPI_PM1A_EVENT].address, 0x600);
    assert_int_equal(power->registers[ACPI_PM1A_CONTROL].address, 0x604);
    assert_int_equal(power->registers[ACPI_PM1B_CONTROL].address, 0);
    assert_int_equal(power->registers[ACPI_GPE0].bytes, 16);
    assert_int_equal(power->registers[ACPI_RESET].address, 0xcf9);
    assert_int_equal(power->reset_value, 6);
    assert_int_equal(power->sleep_type_a, 5);
    assert_int_equal(power->sleep_type_b, 7);
}

static void sleep_types_may_be_in_any_ssdt(void **state)
{
    (void)state;
    add_power_fadt();
    begin_table("DSDT", 64);
    begin_table("SSDT", 64);
    add_s5("SSDT", 3, 4);
    const struct acpi_power *power = &read_all()->power;
    assert_true(power->has_sleep_types);
    assert_int_equal(power->sleep_type_a, 3);
    assert_int_equal(power->sleep_type_b, 4);
}

static void sleep_types_are_searched_for_until_they_are_found(void **state)
{
    (void)state;
    add_power_fadt();
    platform_here = (struct platform){ 0 };
    platform_read_fadt(&firmware, &platform_here);
    assert_true(platform_here.has_fadt && !platform_here.power.has_sleep_types);
    add_s5("DSDT", 5, 7);
    platform_read_fadt(&firmware, &platform_here);
    assert_true(platform_here.power.has_sleep_types);
    add_s5("DSDT", 1, 2);
    tables[1].size = 37; /* without _S5_: a search would find the second one */
    platform_read_tables(&firmware, &platform_here);
    assert_int_equal(platform_here.power.sleep_type_a, 5);
    assert_int_equal(platform_here.power.sleep_type_b, 7);
    assert_int_equal(platform_here.power.registers[ACPI_RESET].address, 0xcf9);
    tables[0].size = 115; /* the FADT, shorter than that of ACPI 1.0 */
    platform_read_tables(&firmware, &platform_here);
    assert_true(!platform_here.has_fadt && !platform_here.power.has_sleep_types);
}

static void without_a_readable_fadt_there_is_no_power_register(void **state)
{
    (void)state;
    add_s5("DSDT", 5, 7);
    add_power_fadt();
    assert_true(read_all()->has_fadt);
    tables[1].size = 115; /* shorter than that of ACPI 1.0 */
    const struct platform *platform = read_all();
    assert_true(!platform->has_fadt && platform->has_rtc && !platform->power.has_sleep_types);
    for (size_t i = 0; i < ACPI_POWER_REGISTERS; i++)
        assert_int_equal(platform->power.registers[i].address, 0);
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
        PLATFORM_CASE(the_fadt_gives_the_registers_of_power_off_and_reset),
        PLATFORM_CASE(sleep_types_may_be_in_any_ssdt),
        PLATFORM_CASE(sleep_types_are_searched_for_until_they_are_found),
        PLATFORM_CASE(without_a_readable_fadt_there_is_no_power_register),
        PLATFORM_CASE(the_dmar_may_refuse_x2apic_mode),
        PLATFORM_CASE(pci_segments_without_buses_are_ignored),
        PLATFORM_CASE(the_spcr_port_precedes_those_of_dbg2),
        PLATFORM_CASE(an_spcr_without_an_address_gives_no_port),
        PLATFORM_CASE(an_unsupported_port_is_kept_with_its_reason),
        PLATFORM_CASE(excess_ports_are_ignored),
    };
    return cmocka_run_group_tests_name("platform_devices", tests, NULL, NULL);
}

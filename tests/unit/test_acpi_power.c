/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * kernel64/acpi/power.c and soft_off.c: \_S5_ in each form that firmware writes it, and the writes
 * that follow, on registers that note them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <acpi/power.h>
#include <acpi/soft_off.h>
#include <ashlar/io.h>
#include <string.h>

/* ---- the machine: the writes, in order, as text ---- */

static char story[2048];
static uint16_t control_a;
static uint8_t memory[64];

static void tell(const char *space, uint64_t place, int digits, uint32_t value)
{
    size_t length = strlen(story);
    snprintf(story + length, sizeof(story) - length, "%s%s%x:%0*x", length > 0 ? " " : "", space,
             (unsigned int)place, digits, value);
}

uint16_t io_in16(uint16_t port)
{
    return port == 0x604 ? control_a : 0;
}

void io_out8(uint16_t port, uint8_t value)
{
    tell("", port, 2, value);
    if (port == 0xb2)
        control_a |= 1;
}

void io_out16(uint16_t port, uint16_t value)
{
    tell("", port, 4, value);
}

void io_out32(uint16_t port, uint32_t value)
{
    tell("", port, 8, value);
}

uint16_t mmio_read16(const volatile void *reg)
{
    (void)reg;
    return 1;
}

void mmio_write8(volatile void *reg, uint8_t value)
{
    tell("m", (uint64_t)((volatile uint8_t *)reg - memory), 2, value);
}

void mmio_write16(volatile void *reg, uint16_t value)
{
    tell("m", (uint64_t)((volatile uint8_t *)reg - memory), 4, value);
}

static int fresh_machine(void **state)
{
    (void)state;
    story[0] = '\0';
    control_a = 1;
    return 0;
}

/* ---- \_S5_ ---- */

/* A DSDT with @aml after a header and a byte. Return: its size. */
static size_t put_aml(uint8_t *table, const void *aml, size_t size)
{
    memset(table, 0, 37);
    memcpy(table + 37, aml, size);
    return 37 + size;
}

static void s5_is_parsed_in_each_encoding_that_firmware_uses(void **state)
{
#define S5 "\x08_S5_\x12"
    static const struct {
        const char *aml;
        size_t size;
        int a, b;
    } cases[] = {
#define FORM(bytes) bytes, sizeof(bytes) - 1
        /* One element, as some virtual machines and boards have it: ACPI Specification 6.5, 7.4.2. */
        { FORM(S5 "\x03\x01\x00"), 0, 0 },
        { FORM(S5 "\x04\x01\x0a\x05"), 5, 0 },
        { FORM(S5 "\x05\x01\x0b\x07\x05"), 7, 5 },
        { FORM(S5 "\x06\x04\x0a\x05\x01\x00\x00"), 5, 1 },
        { FORM(S5 "\x06\x02\x0a\x07\x0a\x07"), 7, 7 },
        /* A root prefix, and a PkgLength of two bytes. */
        { FORM("\x08\\_S5_\x12\x46\x00\x02\x00\x0a\x07"), 0, 7 },
        /* Four elements counted, two of them there. */
        { FORM(S5 "\x05\x04\x00\x0a\x05"), 0, 5 },
        /* Wide numbers that are small; a package whose number of elements is a term. */
        { FORM(S5 "\x0a\x02\x0c\x05\x00\x00\x00\x0b\x03\x00"), 5, 3 },
        { FORM("\x08_S5_\x13\x07\x0a\x02\x0a\x05\x0a\x06"), 5, 6 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct acpi_power power = { .has_sleep_types = false };
        uint8_t table[64];
        size_t size = put_aml(table, cases[i].aml, cases[i].size);
        assert_true(acpi_decode_s5(table, size, &power));
        assert_true(power.has_sleep_types);
        assert_int_equal(power.sleep_type_a, cases[i].a);
        assert_int_equal(power.sleep_type_b, cases[i].b);
        /* Cut anywhere, it is absent. */
        size_t end = 37 + cases[i].size;
        for (size_t cut = 0; cut < end - 1; cut++) {
            struct acpi_power none = { .has_sleep_types = false };
            if (acpi_decode_s5(table, cut, &none))
                assert_true(cut + 4 >= end); /* only elements that are not needed were cut */
        }
    }
}

static void any_other_s5_encoding_is_ignored(void **state)
{
    static const struct {
        const char *aml;
        size_t size;
    } cases[] = {
        { FORM("\x14_S5_\x06\x00\xa4\x00\x00") }, /* a method */
        { FORM(S5 "\x02\x00") },                  /* no element */
        { FORM(S5 "\x04\x01\x0a\x08") },          /* SLP_TYP has three bits */
        { FORM(S5 "\x04\x01\xff\x00") },
        { FORM(S5 "\x06\x02\x00_S6_") }, /* a reference */
        { FORM(S5 "\x03\x02\x00\x00") }, /* the second element is outside of the package */
        { FORM(S5 "\x3f\x02\x00\x00") }, /* the package is outside of the table */
        { FORM(S5 "\xc0\x00\x00\x00\x02\x00\x00") },
        { FORM("\x09_S5_\x12\x04\x02\x00\x00") },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct acpi_power power = { .has_sleep_types = false };
        uint8_t table[64];
        size_t size = put_aml(table, cases[i].aml, cases[i].size);
        assert_false(acpi_decode_s5(table, size, &power));
        assert_false(power.has_sleep_types);
    }
}

/* ---- the FADT ---- */

static void put32(uint8_t *at, uint32_t value)
{
    memcpy(at, &value, 4);
}

static void put_gas(uint8_t *at, uint8_t space, uint64_t address)
{
    at[0] = space;
    memcpy(at + 4, &address, 8);
}

/* PM1a at 0x604, PM1b at 0x704, events at 0x600 and 0x700, GPE0 of 4 bytes at 0xafe0, reset register at port
   0xcf9. */
static void put_fadt(uint8_t *fadt)
{
    memset(fadt, 0, 276);
    memcpy(fadt, "FACP", 4);
    put32(fadt + 56, 0x600);
    put32(fadt + 60, 0x700);
    put32(fadt + 64, 0x604);
    put32(fadt + 68, 0x704);
    put32(fadt + 80, 0xafe0);
    fadt[88] = 4;
    fadt[89] = 2;
    fadt[92] = 4;
    put32(fadt + 112, 1 << 10);
    put_gas(fadt + 116, 1, 0xcf9);
    fadt[128] = 0x0f;
}

static bool decode(uint8_t *bytes, uint32_t length, struct acpi_power *power)
{
    struct fadt fadt;
    put32(bytes + 4, length);
    if (fadt_parse(bytes, length, &fadt) != STATUS_OK)
        return false;
    acpi_decode_power(&fadt, power);
    return true;
}

static void give_s5(struct acpi_power *power, uint8_t a, uint8_t b)
{
    power->has_sleep_types = true;
    power->sleep_type_a = a;
    power->sleep_type_b = b;
}

/* ACPI Specification 6.5, 4.8.3.2.1 and 7.4.2: SLP_TYP in both, then SLP_EN. */
static void soft_off_clears_wake_events_and_writes_both_registers(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    assert_true(decode(fadt, 276, &power));
    assert_false(acpi_can_power_off(&power)); /* without \_S5_ */
    give_s5(&power, 5, 7);
    assert_true(acpi_can_power_off(&power));
    control_a = 0xffff;
    acpi_power_off(&power);
    assert_string_equal(
        story, "afe2:00 afe3:00 afe0:ff afe1:ff 600:c731 700:c731 604:d7ff 704:1c00 604:f7ff 704:3c00");
}

static void acpi_mode_is_enabled_first_if_it_is_off(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    put32(fadt + 48, 0xb2);
    fadt[52] = 0xa0;
    memset(fadt + 60, 0, 4);
    memset(fadt + 68, 0, 4);
    fadt[92] = 0;
    assert_true(decode(fadt, 276, &power));
    give_s5(&power, 0, 0);
    control_a = 0;
    acpi_power_off(&power);
    assert_string_equal(story, "b2:a0 600:c731 604:0001 604:2001");
}

static void registers_may_be_in_memory_and_unmapped_ones_are_skipped(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    memset(fadt + 56, 0, 16);
    put_gas(fadt + 148, 0, 0xfed80800);
    put_gas(fadt + 172, 0, 0xfed80804);
    put_gas(fadt + 116, 0, 0xfed80900);
    assert_true(decode(fadt, 276, &power));
    give_s5(&power, 5, 0);
    assert_true(acpi_can_power_off(&power));
    assert_int_equal(power.registers[ACPI_PM1A_CONTROL].space, 0);
    acpi_power_off(&power);
    acpi_reset(&power);
    assert_string_equal(story, "afe2:00 afe3:00 afe0:ff afe1:ff");
    story[0] = '\0';
    power.registers[ACPI_PM1A_EVENT].mapped = memory;
    power.registers[ACPI_PM1A_CONTROL].mapped = memory + 4;
    power.registers[ACPI_RESET].mapped = memory + 32;
    acpi_power_off(&power);
    acpi_reset(&power);
    assert_string_equal(story, "afe2:00 afe3:00 afe0:ff afe1:ff m0:c731 m4:1401 m4:3401 m20:0f");
}

static void hardware_reduced_acpi_has_one_register(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    put32(fadt + 112, 1 << 20);
    assert_true(decode(fadt, 276, &power));
    give_s5(&power, 5, 0);
    assert_false(acpi_can_power_off(&power)); /* PM1 registers do not exist there, whatever the table has */
    put_gas(fadt + 244, 1, 0x600);
    put_gas(fadt + 256, 1, 0x601);
    assert_true(decode(fadt, 276, &power));
    give_s5(&power, 5, 0);
    assert_true(acpi_can_power_off(&power));
    acpi_power_off(&power);
    assert_string_equal(story, "601:80 600:34");
}

static void a_reset_register_is_a_port_memory_or_in_pci(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    assert_true(decode(fadt, 276, &power));
    assert_true(acpi_can_reset(&power));
    acpi_reset(&power);
    assert_string_equal(story, "cf9:0f");
    story[0] = '\0';
    put_gas(fadt + 116, 2, 0x001f00020041ULL); /* device 1fH, function 2, register 41H */
    assert_true(decode(fadt, 276, &power));
    acpi_reset(&power);
    assert_string_equal(story, "cf8:8000fa40 cfd:0f");
    put_gas(fadt + 116, 3, 0x41); /* an embedded controller */
    assert_true(decode(fadt, 276, &power));
    assert_false(acpi_can_reset(&power));
}

static void a_short_fadt_has_no_reset_register(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    assert_false(decode(fadt, 115, &power));
    assert_true(decode(fadt, 128, &power));
    assert_false(acpi_can_reset(&power));
    assert_true(decode(fadt, 129, &power));
    assert_true(acpi_can_reset(&power));
    fadt[113] = 0; /* not supported, whatever the register's address */
    assert_true(decode(fadt, 276, &power));
    assert_false(acpi_can_reset(&power));
}

static void a_port_above_16_bits_is_ignored(void **state)
{
    uint8_t fadt[276];
    struct acpi_power power;
    (void)state;
    put_fadt(fadt);
    put32(fadt + 64, 0x10604);
    assert_true(decode(fadt, 276, &power));
    give_s5(&power, 5, 5);
    assert_false(acpi_can_power_off(&power));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(s5_is_parsed_in_each_encoding_that_firmware_uses, fresh_machine),
        cmocka_unit_test_setup(any_other_s5_encoding_is_ignored, fresh_machine),
        cmocka_unit_test_setup(soft_off_clears_wake_events_and_writes_both_registers, fresh_machine),
        cmocka_unit_test_setup(acpi_mode_is_enabled_first_if_it_is_off, fresh_machine),
        cmocka_unit_test_setup(registers_may_be_in_memory_and_unmapped_ones_are_skipped, fresh_machine),
        cmocka_unit_test_setup(hardware_reduced_acpi_has_one_register, fresh_machine),
        cmocka_unit_test_setup(a_reset_register_is_a_port_memory_or_in_pci, fresh_machine),
        cmocka_unit_test_setup(a_short_fadt_has_no_reset_register, fresh_machine),
        cmocka_unit_test_setup(a_port_above_16_bits_is_ignored, fresh_machine),
    };
    return cmocka_run_group_tests_name("acpi_power", tests, NULL, NULL);
}

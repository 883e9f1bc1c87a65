/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-off and reset, decoded from the FADT and from the one object of the DSDT that soft-off
 * needs: Name (_S5_, Package () { type a, type b, ... }).
 *
 * In AML that is 08 [5C] "_S5_" 12 PkgLength NumElements, then each element as an integer:
 * 00 (zero), 01 (one) or 0A byte.
 * Source: ACPI Specification 6.5, "AML Byte Stream Byte Values", "\_Sx (System States)".
 */
#include <acpi/power.h>
#include <ashlar/fmt/acpi.h>

#include <lib/string.h>

#define AML_ZERO    0x00
#define AML_ONE     0x01
#define AML_NAME    0x08
#define AML_BYTE    0x0a
#define AML_PACKAGE 0x12
#define AML_ROOT    0x5c

/* One integer of the package at *at; false when it is not a plain small one. */
static bool read_sleep_type(const uint8_t *aml, size_t size, size_t *at, uint8_t *type)
{
    if (*at >= size)
        return false;
    uint8_t op = aml[(*at)++];
    if (op == AML_ZERO || op == AML_ONE) {
        *type = op;
        return true;
    }
    if (op != AML_BYTE || *at >= size || aml[*at] > 7)
        return false;
    *type = aml[(*at)++];
    return true;
}

/* The package behind a name that ends at @at. */
static bool read_s5_package(const uint8_t *aml, size_t size, size_t at, struct acpi_power *power)
{
    if (at + 2 > size || aml[at] != AML_PACKAGE)
        return false;
    /* PkgLength: the two highest bits of its first byte say how many bytes follow. */
    at += 1;
    at += 1 + (size_t)(aml[at] >> 6);
    if (at >= size || aml[at] < 2)
        return false;
    at += 1;
    return read_sleep_type(aml, size, &at, &power->sleep_type_a) &&
           read_sleep_type(aml, size, &at, &power->sleep_type_b);
}

static bool find_s5(const uint8_t *aml, size_t size, struct acpi_power *power)
{
    for (size_t at = ACPI_HEADER_SIZE + 1; at + 4 < size; at++) {
        if (memcmp(aml + at, "_S5_", 4) != 0)
            continue;
        bool named = aml[at - 1] == AML_NAME || (aml[at - 1] == AML_ROOT && aml[at - 2] == AML_NAME);
        if (named && read_s5_package(aml, size, at + 4, power))
            return true;
    }
    return false;
}

static void decode_reset(const struct fadt *fadt, struct acpi_power *power)
{
    if (!fadt_can_reset(fadt))
        return;
    power->can_reset = true;
    power->reset_space = fadt->reset.space;
    power->reset_register = phys(fadt->reset.address);
    power->reset_value = fadt->reset_value;
}

static void decode_sleep_control(const struct fadt *fadt, struct acpi_power *power)
{
    power->hardware_reduced = fadt->is_hardware_reduced;
    if (!fadt->is_hardware_reduced || !acpi_gas_is_usable(&fadt->sleep_control))
        return;
    power->sleep_control_is_io = fadt->sleep_control.space == ACPI_SPACE_IO;
    power->sleep_control = phys(fadt->sleep_control.address);
}

/* Port numbers above 16 bits are a broken table, not a port. */
static uint16_t port_or_none(uint32_t number)
{
    return (uint16_t)(number <= UINT16_MAX ? number : 0);
}

void acpi_decode_power(const struct fadt *fadt, const void *dsdt, size_t dsdt_size, struct acpi_power *power)
{
    *power = (struct acpi_power){
        .pm1a_control = port_or_none(fadt->pm1a_control),
        .pm1b_control = port_or_none(fadt->pm1b_control),
        .smi_command = port_or_none(fadt->smi_command),
        .acpi_enable = fadt->acpi_enable,
        .sleep_control = PHYS_INVALID,
        .reset_register = PHYS_INVALID,
    };
    decode_sleep_control(fadt, power);
    decode_reset(fadt, power);
    bool has_register =
        power->hardware_reduced ? phys_is_valid(power->sleep_control) : power->pm1a_control != 0;
    power->can_power_off = has_register && dsdt && find_s5(dsdt, dsdt_size, power);
}

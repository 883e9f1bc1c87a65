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

#include <lib/little_endian.h>
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

static void read_reset(const uint8_t *fadt, size_t size, struct acpi_power *power)
{
    if (size <= ACPI_FADT_RESET_VALUE || !(get_le32(fadt + ACPI_FADT_FLAGS) & ACPI_FADT_FLAG_RESET_SUPPORTED))
        return;
    const uint8_t *gas = fadt + ACPI_FADT_RESET_REGISTER;
    power->reset_space = gas[ACPI_GAS_SPACE];
    power->reset_register = phys(get_le64(gas + ACPI_GAS_ADDRESS));
    power->reset_value = fadt[ACPI_FADT_RESET_VALUE];
    power->can_reset = (power->reset_space == ACPI_SPACE_IO && power->reset_register.raw != 0 &&
                        power->reset_register.raw <= UINT16_MAX) ||
                       (power->reset_space == ACPI_SPACE_MEMORY && power->reset_register.raw != 0);
}

static void read_sleep_control(const uint8_t *fadt, size_t size, struct acpi_power *power)
{
    power->hardware_reduced = (get_le32(fadt + ACPI_FADT_FLAGS) & ACPI_FADT_FLAG_HARDWARE_REDUCED) != 0;
    if (!power->hardware_reduced || size < ACPI_FADT_SLEEP_CONTROL + ACPI_GAS_SIZE)
        return;
    const uint8_t *gas = fadt + ACPI_FADT_SLEEP_CONTROL;
    uint64_t address = get_le64(gas + ACPI_GAS_ADDRESS);
    power->sleep_control_is_io = gas[ACPI_GAS_SPACE] == ACPI_SPACE_IO;
    if (address != 0 && gas[ACPI_GAS_SPACE] <= ACPI_SPACE_IO &&
        (!power->sleep_control_is_io || address <= UINT16_MAX))
        power->sleep_control = phys(address);
}

status_t acpi_parse_power(const void *fadt_data, size_t fadt_size, const void *dsdt, size_t dsdt_size,
                          struct acpi_power *power)
{
    const uint8_t *fadt = fadt_data;
    *power = (struct acpi_power){ .sleep_control = PHYS_INVALID, .reset_register = PHYS_INVALID };
    if (fadt_size < ACPI_FADT_MINIMUM_SIZE)
        return STATUS_TRUNCATED;

    /* Port numbers above 16 bits are a broken table, not a port. */
    uint32_t pm1a = get_le32(fadt + ACPI_FADT_PM1A_CONTROL), pm1b = get_le32(fadt + ACPI_FADT_PM1B_CONTROL);
    uint32_t smi = get_le32(fadt + ACPI_FADT_SMI_COMMAND);
    power->pm1a_control = (uint16_t)(pm1a <= UINT16_MAX ? pm1a : 0);
    power->pm1b_control = (uint16_t)(pm1b <= UINT16_MAX ? pm1b : 0);
    power->smi_command = (uint16_t)(smi <= UINT16_MAX ? smi : 0);
    power->acpi_enable = fadt[ACPI_FADT_ACPI_ENABLE];
    read_sleep_control(fadt, fadt_size, power);
    read_reset(fadt, fadt_size, power);

    bool has_register = power->hardware_reduced ? phys_is_valid(power->sleep_control) : power->pm1a_control != 0;
    power->can_power_off = has_register && dsdt && find_s5(dsdt, dsdt_size, power);
    return STATUS_OK;
}

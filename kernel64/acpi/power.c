/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of the FADT's power registers, and of the one AML object that soft-off needs, in the DSDT or an
 * SSDT: Name (_S5_, Package () { SLP_TYPa, SLP_TYPb, ... }).
 *
 * In AML that is 08 [5C] "_S5_" 12 PkgLength NumElements, then each element as an integer: 00 (zero), 01
 * (one), FF (ones), 0A byte, 0B word, 0C dword, 0E qword. Elements beyond the list, up to NumElements, are
 * uninitialized.
 */
#include <acpi/power.h>
#include <ashlar/fmt/acpi.h>

#include <lib/string.h>

#define AML_ZERO        0x00
#define AML_ONE         0x01
#define AML_NAME        0x08
#define AML_BYTE        0x0a
#define AML_WORD        0x0b
#define AML_DWORD       0x0c
#define AML_QWORD       0x0e
#define AML_PACKAGE     0x12
#define AML_VAR_PACKAGE 0x13
#define AML_ROOT        0x5c
#define AML_ONES        0xff

#define SLEEP_TYPE_MAX 7

/* ---- \_S5_ ---- */

struct aml {
    const uint8_t *bytes;
    size_t at, end;
};

static bool read_integer(struct aml *aml, uint64_t *value)
{
    if (aml->at >= aml->end)
        return false;
    uint8_t op = aml->bytes[aml->at++];
    size_t bytes;
    switch (op) {
    case AML_ZERO:
    case AML_ONE:
        *value = op;
        return true;
    case AML_ONES:
        *value = UINT64_MAX;
        return true;
    case AML_BYTE:
        bytes = 1;
        break;
    case AML_WORD:
        bytes = 2;
        break;
    case AML_DWORD:
        bytes = 4;
        break;
    case AML_QWORD:
        bytes = 8;
        break;
    default:
        return false;
    }
    if (aml->end - aml->at < bytes)
        return false;
    *value = 0;
    for (size_t i = 0; i < bytes; i++)
        *value |= (uint64_t)aml->bytes[aml->at++] << (8 * i);
    return true;
}

/* Limits @aml to the package at its position, after the number of elements. */
static bool enter_package(struct aml *aml, uint64_t *elements)
{
    if (aml->end - aml->at < 3)
        return false;
    uint8_t op = aml->bytes[aml->at++];
    size_t start = aml->at;
    /* PkgLength includes itself. The two highest bits of its first byte are the number of bytes that follow,
       which hold all but the lowest four bits. */
    uint8_t lead = aml->bytes[aml->at++];
    size_t more = lead >> 6, length = more ? lead & 0xf : lead & 0x3f;
    if (aml->end - aml->at < more)
        return false;
    for (size_t i = 0; i < more; i++)
        length |= (size_t)aml->bytes[aml->at++] << (4 + 8 * i);
    if (length > aml->end - start || start + length <= aml->at)
        return false;
    aml->end = start + length;
    if (op == AML_VAR_PACKAGE)
        return read_integer(aml, elements);
    *elements = aml->bytes[aml->at++];
    return op == AML_PACKAGE;
}

static bool read_s5_package(struct aml *aml, struct acpi_power *power)
{
    uint64_t elements, a, b;
    if (!enter_package(aml, &elements) || elements < 1 || !read_integer(aml, &a))
        return false;
    if (elements == 1 && a <= UINT16_MAX) {
        b = a >> 8;
        a &= 0xff;
    } else if (elements == 1 || !read_integer(aml, &b)) {
        return false;
    }
    if (a > SLEEP_TYPE_MAX || b > SLEEP_TYPE_MAX)
        return false;
    power->sleep_type_a = (uint8_t)a;
    power->sleep_type_b = (uint8_t)b;
    power->has_sleep_types = true;
    return true;
}

bool acpi_decode_s5(const void *table, size_t size_bytes, struct acpi_power *power)
{
    const uint8_t *bytes = table, *name;
    for (size_t at = ACPI_HEADER_SIZE + 1;
         at < size_bytes && (name = memmem(bytes + at, size_bytes - at, "_S5_", 4)) != NULL;
         at = (size_t)(name - bytes) + 1) {
        bool is_name = name[-1] == AML_NAME || (name[-1] == AML_ROOT && name[-2] == AML_NAME);
        struct aml aml = { bytes, (size_t)(name - bytes) + 4, size_bytes };
        if (is_name && read_s5_package(&aml, power))
            return true;
    }
    return false;
}

/* ---- the FADT's registers ---- */

/* The 32-bit field's port, which every PC has, else the generic address; a table may have only one of them. A
   port number above 16 bits is invalid. */
static struct acpi_register choose(uint32_t port, const struct acpi_gas *gas, uint8_t bytes)
{
    if (port != 0 && port <= UINT16_MAX)
        return (struct acpi_register){ .space = ACPI_SPACE_IO, .address = port, .bytes = bytes };
    return (struct acpi_register){ .space = gas->space,
                                   .address = acpi_gas_is_usable(gas) ? gas->address : 0,
                                   .bytes = bytes };
}

void acpi_decode_power(const struct fadt *fadt, struct acpi_power *power)
{
    *power = (struct acpi_power){ .is_hardware_reduced = fadt->is_hardware_reduced };
    struct acpi_register *registers = power->registers;
    if (fadt->is_hardware_reduced) {
        registers[ACPI_SLEEP_CONTROL] = choose(0, &fadt->sleep_control, 1);
        registers[ACPI_SLEEP_STATUS] = choose(0, &fadt->sleep_status, 1);
    } else {
        power->smi_command = (uint16_t)(fadt->smi_command <= UINT16_MAX ? fadt->smi_command : 0);
        power->acpi_enable = fadt->acpi_enable;
        registers[ACPI_PM1A_EVENT] = choose(fadt->pm1a_event, &fadt->x_pm1a_event, fadt->pm1_event_length);
        registers[ACPI_PM1B_EVENT] = choose(fadt->pm1b_event, &fadt->x_pm1b_event, fadt->pm1_event_length);
        registers[ACPI_PM1A_CONTROL] = choose(fadt->pm1a_control, &fadt->x_pm1a_control, 2);
        registers[ACPI_PM1B_CONTROL] = choose(fadt->pm1b_control, &fadt->x_pm1b_control, 2);
        registers[ACPI_GPE0] = choose(fadt->gpe0, &fadt->x_gpe0, fadt->gpe0_length);
        registers[ACPI_GPE1] = choose(fadt->gpe1, &fadt->x_gpe1, fadt->gpe1_length);
    }
    if (fadt_can_reset(fadt)) {
        registers[ACPI_RESET] =
            (struct acpi_register){ .space = fadt->reset.space, .address = fadt->reset.address, .bytes = 1 };
        power->reset_value = fadt->reset_value;
    }
}

bool acpi_can_power_off(const struct acpi_power *power)
{
    enum acpi_power_register needed = power->is_hardware_reduced ? ACPI_SLEEP_CONTROL : ACPI_PM1A_CONTROL;
    return power->has_sleep_types && power->registers[needed].address != 0;
}

bool acpi_can_reset(const struct acpi_power *power)
{
    return power->registers[ACPI_RESET].address != 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Entry into S5, and reset, by register writes.
 *
 * A register that does not exist, or is in memory and was not mapped, reads as 0 and is not written: the
 * sequence continues without it, because a machine that wakes too early is better than one that stays on.
 */
#include <acpi/soft_off.h>

#include <ashlar/fmt/acpi.h>
#include <ashlar/io.h>

/* "PM1 Status Registers": all bits that are cleared by writing 1, WAK_STS among them. */
#define PM1_STATUS_ALL 0xc731

/* "PM1 Control Registers". */
#define PM1_SCI_ENABLE       0x0001
#define PM1_SLEEP_TYPE_SHIFT 10
#define PM1_SLEEP_TYPE_MASK  0x1c00
#define PM1_SLEEP_ENABLE     0x2000

/* "Sleep Control and Status Registers" of hardware-reduced machines. */
#define SLEEP_CONTROL_TYPE_SHIFT 2
#define SLEEP_CONTROL_ENABLE     0x20
#define SLEEP_STATUS_WAKE        0x80

/* Reads of SCI_EN while firmware switches to ACPI mode, of about a microsecond each. */
#define ACPI_MODE_READS 100000

/* Configuration mechanism 1. Source: PCI Local Bus Specification 3.0, "Software Generation of Configuration
   Transactions". */
#define PORT_PCI_ADDRESS 0xcf8
#define PORT_PCI_DATA    0xcfc

/* The address of a byte of the block; NULL when it is not mapped. */
static volatile uint8_t *in_memory(const struct acpi_register *reg, unsigned int offset)
{
    return reg->mapped ? (volatile uint8_t *)reg->mapped + offset : NULL;
}

static uint16_t read16(const struct acpi_register *reg)
{
    volatile uint8_t *memory = in_memory(reg, 0);
    if (reg->address == 0)
        return 0;
    if (reg->space == ACPI_SPACE_IO)
        return io_in16((uint16_t)reg->address);
    return memory ? mmio_read16(memory) : 0;
}

static void write16(const struct acpi_register *reg, uint16_t value)
{
    volatile uint8_t *memory = in_memory(reg, 0);
    if (reg->address == 0)
        return;
    if (reg->space == ACPI_SPACE_IO)
        io_out16((uint16_t)reg->address, value);
    else if (memory)
        mmio_write16(memory, value);
}

static void write8(const struct acpi_register *reg, unsigned int offset, uint8_t value)
{
    volatile uint8_t *memory = in_memory(reg, offset);
    if (reg->address == 0)
        return;
    if (reg->space == ACPI_SPACE_IO)
        io_out8((uint16_t)(reg->address + offset), value);
    else if (memory)
        mmio_write8(memory, value);
}

/* The first half of a block is status, the second half enable bits. Enables first, so that a cleared event
   cannot become pending again. */
static void silence_events(const struct acpi_register *block)
{
    unsigned int half = block->bytes / 2;
    for (unsigned int i = 0; i < half; i++)
        write8(block, half + i, 0);
    for (unsigned int i = 0; i < half; i++)
        write8(block, i, 0xff);
}

static void enter_acpi_mode(const struct acpi_power *power)
{
    const struct acpi_register *control = &power->registers[ACPI_PM1A_CONTROL];
    if (power->smi_command == 0 || power->acpi_enable == 0 || (read16(control) & PM1_SCI_ENABLE))
        return;
    io_out8(power->smi_command, power->acpi_enable);
    for (int i = 0; i < ACPI_MODE_READS && !(read16(control) & PM1_SCI_ENABLE); i++)
        ;
}

/* With SLP_TYP, and without SLP_EN. */
static uint16_t with_type(const struct acpi_register *control, uint8_t type)
{
    uint16_t kept = read16(control) & (uint16_t) ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);
    return kept | (uint16_t)(type << PM1_SLEEP_TYPE_SHIFT);
}

void acpi_power_off(const struct acpi_power *power)
{
    const struct acpi_register *registers = power->registers;
    if (power->is_hardware_reduced) {
        write8(&registers[ACPI_SLEEP_STATUS], 0, SLEEP_STATUS_WAKE);
        write8(&registers[ACPI_SLEEP_CONTROL], 0,
               (uint8_t)(power->sleep_type_a << SLEEP_CONTROL_TYPE_SHIFT | SLEEP_CONTROL_ENABLE));
        return;
    }
    enter_acpi_mode(power);
    silence_events(&registers[ACPI_GPE0]);
    silence_events(&registers[ACPI_GPE1]);
    write16(&registers[ACPI_PM1A_EVENT], PM1_STATUS_ALL);
    write16(&registers[ACPI_PM1B_EVENT], PM1_STATUS_ALL);

    uint16_t a = with_type(&registers[ACPI_PM1A_CONTROL], power->sleep_type_a);
    uint16_t b = with_type(&registers[ACPI_PM1B_CONTROL], power->sleep_type_b);
    write16(&registers[ACPI_PM1A_CONTROL], a);
    write16(&registers[ACPI_PM1B_CONTROL], b);
    write16(&registers[ACPI_PM1A_CONTROL], a | PM1_SLEEP_ENABLE);
    write16(&registers[ACPI_PM1B_CONTROL], b | PM1_SLEEP_ENABLE);
}

/* Of bus 0: device in bits 32 to 47, function in 16 to 31, register in 0 to 15 (ACPI Specification 6.5,
   "Generic Address Structure"). A byte is written, to its own place in the data port. */
static void reset_in_pci(uint64_t address, uint8_t value)
{
    uint32_t device = (uint32_t)(address >> 32) & 0x1f, function = (uint32_t)(address >> 16) & 7;
    uint32_t offset = (uint32_t)address & 0xff;
    io_out32(PORT_PCI_ADDRESS, 0x80000000u | device << 11 | function << 8 | (offset & ~3u));
    io_out8((uint16_t)(PORT_PCI_DATA + (offset & 3)), value);
}

void acpi_reset(const struct acpi_power *power)
{
    const struct acpi_register *reg = &power->registers[ACPI_RESET];
    if (reg->space == ACPI_SPACE_PCI)
        reset_in_pci(reg->address, power->reset_value);
    else
        write8(reg, 0, power->reset_value);
}

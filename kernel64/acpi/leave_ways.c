/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching off and resetting through ACPI's fixed hardware.
 *
 * The registers are decoded once, while the tables are readable, and used when the machine is
 * left, perhaps in a panic: ports only. A sleep control or reset register in memory would need a
 * mapping made in advance; no machine of the corpus has one, and the log says so where it is met.
 */
#include <acpi/leave_ways.h>

#include <acpi/power.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/io.h>
#include <cpu/insn.h>
#include <diag/leave.h>
#include <diag/log.h>

/* PM1 control register. Source: ACPI Specification 6.5, "PM1 Control Registers". */
#define PM1_SCI_ENABLE           0x0001
#define PM1_SLEEP_TYPE_SHIFT     10
#define PM1_SLEEP_TYPE_MASK      0x1c00
#define PM1_SLEEP_ENABLE         0x2000

/* Sleep control register of hardware-reduced machines: "Sleep Control and Status Registers". */
#define SLEEP_CONTROL_TYPE_SHIFT 2
#define SLEEP_CONTROL_ENABLE     0x20

/* How often to look whether firmware has switched to ACPI mode, and then whether we are off. */
#define PATIENCE                 100000

static struct acpi_power power;

static void enter_acpi_mode(void)
{
    if (power.smi_command == 0 || power.acpi_enable == 0 || (io_in16(power.pm1a_control) & PM1_SCI_ENABLE))
        return;
    io_out8(power.smi_command, power.acpi_enable);
    for (int i = 0; i < PATIENCE && !(io_in16(power.pm1a_control) & PM1_SCI_ENABLE); i++)
        cpu_pause();
}

static void request_sleep(uint16_t port, uint8_t type)
{
    uint16_t value = io_in16(port) & (uint16_t) ~(PM1_SLEEP_TYPE_MASK | PM1_SLEEP_ENABLE);
    value |= (uint16_t)(type << PM1_SLEEP_TYPE_SHIFT);
    io_out16(port, value);
    io_out16(port, value | PM1_SLEEP_ENABLE);
}

static void power_off(void)
{
    if (power.hardware_reduced) {
        io_out8((uint16_t)power.sleep_control.raw,
                (uint8_t)(power.sleep_type_a << SLEEP_CONTROL_TYPE_SHIFT | SLEEP_CONTROL_ENABLE));
    } else {
        enter_acpi_mode();
        request_sleep(power.pm1a_control, power.sleep_type_a);
        if (power.pm1b_control)
            request_sleep(power.pm1b_control, power.sleep_type_b);
    }
    for (int i = 0; i < PATIENCE; i++)
        cpu_pause();
}

static void reset(void)
{
    io_out8((uint16_t)power.reset_register.raw, power.reset_value);
    for (int i = 0; i < PATIENCE; i++)
        cpu_pause();
}

void acpi_add_leave_ways(const struct acpi_root *root, acpi_read_fn *read)
{
    struct acpi_table table, dsdt = { .length = 0 };
    struct fadt fadt;
    if (acpi_find_table(read, root, "FACP", &table) != STATUS_OK ||
        fadt_parse(read(table.address, table.length), table.length, &fadt) != STATUS_OK) {
        log_info("acpi", "no FADT, so no power-off and no reset register");
        return;
    }
    if (acpi_find_dsdt(read, root, &dsdt) != STATUS_OK)
        dsdt.length = 0;
    const void *dsdt_bytes = dsdt.length ? read(dsdt.address, dsdt.length) : NULL;
    acpi_decode_power(&fadt, dsdt_bytes, dsdt.length, &power);

    if (!power.can_power_off)
        log_info("acpi", "power-off is not described in a form we understand");
    else if (power.hardware_reduced && !power.sleep_control_is_io)
        log_info("acpi", "power-off by a register in memory is not supported");
    else
        leave_add_power_off(power_off);

    if (power.can_reset && power.reset_space == ACPI_SPACE_IO)
        leave_add_reset(reset);
    else if (power.can_reset)
        log_info("acpi", "reset by a register in memory is not supported");
}

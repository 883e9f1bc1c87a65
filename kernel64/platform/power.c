/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-off and reset by ACPI's fixed hardware.
 *
 * The registers are used at exit, perhaps in a panic. Those at ports are used from the start; those in memory
 * are mapped as soon as that is possible, because a panic cannot map memory. A register whose address is
 * refused is treated as absent.
 */
#include <platform/power.h>

#include <acpi/power.h>
#include <acpi/soft_off.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/mm/paging.h>
#include <log/log.h>
#include <power/exit.h>
#include <vm/device_map.h>

static struct acpi_power power; /* the platform's, with its registers in memory mapped */
static bool has_off, has_reset;

static void power_off(void)
{
    acpi_power_off(&power);
}

static void reset(void)
{
    acpi_reset(&power);
}

static bool is_in_memory(enum acpi_power_register which)
{
    return power.registers[which].address != 0 && power.registers[which].space == ACPI_SPACE_MEMORY;
}

static bool any_in_memory(void)
{
    for (unsigned int which = 0; which < ACPI_RESET; which++)
        if (is_in_memory((enum acpi_power_register)which))
            return true;
    return false;
}

static void map_registers(void)
{
    static const char *const names[ACPI_POWER_REGISTERS] = {
        "PM1a event block", "PM1b event block", "PM1a control", "PM1b control",   "GPE0 block",
        "GPE1 block",       "sleep control",    "sleep status", "reset register",
    };
    for (unsigned int which = 0; which < ACPI_POWER_REGISTERS; which++) {
        struct acpi_register *reg = &power.registers[which];
        if (!is_in_memory((enum acpi_power_register)which))
            continue;
        reg->mapped = device_map(phys(reg->address), reg->bytes ? reg->bytes : 1, PAGE_WRITE | PAGE_UNCACHED,
                                 names[which]);
        if (!reg->mapped)
            reg->address = 0;
    }
}

/* Adds usable methods that were not added yet. */
static void add_methods(bool may_use_memory)
{
    if (!has_off && acpi_can_power_off(&power) && (may_use_memory || !any_in_memory())) {
        power_add_off_method(power_off);
        has_off = true;
        log_debug("acpi", "power-off: by the FADT's registers");
    }
    if (!has_reset && acpi_can_reset(&power) && (may_use_memory || !is_in_memory(ACPI_RESET))) {
        power_add_reboot_method(reset);
        has_reset = true;
        log_debug("acpi", "reboot: by the FADT's reset register");
    }
}

void platform_power_init_early(const struct platform *platform)
{
    power = platform->power;
    add_methods(false);
}

void platform_power_init(const struct platform *platform)
{
    if (!platform->has_fadt) {
        log_info("acpi", "no FADT: no power-off, no reset register");
        return;
    }
    if (!power.has_sleep_types)
        power = platform->power;
    map_registers();
    add_methods(true);
    if (!has_off)
        log_info("acpi", "no power-off: %s",
                 power.has_sleep_types ? "no usable control register" : "no \\_S5_ in a known form");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Switching off and resetting through ACPI's fixed hardware.
 *
 * The registers are decoded once, while the tables are readable, and used when the machine is left, perhaps
 * in a panic. Those at ports serve from the first moment; those in memory are mapped as soon as that is
 * possible, because a panic can map nothing. One whose address is refused is as good as absent.
 */
#include <acpi/power_methods.h>

#include <acpi/power.h>
#include <ashlar/fmt/acpi.h>
#include <log/log.h>
#include <power/exit.h>
#include <vm/map_device.h>

static struct acpi_power power;
static bool has_fadt, has_off, has_reset;

static void power_off(void)
{
    acpi_power_off(&power);
}

static void reset(void)
{
    acpi_reset(&power);
}

static const void *bytes_of(const struct acpi_table *table, acpi_read_fn *read)
{
    return table ? read(table->address, table->length) : NULL;
}

/* The DSDT is where it nearly always is; some machines have it in an SSDT. */
static void find_s5(const struct acpi_index *index, acpi_read_fn *read)
{
    static const char *const kinds[] = { "DSDT", "SSDT", "PSDT" };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        for (const struct acpi_table *table = NULL;
             (table = acpi_index_find(index, kinds[i], table)) != NULL;) {
            const void *bytes = bytes_of(table, read);
            if (bytes && acpi_decode_s5(bytes, table->length, &power))
                return;
        }
    }
}

static void decode(const struct acpi_index *index, acpi_read_fn *read)
{
    struct fadt fadt;
    const struct acpi_table *table = acpi_index_find(index, "FACP", NULL);
    const void *bytes = bytes_of(table, read);
    has_fadt = bytes && fadt_parse(bytes, table->length, &fadt) == STATUS_OK;
    if (!has_fadt)
        return;
    acpi_decode_power(&fadt, &power);
    find_s5(index, read);
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
        reg->mapped = map_device(phys(reg->address), reg->bytes ? reg->bytes : 1, PAGE_WRITE | PAGE_UNCACHED,
                                 names[which]);
        if (!reg->mapped)
            reg->address = 0;
    }
}

/* Adds what can be used and was not added yet. */
static void add_ways(bool may_use_memory)
{
    if (!has_off && acpi_can_power_off(&power) && (may_use_memory || !any_in_memory())) {
        leave_add_power_off(power_off);
        has_off = true;
    }
    if (!has_reset && acpi_can_reset(&power) && (may_use_memory || !is_in_memory(ACPI_RESET))) {
        leave_add_reset(reset);
        has_reset = true;
    }
}

void acpi_add_leave_ways(const struct acpi_index *index, acpi_read_fn *read)
{
    decode(index, read);
    if (has_fadt)
        add_ways(false);
}

void acpi_complete_leave_ways(const struct acpi_index *index, acpi_read_fn *read)
{
    if (!has_fadt || !power.has_sleep_types)
        decode(index, read);
    if (!has_fadt) {
        log_info("acpi", "no FADT, so no power-off and no reset register");
        return;
    }
    map_registers();
    add_ways(true);
    if (!has_off)
        log_info("acpi", "no power-off: %s",
                 power.has_sleep_types ? "no control register that can be used"
                                       : "no \\_S5_ in a form we understand");
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding counters. None is believed to exist because a table names it: its driver sees it count.
 */
#include <time/counters.h>

#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/init.h>
#include <ashlar/dev/acpi_pm.h>
#include <ashlar/fmt/acpi.h>
#include <boot/machine.h>
#include <log/log.h>
#include <vm/map_device.h>

static struct hpet hpet;
static struct acpi_pm pm_timer;
static struct pit8254 pit;
static bool has_hpet, has_pit;

static struct clock_counter *counters[COUNTERS_MAX];
static unsigned int counter_count;

struct clock_counter *counters_get(unsigned int index)
{
    return index < counter_count ? counters[index] : NULL;
}

struct hpet *counters_hpet(void)
{
    return has_hpet ? &hpet : NULL;
}

struct pit8254 *counters_pit(void)
{
    return has_pit ? &pit : NULL;
}

void counters_reject(const struct clock_counter *counter)
{
    unsigned int kept = 0;
    for (unsigned int i = 0; i < counter_count; i++)
        if (counters[i] != counter)
            counters[kept++] = counters[i];
    counter_count = kept;
}

static bool init_hpet(const struct acpi_gas *base)
{
    phys_t address = phys(base->address);
    if (base->space != ACPI_SPACE_MEMORY) {
        device_refused("HPET", address, "it is not in memory");
        return false;
    }
    void *registers = map_device(address, HPET_BLOCK_BYTES, PAGE_WRITE | PAGE_UNCACHED, "HPET");
    if (!registers)
        return false;
    if (hpet_init(&hpet, registers) == STATUS_OK)
        return true;
    device_refused("HPET", address, "no HPET answers there");
    unmap_device(registers);
    return false;
}

/* Some machines have a table for each block, and some have one too many: the first that is right. */
static void find_hpet(void)
{
    const struct acpi_index *index = acpi_tables_here();
    if (!index || machine_has_option("nohpet"))
        return;
    for (const struct acpi_table *at = NULL;
         !has_hpet && (at = acpi_index_find(index, "HPET", at)) != NULL;) {
        struct hpet_table table;
        const void *data = acpi_read(at->address, at->length);
        has_hpet = data && hpet_table_parse(data, at->length, &table) == STATUS_OK && init_hpet(&table.base);
    }
    if (has_hpet)
        counters[counter_count++] = &hpet.counter;
}

static bool init_pm_timer_in_memory(const struct fadt_pm_timer *where)
{
    void *reg = map_device(phys(where->address), sizeof(uint32_t), PAGE_UNCACHED, "PM timer");
    if (!reg)
        return false;
    if (acpi_pm_init_memory(&pm_timer, reg, where->bits) == STATUS_OK)
        return true;
    device_refused("PM timer", phys(where->address), "it does not count");
    unmap_device(reg);
    return false;
}

/* In memory where the table says so; where nothing can be there, or it does not count, the port of the old
   field. */
static void find_pm_timer(void)
{
    size_t size_bytes;
    struct fadt fadt;
    struct fadt_pm_timer where;
    const void *data = acpi_find_here("FACP", &size_bytes);
    if (!data || fadt_parse(data, size_bytes, &fadt) != STATUS_OK || !fadt_pm_timer(&fadt, &where))
        return;
    bool is_there = where.is_in_memory && init_pm_timer_in_memory(&where);
    if (!is_there && where.port != 0) {
        is_there = acpi_pm_init_port(&pm_timer, where.port, where.bits) == STATUS_OK;
        if (!is_there)
            log_warn("firmware", "PM timer at port %#x refused: it does not count", where.port);
    }
    if (is_there)
        counters[counter_count++] = &pm_timer.counter;
}

void counters_init_early(void)
{
    has_pit = pit8254_init(&pit) == STATUS_OK;
    if (has_pit)
        counters[counter_count++] = &pit.counter;
}

void counters_init(void)
{
    counter_count = 0;
    find_hpet();
    find_pm_timer();
    if (has_pit)
        counters[counter_count++] = &pit.counter;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding counters. A table's entry is not trusted: a counter is used only after its driver has seen it
 * count.
 */
#include <time/counters.h>

#include <ashlar/dev/acpi_pm.h>
#include <boot/options.h>
#include <log/log.h>
#include <platform/platform.h>
#include <vm/device_map.h>

OPTION(nohpet, "", "do not use the HPET");

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

static bool init_hpet(const struct platform_hpet *block)
{
    if (!block->is_in_memory) {
        device_refused("HPET", block->address, "it is not in memory");
        return false;
    }
    void *registers = device_map(block->address, HPET_BLOCK_BYTES, PAGE_WRITE | PAGE_UNCACHED, "HPET");
    if (!registers)
        return false;
    if (hpet_init(&hpet, registers) == STATUS_OK)
        return true;
    device_refused("HPET", block->address, "no HPET answers there");
    device_unmap(registers);
    return false;
}

/* The first block whose driver accepts it. */
static void find_hpet(void)
{
    const struct platform *machine = platform();
    for (size_t i = 0; i < machine->hpet_count && !has_hpet && !option_is_given(&option_nohpet); i++)
        has_hpet = init_hpet(&machine->hpets[i]);
    if (has_hpet)
        counters[counter_count++] = &hpet.counter;
}

static bool init_pm_timer_in_memory(const struct platform_pm_timer *where)
{
    void *reg = device_map(where->address, sizeof(uint32_t), PAGE_UNCACHED, "PM timer");
    if (!reg)
        return false;
    if (acpi_pm_init_memory(&pm_timer, reg, where->bits) == STATUS_OK)
        return true;
    device_refused("PM timer", where->address, "it does not count");
    device_unmap(reg);
    return false;
}

/* In memory if the table has an address there; if that is not usable or does not count, the port of the old
   field. */
static void find_pm_timer(void)
{
    const struct platform_pm_timer *where = &platform()->pm_timer;
    if (where->bits == 0)
        return;
    bool is_there = phys_is_valid(where->address) && init_pm_timer_in_memory(where);
    if (!is_there && where->port != 0) {
        is_there = acpi_pm_init_port(&pm_timer, where->port, where->bits) == STATUS_OK;
        if (!is_there)
            log_warn("firmware", "PM timer at port %#x refused: it does not count", where->port);
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

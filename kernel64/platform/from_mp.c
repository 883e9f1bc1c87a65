/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MP tables' entries as arrays. add_entries() runs twice: without arrays it counts, with them it copies.
 *
 * Interrupts are identified by bus and by their number on the bus; only those of an ISA bus are used. Each
 * arrives at a pin of an I/O APIC. GSIs did not exist yet: I/O APICs get theirs in the table's order, when
 * the driver has read how many pins each has.
 */
#include <platform/tables.h>

#include <acpi/madt.h>
#include <acpi/mp_table.h>
#include <ashlar/bits.h>
#include <lib/string.h>

static void report_if_cut(const struct platform_firmware *firmware, const struct mp_table *table)
{
    struct mp_entry entry;
    size_t cursor = 0;
    status_t status;
    while ((status = mp_next(table, &cursor, &entry)) == STATUS_OK)
        ;
    if (status == STATUS_MALFORMED)
        firmware->report_fault("MP table truncated: unknown entry type, rest ignored: from offset", cursor);
}

static bool is_isa_bus(const struct mp_table *table, uint8_t bus)
{
    struct mp_entry entry;
    for (size_t cursor = 0; mp_next(table, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MP_BUS && entry.bus.bus == bus)
            return strncmp(entry.bus.name, "ISA", 3) == 0;
    return false;
}

static void add_isa_input(struct platform *platform, const struct mp_interrupt *interrupt)
{
    if (platform->isa_inputs)
        platform->isa_inputs[platform->isa_input_count] = (struct platform_isa_input){
            .isa = interrupt->source,
            .is_pin = true,
            .ioapic_id = interrupt->apic_id,
            .input = interrupt->input,
            .wiring = { .is_level = interrupt->trigger == ACPI_TRIGGER_LEVEL,
                        .is_active_low = interrupt->polarity == ACPI_POLARITY_LOW },
        };
    platform->isa_input_count++;
}

static void add_ioapic(struct platform *platform, const struct mp_ioapic *ioapic)
{
    if (platform->ioapics)
        platform->ioapics[platform->ioapic_count] =
            (struct platform_ioapic){ ioapic->address, PLATFORM_GSI_FOLLOWS, ioapic->ioapic_id };
    platform->ioapic_count++;
}

/* @seen: a bit for each APIC ID; a CPU may be listed twice. */
static void add_cpu(struct platform *platform, const struct mp_cpu *cpu, uint64_t *seen)
{
    uint64_t bit = BIT(cpu->apic_id % 64);
    if (seen[cpu->apic_id / 64] & bit)
        return;
    seen[cpu->apic_id / 64] |= bit;
    if (platform->cpus)
        platform->cpus[platform->cpu_count] = (struct platform_cpu){ .apic_id = cpu->apic_id };
    platform->cpu_count++;
}

static void add_entries(const struct mp_table *table, struct platform *platform)
{
    struct mp_entry entry;
    uint64_t seen[4] = { 0 };
    platform->cpu_count = platform->ioapic_count = platform->isa_input_count = 0;
    for (size_t cursor = 0; mp_next(table, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind == MP_CPU && entry.cpu.is_enabled)
            add_cpu(platform, &entry.cpu, seen);
        else if (entry.kind == MP_IOAPIC && entry.ioapic.is_enabled)
            add_ioapic(platform, &entry.ioapic);
        else if (entry.kind == MP_INTERRUPT && entry.interrupt.type == MP_INT &&
                 is_isa_bus(table, entry.interrupt.bus))
            add_isa_input(platform, &entry.interrupt);
    }
}

bool platform_read_mp(const struct platform_firmware *firmware, struct platform *platform)
{
    struct mp_pointer pointer;
    struct mp_table table;
    if (mp_find(firmware->read, &pointer) != STATUS_OK ||
        mp_table_read(firmware->read, &pointer, &table) != STATUS_OK)
        return false;
    report_if_cut(firmware, &table);
    platform->lapic_address = table.lapic_address;
    platform->has_imcr = pointer.has_imcr;
    memcpy(platform->mp_oem, table.oem_id, sizeof(platform->mp_oem));
    memcpy(platform->mp_product, table.product_id, sizeof(platform->mp_product));
    add_entries(&table, platform);
    platform_take_interrupt_arrays(firmware, platform);
    add_entries(&table, platform);
    platform_drop_counts(platform);
    return true;
}

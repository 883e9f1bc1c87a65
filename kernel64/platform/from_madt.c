/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MADT's entries as arrays. add_entries() runs twice: without arrays it counts, with them it copies.
 */
#include <platform/tables.h>

#include <acpi/madt.h>

/* "Conforms to the bus" means ISA: edge, active high. */
static struct irq_wiring wiring_of(const struct madt_wiring *wiring)
{
    return (struct irq_wiring){ .is_level = wiring->trigger == ACPI_TRIGGER_LEVEL,
                                .is_active_low = wiring->polarity == ACPI_POLARITY_LOW };
}

static void add_cpus(const struct madt *madt, struct platform *platform)
{
    struct madt_cpu cpu;
    platform->cpu_count = 0;
    for (struct madt_cpu_cursor cursor = { 0, 0 }; madt_next_cpu(madt, &cursor, &cpu);) {
        if (platform->cpus)
            platform->cpus[platform->cpu_count] = (struct platform_cpu){ .apic_id = cpu.apic_id };
        platform->cpu_count++;
    }
}

static void add_lint_nmi(struct platform *platform, const struct madt_lapic_nmi *nmi, uint32_t apic_id)
{
    if (platform->lint_nmis)
        platform->lint_nmis[platform->lint_nmi_count] = (struct platform_lint_nmi){
            .all_cpus = nmi->all_cpus,
            .apic_id = apic_id,
            .lint = nmi->lint,
            .wiring = wiring_of(&nmi->wiring),
        };
    platform->lint_nmi_count++;
}

/* The table gives a processor UID, in one of two separate number spaces; CPU entries map it to an APIC ID.
   Broken tables give one UID to several CPUs: it is then an input of each. */
static void add_lint_nmis_of(const struct madt *madt, struct platform *platform,
                             const struct madt_lapic_nmi *nmi)
{
    struct madt_entry entry;
    size_t before = platform->lint_nmi_count;
    for (size_t cursor = 0; !nmi->all_cpus && madt_next(madt, &cursor, &entry) == STATUS_OK;)
        if (entry.kind == MADT_CPU && entry.cpu.uid == nmi->uid && entry.cpu.is_x2apic == nmi->is_x2apic)
            add_lint_nmi(platform, nmi, entry.cpu.apic_id);
    if (platform->lint_nmi_count == before)
        add_lint_nmi(platform, nmi, PLATFORM_NO_CPU);
}

static void add_entry(const struct madt *madt, struct platform *platform, const struct madt_entry *entry)
{
    switch (entry->kind) {
    case MADT_IOAPIC:
        if (platform->ioapics)
            platform->ioapics[platform->ioapic_count] =
                (struct platform_ioapic){ entry->ioapic.address, entry->ioapic.gsi_base,
                                          entry->ioapic.ioapic_id };
        platform->ioapic_count++;
        break;
    case MADT_OVERRIDE:
        if (platform->isa_inputs)
            platform->isa_inputs[platform->isa_input_count] =
                (struct platform_isa_input){ .isa = entry->override.source,
                                             .input = entry->override.gsi,
                                             .wiring = wiring_of(&entry->override.wiring) };
        platform->isa_input_count++;
        break;
    case MADT_NMI_SOURCE:
        if (platform->nmi_sources)
            platform->nmi_sources[platform->nmi_source_count] =
                (struct platform_nmi_source){ entry->nmi_source.gsi, wiring_of(&entry->nmi_source.wiring) };
        platform->nmi_source_count++;
        break;
    case MADT_LAPIC_NMI:
        add_lint_nmis_of(madt, platform, &entry->lapic_nmi);
        break;
    default:
        break;
    }
}

static void add_entries(const struct madt *madt, struct platform *platform)
{
    struct madt_entry entry;
    platform->ioapic_count = platform->isa_input_count = 0;
    platform->nmi_source_count = platform->lint_nmi_count = 0;
    for (size_t cursor = 0; madt_next(madt, &cursor, &entry) == STATUS_OK;)
        add_entry(madt, platform, &entry);
}

bool platform_read_madt(const struct platform_firmware *firmware, struct platform *platform)
{
    struct madt madt;
    size_t size_bytes;
    const void *data = firmware->find("APIC", 0, &size_bytes);
    if (!data || madt_parse(data, size_bytes, &madt) != STATUS_OK)
        return false;
    (void)madt_report_faults(&madt, firmware->report_fault);
    platform->lapic_address = madt.lapic_address;
    platform->has_8259 = madt.has_8259;
    platform->isa_is_identity = true;
    add_cpus(&madt, platform);
    add_entries(&madt, platform);
    platform_take_interrupt_arrays(firmware, platform);
    add_cpus(&madt, platform);
    add_entries(&madt, platform);
    platform_drop_counts(platform);
    return true;
}

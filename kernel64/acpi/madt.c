/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The MADT's entries, one at a time from the caller's bytes, so there is no limit on the number of CPUs or
 * I/O APICs.
 *
 * Duplicates are found by searching the entries before, because there is no memory for a set of ids. Ids
 * mostly ascend, and an id above all earlier ones needs no search: 4096 CPUs in order cost 4096 steps.
 */
#include <acpi/madt.h>
#include <ashlar/fmt/acpi.h>

#include <lib/little_endian.h>

#define NO_LAPIC  0xffu
#define NO_X2APIC 0xffffffffu

status_t madt_parse(const void *data, size_t size_bytes, struct madt *madt)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "APIC", ACPI_MADT_SIZE, &view);
    if (status != STATUS_OK)
        return status;

    *madt = (struct madt){ .view = view, .flags = acpi_view_u32(&view, ACPI_MADT_FLAGS) };
    madt->has_8259 = madt->flags & ACPI_MADT_FLAG_PCAT;
    madt->lapic_address = phys(acpi_view_u32(&view, ACPI_MADT_LAPIC_ADDRESS));
    struct madt_entry entry;
    for (size_t cursor = 0; madt_next(madt, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind == MADT_LAPIC_ADDRESS) {
            madt->lapic_address = entry.lapic_address;
            break;
        }
    }
    return STATUS_OK;
}

static struct madt_wiring read_wiring(const uint8_t *bytes)
{
    uint16_t flags = get_le16(bytes);
    return (struct madt_wiring){
        .flags = flags,
        .polarity = flags & ACPI_INTI_POLARITY,
        .trigger = flags >> ACPI_INTI_TRIGGER_SHIFT & ACPI_INTI_TRIGGER,
    };
}

static struct madt_cpu read_cpu(uint32_t uid, uint32_t apic_id, uint32_t flags, bool is_x2apic)
{
    bool is_enabled = flags & ACPI_MADT_CPU_ENABLED;
    return (struct madt_cpu){
        .uid = uid,
        .apic_id = apic_id,
        .flags = flags,
        .is_enabled = is_enabled,
        .is_online_capable = !is_enabled && (flags & ACPI_MADT_CPU_ONLINE_CAPABLE),
        .is_x2apic = is_x2apic,
    };
}

/* The bytes of a type's fields; 0 for an unknown type. */
static size_t size_of_type(uint8_t type)
{
    switch (type) {
    case ACPI_MADT_LAPIC:
        return ACPI_MADT_LAPIC_SIZE;
    case ACPI_MADT_IOAPIC:
        return ACPI_MADT_IOAPIC_SIZE;
    case ACPI_MADT_OVERRIDE:
        return ACPI_MADT_OVERRIDE_SIZE;
    case ACPI_MADT_NMI_SOURCE:
        return ACPI_MADT_NMI_SOURCE_SIZE;
    case ACPI_MADT_LAPIC_NMI:
        return ACPI_MADT_LAPIC_NMI_SIZE;
    case ACPI_MADT_LAPIC_OVERRIDE:
        return ACPI_MADT_LAPIC_OVERRIDE_SIZE;
    case ACPI_MADT_X2APIC:
        return ACPI_MADT_X2APIC_SIZE;
    case ACPI_MADT_X2APIC_NMI:
        return ACPI_MADT_X2APIC_NMI_SIZE;
    default:
        return 0;
    }
}

/* @entry->raw is long enough for its type. */
static void read_entry(struct madt_entry *entry)
{
    const uint8_t *at = entry->raw.bytes;
    switch (entry->raw.type) {
    case ACPI_MADT_LAPIC:
        entry->kind = MADT_CPU;
        entry->cpu = read_cpu(at[ACPI_MADT_LAPIC_UID], at[ACPI_MADT_LAPIC_ID],
                              get_le32(at + ACPI_MADT_LAPIC_FLAGS), false);
        break;
    case ACPI_MADT_X2APIC:
        entry->kind = MADT_CPU;
        entry->cpu = read_cpu(get_le32(at + ACPI_MADT_X2APIC_UID), get_le32(at + ACPI_MADT_X2APIC_ID),
                              get_le32(at + ACPI_MADT_X2APIC_FLAGS), true);
        break;
    case ACPI_MADT_IOAPIC:
        entry->kind = MADT_IOAPIC;
        entry->ioapic = (struct madt_ioapic){ .ioapic_id = at[ACPI_MADT_IOAPIC_ID],
                                              .address = phys(get_le32(at + ACPI_MADT_IOAPIC_ADDRESS)),
                                              .gsi_base = get_le32(at + ACPI_MADT_IOAPIC_GSI_BASE) };
        break;
    case ACPI_MADT_OVERRIDE:
        entry->kind = MADT_OVERRIDE;
        entry->override = (struct madt_override){ .bus = at[ACPI_MADT_OVERRIDE_BUS],
                                                  .source = at[ACPI_MADT_OVERRIDE_SOURCE],
                                                  .gsi = get_le32(at + ACPI_MADT_OVERRIDE_GSI),
                                                  .wiring = read_wiring(at + ACPI_MADT_OVERRIDE_FLAGS) };
        break;
    case ACPI_MADT_NMI_SOURCE:
        entry->kind = MADT_NMI_SOURCE;
        entry->nmi_source =
            (struct madt_nmi_source){ .gsi = get_le32(at + ACPI_MADT_NMI_SOURCE_GSI),
                                      .wiring = read_wiring(at + ACPI_MADT_NMI_SOURCE_FLAGS) };
        break;
    case ACPI_MADT_LAPIC_NMI:
        entry->kind = MADT_LAPIC_NMI;
        entry->lapic_nmi = (struct madt_lapic_nmi){ .uid = at[ACPI_MADT_LAPIC_NMI_UID],
                                                    .all_cpus = at[ACPI_MADT_LAPIC_NMI_UID] == 0xff,
                                                    .lint = at[ACPI_MADT_LAPIC_NMI_LINT],
                                                    .wiring = read_wiring(at + ACPI_MADT_LAPIC_NMI_FLAGS) };
        break;
    case ACPI_MADT_X2APIC_NMI:
        entry->kind = MADT_LAPIC_NMI;
        entry->lapic_nmi =
            (struct madt_lapic_nmi){ .uid = get_le32(at + ACPI_MADT_X2APIC_NMI_UID),
                                     .all_cpus = get_le32(at + ACPI_MADT_X2APIC_NMI_UID) == UINT32_MAX,
                                     .is_x2apic = true,
                                     .lint = at[ACPI_MADT_X2APIC_NMI_LINT],
                                     .wiring = read_wiring(at + ACPI_MADT_X2APIC_NMI_FLAGS) };
        break;
    case ACPI_MADT_LAPIC_OVERRIDE:
        entry->kind = MADT_LAPIC_ADDRESS;
        entry->lapic_address = phys(get_le64(at + ACPI_MADT_LAPIC_OVERRIDE_ADDRESS));
        break;
    default:
        entry->kind = MADT_OTHER;
        break;
    }
}

status_t madt_next(const struct madt *madt, size_t *cursor, struct madt_entry *entry)
{
    struct acpi_entry raw;
    if (*cursor == 0)
        *cursor = ACPI_MADT_SIZE;
    do {
        status_t status = acpi_next_entry(&madt->view, cursor, &raw);
        if (status != STATUS_OK)
            return status;
    } while (raw.length < size_of_type(raw.type));
    entry->raw = raw;
    read_entry(entry);
    return STATUS_OK;
}

/* ---- CPUs ---- */

/* The next entry that is an enabled CPU, duplicates included. */
static bool next_enabled(const struct madt *madt, size_t *offset, struct madt_entry *entry)
{
    while (madt_next(madt, offset, entry) == STATUS_OK) {
        if (entry->kind == MADT_CPU && entry->cpu.is_enabled &&
            entry->cpu.apic_id != (entry->cpu.is_x2apic ? NO_X2APIC : NO_LAPIC))
            return true;
    }
    return false;
}

/* Whether an enabled CPU before @end has this APIC id. */
static bool was_seen(const struct madt *madt, uint32_t apic_id, size_t end)
{
    struct madt_entry entry;
    for (size_t offset = 0; next_enabled(madt, &offset, &entry) && entry.raw.offset < end;) {
        if (entry.cpu.apic_id == apic_id)
            return true;
    }
    return false;
}

bool madt_next_cpu(const struct madt *madt, struct madt_cpu_cursor *cursor, struct madt_cpu *cpu)
{
    struct madt_entry entry;
    while (next_enabled(madt, &cursor->offset, &entry)) {
        bool is_new = entry.cpu.apic_id >= cursor->above_all;
        if (is_new)
            cursor->above_all = (uint64_t)entry.cpu.apic_id + 1;
        else if (was_seen(madt, entry.cpu.apic_id, entry.raw.offset))
            continue;
        *cpu = entry.cpu;
        return true;
    }
    return false;
}

/* ---- ISA interrupts ---- */

struct madt_input madt_isa_input(const struct madt *madt, uint8_t irq)
{
    struct madt_entry entry;
    struct madt_input input = { .gsi = irq };
    for (size_t cursor = 0; madt_next(madt, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind != MADT_OVERRIDE || entry.override.source != irq)
            continue;
        input.gsi = entry.override.gsi;
        input.is_active_low = entry.override.wiring.polarity == ACPI_POLARITY_LOW;
        input.is_level = entry.override.wiring.trigger == ACPI_TRIGGER_LEVEL;
        break;
    }
    return input;
}

size_t madt_report_faults(const struct madt *madt, madt_report_fn *report_fault)
{
    struct madt_entry entry;
    size_t cursor = 0;
    status_t status;
    while ((status = madt_next(madt, &cursor, &entry)) == STATUS_OK)
        if (entry.kind == MADT_OVERRIDE && entry.override.bus != 0)
            report_fault("MADT: interrupt source override of a bus other than ISA, used as ISA's: bus",
                         entry.override.bus);
    if (status != STATUS_MALFORMED)
        return 0;
    report_fault("MADT: invalid entry length, the rest of the table is ignored: from offset", cursor);
    return cursor;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The SRAT's entries, one at a time from the caller's bytes. */
#include <acpi/srat.h>
#include <ashlar/fmt/acpi.h>

#include <lib/little_endian.h>

status_t srat_parse(const void *data, size_t size_bytes, struct srat *srat)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "SRAT", ACPI_SRAT_SIZE, &view);
    if (status == STATUS_OK)
        *srat = (struct srat){ .view = view, .revision = acpi_view_u8(&view, ACPI_HEADER_REVISION) };
    return status;
}

static size_t size_of_type(uint8_t type)
{
    static const uint8_t sizes[] = { ACPI_SRAT_CPU_SIZE, ACPI_SRAT_MEMORY_SIZE, ACPI_SRAT_X2APIC_SIZE };
    return type < sizeof(sizes) ? sizes[type] : 0;
}

static struct srat_cpu read_cpu(const uint8_t *at, uint8_t revision)
{
    uint32_t domain = at[ACPI_SRAT_CPU_DOMAIN_LOW];
    if (revision > 1)
        domain |= get_le32(at + ACPI_SRAT_CPU_DOMAIN_HIGH - 1) & 0xffffff00;
    return (struct srat_cpu){ .apic_id = at[ACPI_SRAT_CPU_APIC_ID],
                              .domain = domain,
                              .is_enabled = get_le32(at + ACPI_SRAT_CPU_FLAGS) & ACPI_SRAT_FLAG_ENABLED };
}

static struct srat_memory read_memory(const uint8_t *at, uint8_t revision)
{
    uint32_t domain = get_le32(at + ACPI_SRAT_MEMORY_DOMAIN), flags = get_le32(at + ACPI_SRAT_MEMORY_FLAGS);
    return (struct srat_memory){ .domain = revision > 1 ? domain : domain & 0xff,
                                 .base = phys(get_le64(at + ACPI_SRAT_MEMORY_BASE)),
                                 .length = get_le64(at + ACPI_SRAT_MEMORY_LENGTH),
                                 .is_enabled = flags & ACPI_SRAT_FLAG_ENABLED,
                                 .is_hot_pluggable = flags & ACPI_SRAT_FLAG_HOT_PLUGGABLE,
                                 .is_non_volatile = flags & ACPI_SRAT_FLAG_NON_VOLATILE };
}

/* @entry->raw is long enough for its type. */
static void read_entry(const struct srat *srat, struct srat_entry *entry)
{
    const uint8_t *at = entry->raw.bytes;
    switch (entry->raw.type) {
    case ACPI_SRAT_CPU:
        entry->kind = SRAT_CPU;
        entry->cpu = read_cpu(at, srat->revision);
        break;
    case ACPI_SRAT_MEMORY:
        entry->kind = SRAT_MEMORY;
        entry->memory = read_memory(at, srat->revision);
        break;
    case ACPI_SRAT_X2APIC:
        entry->kind = SRAT_CPU;
        entry->cpu =
            (struct srat_cpu){ .apic_id = get_le32(at + ACPI_SRAT_X2APIC_ID),
                               .domain = get_le32(at + ACPI_SRAT_X2APIC_DOMAIN),
                               .is_enabled = get_le32(at + ACPI_SRAT_X2APIC_FLAGS) & ACPI_SRAT_FLAG_ENABLED,
                               .is_x2apic = true };
        break;
    default:
        entry->kind = SRAT_OTHER;
        break;
    }
}

status_t srat_next(const struct srat *srat, size_t *cursor, struct srat_entry *entry)
{
    struct acpi_entry raw;
    if (*cursor == 0)
        *cursor = ACPI_SRAT_SIZE;
    do {
        status_t status = acpi_next_entry(&srat->view, cursor, &raw);
        if (status != STATUS_OK)
            return status;
    } while (raw.length < size_of_type(raw.type));
    entry->raw = raw;
    read_entry(srat, entry);
    return STATUS_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the ACPI parsers' results for raw tables, for corpus_acpi.py and for dumps of your own:
 *
 *     decode_acpi KIND FILE [KIND FILE]...
 *
 * KIND is the signature the file is expected to have (APIC, FACP, ..., RSDP). One line a file, a JSON
 * object with the fields that the parsers read: numbers decimal, rows as arrays. {"reject":true} is a table
 * that the parser refuses.
 */
#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/madt.h>
#include <acpi/mcfg.h>
#include <acpi/slit.h>
#include <acpi/srat.h>
#include <acpi/tables.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint8_t *file_bytes;
static size_t file_size;

static void show_gas(const char *name, const struct acpi_gas *gas)
{
    if (gas->is_present)
        printf(",\"%s\":{\"space\":%u,\"width\":%u,\"offset\":%u,\"access\":%u,\"address\":%" PRIu64 "}",
               name, gas->space, gas->width_bits, gas->offset_bits, gas->access_size, gas->address);
}

static void show_name(const char *key, const char *name)
{
    printf(",\"%s\":\"", key);
    for (; *name; name++)
        printf(*name == '"' || *name == '\\' ? "\\%c" : "%c", *name);
    printf("\"");
}

static void show_header(const struct acpi_view *view)
{
    struct acpi_header header;
    acpi_view_header(view, &header);
    printf("\"length\":%u,\"revision\":%u,\"checksum_ok\":%s", header.length, header.revision,
           header.checksum_ok ? "true" : "false");
    show_name("oem_id", header.oem_id);
    show_name("oem_table_id", header.oem_table_id);
}

/* ---- MADT ---- */

static void show_madt_row(const struct madt_entry *entry)
{
    const struct madt_wiring *nmi = &entry->lapic_nmi.wiring;
    switch (entry->kind) {
    case MADT_CPU:
        printf("[%u,%u,%u]", entry->cpu.uid, entry->cpu.apic_id, entry->cpu.flags);
        break;
    case MADT_IOAPIC:
        printf("[%u,%" PRIu64 ",%u]", entry->ioapic.ioapic_id, entry->ioapic.address.raw,
               entry->ioapic.gsi_base);
        break;
    case MADT_OVERRIDE:
        printf("[%u,%u,%u,%u,%u,%u]", entry->override.bus, entry->override.source, entry->override.gsi,
               entry->override.wiring.flags, entry->override.wiring.polarity, entry->override.wiring.trigger);
        break;
    case MADT_NMI_SOURCE:
        printf("[%u,%u,%u,%u]", entry->nmi_source.gsi, entry->nmi_source.wiring.flags,
               entry->nmi_source.wiring.polarity, entry->nmi_source.wiring.trigger);
        break;
    case MADT_LAPIC_NMI:
        printf("[%u,%u,%u,%u,%u]", entry->lapic_nmi.uid, nmi->flags, nmi->polarity, nmi->trigger,
               entry->lapic_nmi.lint);
        break;
    case MADT_LAPIC_ADDRESS:
        printf("%" PRIu64, entry->lapic_address.raw);
        break;
    case MADT_OTHER:
        printf("[%zu,%u,%u]", entry->raw.offset, entry->raw.type, entry->raw.length);
        break;
    }
}

/* All rows of one kind; @is_x2apic distinguishes the two types of CPUs and of NMI inputs. */
static void show_madt_rows(const struct madt *madt, const char *name, enum madt_kind kind, bool is_x2apic)
{
    struct madt_entry entry;
    const char *comma = "";
    printf(",\"%s\":[", name);
    for (size_t cursor = 0; madt_next(madt, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind != kind || (kind == MADT_CPU && entry.cpu.is_x2apic != is_x2apic) ||
            (kind == MADT_LAPIC_NMI && entry.lapic_nmi.is_x2apic != is_x2apic))
            continue;
        printf("%s", comma);
        show_madt_row(&entry);
        comma = ",";
    }
    printf("]");
}

static bool show_madt(void)
{
    struct madt madt;
    if (madt_parse(file_bytes, file_size, &madt) != STATUS_OK)
        return false;
    show_header(&madt.view);
    printf(",\"lapic_address\":%u,\"flags\":%u,\"pcat_compat\":%d,\"effective_lapic_address\":%" PRIu64,
           acpi_view_u32(&madt.view, 36), madt.flags, madt.has_8259, madt.lapic_address.raw);
    show_madt_rows(&madt, "lapic", MADT_CPU, false);
    show_madt_rows(&madt, "x2apic", MADT_CPU, true);
    show_madt_rows(&madt, "ioapic", MADT_IOAPIC, false);
    show_madt_rows(&madt, "iso", MADT_OVERRIDE, false);
    show_madt_rows(&madt, "nmi_source", MADT_NMI_SOURCE, false);
    show_madt_rows(&madt, "lapic_nmi", MADT_LAPIC_NMI, false);
    show_madt_rows(&madt, "x2apic_nmi", MADT_LAPIC_NMI, true);
    show_madt_rows(&madt, "lapic_address_override", MADT_LAPIC_ADDRESS, false);
    show_madt_rows(&madt, "other", MADT_OTHER, false);

    struct madt_cpu_cursor cpus = { .offset = 0 };
    struct madt_cpu cpu;
    const char *comma = "";
    printf(",\"enabled_ids\":[");
    for (; madt_next_cpu(&madt, &cpus, &cpu); comma = ",")
        printf("%s%u", comma, cpu.apic_id);
    printf("]");

    struct madt_entry entry;
    status_t status;
    size_t cursor = 0;
    while ((status = madt_next(&madt, &cursor, &entry)) == STATUS_OK)
        continue;
    if (status == STATUS_MALFORMED)
        printf(",\"stop\":%zu", cursor);
    return true;
}

/* ---- FADT ---- */

static bool show_fadt(void)
{
    struct fadt fadt;
    struct fadt_pm_timer timer;
    if (fadt_parse(file_bytes, file_size, &fadt) != STATUS_OK)
        return false;
    show_header(&fadt.view);
    printf(",\"effective_facs\":%" PRIu64 ",\"effective_dsdt\":%" PRIu64, fadt.facs.raw, fadt.dsdt.raw);
    printf(",\"pm_profile\":%u,\"sci_int\":%u,\"smi_cmd\":%u,\"acpi_enable\":%u,\"acpi_disable\":%u",
           fadt.pm_profile, fadt.sci_interrupt, fadt.smi_command, fadt.acpi_enable, fadt.acpi_disable);
    printf(",\"pm1a_evt\":%u,\"pm1b_evt\":%u,\"pm1a_cnt\":%u,\"pm1b_cnt\":%u,\"pm_tmr\":%u,\"pm_tmr_len\":%u",
           fadt.pm1a_event, fadt.pm1b_event, fadt.pm1a_control, fadt.pm1b_control, fadt.pm_timer,
           fadt.pm_timer_length);
    printf(",\"pm1_cnt_len\":%u,\"pm1_evt_len\":%u,\"century\":%u,\"boot_flags\":%u,\"flags\":%u,\"hw_"
           "reduced\":%d",
           fadt.pm1_control_length, fadt.pm1_event_length, fadt.century, fadt.boot_flags, fadt.flags,
           fadt.is_hardware_reduced);
    show_gas("x_pm1a_evt", &fadt.x_pm1a_event);
    show_gas("x_pm1a_cnt", &fadt.x_pm1a_control);
    show_gas("x_pm_tmr", &fadt.x_pm_timer);
    show_gas("reset_reg", &fadt.reset);
    if (acpi_view_covers(&fadt.view, 128, 1))
        printf(",\"reset_value\":%u", fadt.reset_value);
    if (acpi_view_covers(&fadt.view, 131, 1))
        printf(",\"minor_revision\":%u", fadt.minor_revision);
    printf(",\"can_reset\":%d", fadt_can_reset(&fadt));
    if (fadt_pm_timer(&fadt, &timer))
        printf(",\"timer\":[%d,%" PRIu64 ",%u]", phys_is_valid(timer.address),
               phys_is_valid(timer.address) ? timer.address.raw : timer.port, timer.bits);
    return true;
}

/* ---- the small ones ---- */

static bool show_hpet(void)
{
    struct hpet_table hpet;
    if (hpet_table_parse(file_bytes, file_size, &hpet) != STATUS_OK)
        return false;
    show_header(&hpet.view);
    printf(",\"hardware_block_id\":%u,\"sequence\":%u,\"min_tick\":%u,\"flags\":%u", hpet.block_id,
           hpet.sequence, hpet.minimum_tick, hpet.flags);
    show_gas("base", &hpet.base);
    return true;
}

static bool show_mcfg(void)
{
    struct mcfg mcfg;
    struct mcfg_window window;
    const char *comma = "";
    if (mcfg_parse(file_bytes, file_size, &mcfg) != STATUS_OK)
        return false;
    show_header(&mcfg.view);
    printf(",\"segments\":[");
    for (size_t cursor = 0; mcfg_next(&mcfg, &cursor, &window); comma = ",")
        printf("%s[%" PRIu64 ",%u,%u,%u]", comma, window.base.raw, window.segment, window.start_bus,
               window.last_bus);
    printf("]");
    return true;
}

static void show_srat_rows(const struct srat *srat, const char *name, enum srat_kind kind, bool is_x2apic)
{
    struct srat_entry entry;
    const char *comma = "";
    printf(",\"%s\":[", name);
    for (size_t cursor = 0; srat_next(srat, &cursor, &entry) == STATUS_OK;) {
        if (entry.kind != kind || (kind == SRAT_CPU && entry.cpu.is_x2apic != is_x2apic))
            continue;
        if (kind == SRAT_CPU)
            printf("%s[%u,%u,%d]", comma, entry.cpu.apic_id, entry.cpu.domain, entry.cpu.is_enabled);
        else if (kind == SRAT_MEMORY)
            printf("%s[%u,%" PRIu64 ",%" PRIu64 ",%d,%d,%d]", comma, entry.memory.domain,
                   entry.memory.base.raw, entry.memory.length, entry.memory.is_enabled,
                   entry.memory.is_hot_pluggable, entry.memory.is_non_volatile);
        else
            printf("%s[%zu,%u,%u]", comma, entry.raw.offset, entry.raw.type, entry.raw.length);
        comma = ",";
    }
    printf("]");
}

static bool show_srat(void)
{
    struct srat srat;
    if (srat_parse(file_bytes, file_size, &srat) != STATUS_OK)
        return false;
    show_header(&srat.view);
    show_srat_rows(&srat, "cpus", SRAT_CPU, false);
    show_srat_rows(&srat, "x2apic", SRAT_CPU, true);
    show_srat_rows(&srat, "memory", SRAT_MEMORY, false);
    show_srat_rows(&srat, "other", SRAT_OTHER, false);
    struct srat_entry entry;
    status_t status;
    size_t cursor = 0;
    while ((status = srat_next(&srat, &cursor, &entry)) == STATUS_OK)
        continue;
    if (status == STATUS_MALFORMED)
        printf(",\"stop\":%zu", cursor);
    return true;
}

static bool show_slit(void)
{
    struct slit slit;
    if (slit_parse(file_bytes, file_size, &slit) != STATUS_OK)
        return false;
    show_header(&slit.view);
    printf(",\"localities\":%" PRIu64 ",\"matrix\":[", slit.count);
    for (uint64_t from = 0; from < slit.count; from++) {
        for (uint64_t to = 0; to < slit.count; to++)
            printf("%s%u", to ? "," : from ? ",[" : "[", slit_distance(&slit, from, to));
        printf("]");
    }
    printf("]");
    return true;
}

/* ---- the root ---- */

static bool show_root_table(const char *signature)
{
    struct acpi_view view;
    phys_t address;
    const char *comma = "";
    if (acpi_view_table(file_bytes, file_size, signature, 36, &view) != STATUS_OK)
        return false;
    show_header(&view);
    printf(",\"entries\":[");
    for (size_t cursor = 0; acpi_next_root_entry(&view, signature[0] == 'X', &cursor, &address); comma = ",")
        printf("%s%" PRIu64, comma, address.raw);
    printf("]");
    return true;
}

static bool show_rsdp(void)
{
    struct acpi_root root;
    if (acpi_parse_root_pointer(file_bytes, file_size, &root) != STATUS_OK)
        return false;
    printf("\"table\":%" PRIu64 ",\"is_xsdt\":%s,\"revision\":%u", root.table.raw,
           root.is_xsdt ? "true" : "false", root.revision);
    show_name("oem_id", root.oem);
    return true;
}

static bool show(const char *kind)
{
    static const struct {
        const char *kind;
        bool (*show)(void);
    } shows[] = {
        { "APIC", show_madt }, { "FACP", show_fadt }, { "HPET", show_hpet }, { "MCFG", show_mcfg },
        { "RSDP", show_rsdp }, { "SLIT", show_slit }, { "SRAT", show_srat },
    };
    for (size_t i = 0; i < ARRAY_LEN(shows); i++) {
        if (strcmp(kind, shows[i].kind) == 0)
            return shows[i].show();
    }
    return show_root_table(kind);
}

/* The bytes end where the sanitizer begins to watch. */
static uint8_t *read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(name);
        exit(1);
    }
    file_size = (size_t)ftell(file);
    uint8_t *bytes = malloc(file_size ? file_size : 1);
    rewind(file);
    if (fread(bytes, 1, file_size, file) != file_size) {
        perror(name);
        exit(1);
    }
    fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        uint8_t *bytes = read_file(argv[i + 1]);
        file_bytes = bytes;
        printf("{");
        if (!show(argv[i]))
            printf("\"reject\":true");
        printf("}\n");
        free(bytes);
    }
    return 0;
}

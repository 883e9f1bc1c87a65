/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Prints the struct platform that a machine's ACPI tables make, for corpus_platform.py:
 *
 *     describe_platform FILE...
 *
 * Each file is one table, its signature as the table has it, in the order in which they are found. One JSON
 * object: numbers decimal, rows as arrays. Complaints go to stderr.
 */
#include <platform/tables.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64
static struct {
    uint8_t *bytes; /* exactly as long as the file, so that the sanitizer reports each access outside */
    size_t size;
} files[FILES_MAX];
static int file_count;

static const void *find(const char *signature, size_t index, size_t *size_bytes)
{
    for (int i = 0; i < file_count; i++) {
        if (files[i].size < 4 || memcmp(files[i].bytes, signature, 4) != 0 || index-- > 0)
            continue;
        *size_bytes = files[i].size;
        return files[i].bytes;
    }
    return NULL;
}

static const void *read_nothing(phys_t address, size_t size_bytes)
{
    (void)address;
    (void)size_bytes;
    return NULL;
}

static void *take(size_t size_bytes, size_t alignment)
{
    (void)alignment;
    return malloc(size_bytes);
}

static void report_fault(const char *sentence, size_t number)
{
    fprintf(stderr, "%s %zu\n", sentence, number);
}

static void read_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file || file_count == FILES_MAX || fseek(file, 0, SEEK_END) != 0) {
        perror(name);
        exit(2);
    }
    size_t size = (size_t)ftell(file);
    rewind(file);
    files[file_count].bytes = malloc(size ? size : 1);
    files[file_count].size = fread(files[file_count].bytes, 1, size, file);
    fclose(file);
    file_count++;
}

/* ---- rows ---- */

static void open_rows(const char *name)
{
    printf(",\"%s\":[", name);
}

static const char *comma(size_t i)
{
    return i ? "," : "";
}

static void show_interrupts(const struct platform *platform)
{
    open_rows("ioapics");
    for (size_t i = 0; i < platform->ioapic_count; i++)
        printf("%s[%u,%" PRIu64 ",%u]", comma(i), platform->ioapics[i].ioapic_id,
               platform->ioapics[i].address.raw, platform->ioapics[i].gsi_base);
    printf("]");
    open_rows("isa_inputs");
    for (size_t i = 0; i < platform->isa_input_count; i++)
        printf("%s[%u,%u,%d,%d]", comma(i), platform->isa_inputs[i].isa, platform->isa_inputs[i].input,
               platform->isa_inputs[i].wiring.is_active_low, platform->isa_inputs[i].wiring.is_level);
    printf("]");
    open_rows("nmi_sources");
    for (size_t i = 0; i < platform->nmi_source_count; i++)
        printf("%s%u", comma(i), platform->nmi_sources[i].gsi);
    printf("]");
    open_rows("lint_nmis"); /* -1: of all */
    for (size_t i = 0; i < platform->lint_nmi_count; i++)
        printf("%s[%" PRId64 ",%u]", comma(i),
               platform->lint_nmis[i].all_cpus ? -1 : (int64_t)platform->lint_nmis[i].apic_id,
               platform->lint_nmis[i].lint);
    printf("]");
}

static void show_nodes(const struct platform *platform)
{
    printf(",\"nodes\":%u,\"has_distances\":%d", platform->node_count, platform->distances != NULL);
    open_rows("cpus"); /* APIC ID, and firmware's number of the node; -1: no SRAT */
    for (size_t i = 0; i < platform->cpu_count; i++)
        printf("%s[%u,%" PRId64 "]", comma(i), platform->cpus[i].apic_id,
               platform->domains ? (int64_t)platform->domains[platform->cpus[i].node] : -1);
    printf("]");
    open_rows("ranges");
    for (size_t i = 0; i < platform->node_range_count; i++)
        printf("%s[%u,%" PRIu64 ",%" PRIu64 "]", comma(i), platform->domains[platform->node_ranges[i].node],
               platform->node_ranges[i].start.raw, platform->node_ranges[i].end.raw);
    printf("]");
}

static void show_devices(const struct platform *platform)
{
    open_rows("hpets");
    for (size_t i = 0; i < platform->hpet_count; i++)
        printf("%s%" PRIu64, comma(i), platform->hpets[i].address.raw);
    printf("]");
    open_rows("pci_segments");
    for (size_t i = 0; i < platform->pci_segment_count; i++)
        printf("%s[%" PRIu64 ",%u,%u,%u]", comma(i), platform->pci_segments[i].base.raw,
               platform->pci_segments[i].segment, platform->pci_segments[i].start_bus,
               platform->pci_segments[i].last_bus);
    printf("]");
    printf(",\"pm_timer_bits\":%u,\"has_rtc\":%d,\"rtc_century\":%u", platform->pm_timer.bits,
           platform->has_rtc, platform->rtc_century);
}

static void show_power(const struct platform *platform)
{
    const struct acpi_power *power = &platform->power;
    open_rows("power"); /* of each register in the order of the enumeration: address space, address, bytes */
    for (size_t i = 0; i < ACPI_POWER_REGISTERS; i++)
        printf("%s[%u,%" PRIu64 ",%u]", comma(i), power->registers[i].space, power->registers[i].address,
               power->registers[i].bytes);
    printf("]");
    printf(",\"has_fadt\":%d,\"hw_reduced\":%d,\"smi_command\":%u,\"acpi_enable\":%u,\"reset_value\":%u",
           platform->has_fadt, power->is_hardware_reduced, power->smi_command, power->acpi_enable,
           power->reset_value);
}

int main(int argc, char **argv)
{
    static const struct platform_firmware firmware = {
        .find = find, .read = read_nothing, .take = take, .report_fault = report_fault
    };
    static struct platform platform;
    for (int i = 1; i < argc; i++)
        read_file(argv[i]);
    platform_read_tables(&firmware, &platform);
    printf("{\"source\":%d,\"has_8259\":%d,\"lapic_address\":%" PRIu64, platform.source, platform.has_8259,
           platform.lapic_address.raw);
    show_interrupts(&platform);
    show_nodes(&platform);
    show_devices(&platform);
    show_power(&platform);
    printf("}\n");
    return 0;
}

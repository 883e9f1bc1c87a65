/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The defaults of a PC without tables, and the order of the tables.
 */
#include <platform/tables.h>

#include <ashlar/overflow.h>

#define ARRAY_ALIGNMENT 8 /* of 64-bit fields, the largest */

void *platform_take_array(const struct platform_firmware *firmware, size_t *count, size_t element_bytes,
                          const char *what)
{
    uint64_t size_bytes;
    void *array = NULL;
    if (*count == 0)
        return NULL;
    if (multiply_fits(*count, element_bytes, &size_bytes))
        array = firmware->take(size_bytes, ARRAY_ALIGNMENT);
    if (!array) {
        firmware->report_fault(what, *count);
        *count = 0;
    }
    return array;
}

void platform_take_interrupt_arrays(const struct platform_firmware *firmware, struct platform *platform)
{
    platform->cpus = platform_take_array(firmware, &platform->cpu_count, sizeof(*platform->cpus),
                                         "no memory for the list of CPUs: only the first one is used:");
    platform->ioapics = platform_take_array(firmware, &platform->ioapic_count, sizeof(*platform->ioapics),
                                            "no memory for I/O APICs: not used:");
    platform->isa_inputs =
        platform_take_array(firmware, &platform->isa_input_count, sizeof(*platform->isa_inputs),
                            "no memory for ISA interrupt overrides: dropped:");
    platform->nmi_sources =
        platform_take_array(firmware, &platform->nmi_source_count, sizeof(*platform->nmi_sources),
                            "no memory for NMI sources: not set up:");
    platform->lint_nmis =
        platform_take_array(firmware, &platform->lint_nmi_count, sizeof(*platform->lint_nmis),
                            "no memory for the NMI inputs of local APICs: not set up:");
}

void platform_drop_counts(struct platform *platform)
{
    platform->cpu_count = platform->cpus ? platform->cpu_count : 0;
    platform->ioapic_count = platform->ioapics ? platform->ioapic_count : 0;
    platform->isa_input_count = platform->isa_inputs ? platform->isa_input_count : 0;
    platform->nmi_source_count = platform->nmi_sources ? platform->nmi_source_count : 0;
    platform->lint_nmi_count = platform->lint_nmis ? platform->lint_nmi_count : 0;
}

/* LINT1 is NMI on every PC, even if firmware does not list it. */
static void default_lint_nmi(const struct platform_firmware *firmware, struct platform *platform)
{
    if (platform->lint_nmi_count > 0)
        return;
    platform->lint_nmi_count = 1;
    platform->lint_nmis =
        platform_take_array(firmware, &platform->lint_nmi_count, sizeof(*platform->lint_nmis),
                            "no memory for the NMI inputs of local APICs: not set up:");
    if (platform->lint_nmis)
        platform->lint_nmis[0] = (struct platform_lint_nmi){ .all_cpus = true, .lint = 1 };
}

void platform_read_tables(const struct platform_firmware *firmware, struct platform *platform)
{
    *platform = (struct platform){
        .lapic_address = PHYS_INVALID,
        .has_8259 = true,
        .node_count = 1,
        .has_rtc = true,
        .power = platform->power,
    };
    if (platform_read_madt(firmware, platform))
        platform->source = PLATFORM_MADT;
    else if (platform_read_mp(firmware, platform))
        platform->source = PLATFORM_MP_TABLES;
    default_lint_nmi(firmware, platform);
    platform_read_nodes(firmware, platform);
    platform_read_fadt(firmware, platform);
    platform_read_devices(firmware, platform);
    platform_read_serials(firmware, platform);
}

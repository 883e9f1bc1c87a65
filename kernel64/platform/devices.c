/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Devices described by one table each: HPET blocks, the x2APIC opt-out of interrupt remapping, PCI
 * configuration space.
 */
#include <platform/tables.h>

#include <acpi/hpet.h>
#include <acpi/mcfg.h>
#include <ashlar/fmt/acpi.h>

/* Source: Intel VT-d specification, "DMA Remapping Reporting Structure". */
#define DMAR_FLAGS          37
#define DMAR_X2APIC_OPT_OUT 0x02

/* Some machines have a table for each block, and some have superfluous ones. */
static void add_hpets(const struct platform_firmware *firmware, struct platform *platform)
{
    size_t size_bytes;
    const void *data;
    platform->hpet_count = 0;
    for (size_t i = 0; (data = firmware->find("HPET", i, &size_bytes)) != NULL; i++) {
        struct hpet_table table;
        if (hpet_table_parse(data, size_bytes, &table) != STATUS_OK)
            continue;
        if (platform->hpets)
            platform->hpets[platform->hpet_count] =
                (struct platform_hpet){ phys(table.base.address), table.base.space == ACPI_SPACE_MEMORY };
        platform->hpet_count++;
    }
}

static void read_hpets(const struct platform_firmware *firmware, struct platform *platform)
{
    add_hpets(firmware, platform);
    platform->hpets = platform_take_array(firmware, &platform->hpet_count, sizeof(*platform->hpets),
                                          "no memory for HPETs: not used:");
    if (platform->hpets)
        add_hpets(firmware, platform);
}

static void read_dmar(const struct platform_firmware *firmware, struct platform *platform)
{
    size_t size_bytes;
    const uint8_t *dmar = firmware->find("DMAR", 0, &size_bytes);
    platform->refuses_x2apic =
        dmar && size_bytes > DMAR_FLAGS && (dmar[DMAR_FLAGS] & DMAR_X2APIC_OPT_OUT) != 0;
}

static void add_pci_segments(const struct mcfg *mcfg, struct platform *platform)
{
    struct mcfg_window window;
    platform->pci_segment_count = 0;
    for (size_t cursor = 0; mcfg_next(mcfg, &cursor, &window);) {
        if (window.last_bus < window.start_bus)
            continue;
        if (platform->pci_segments)
            platform->pci_segments[platform->pci_segment_count] =
                (struct platform_pci_segment){ window.base, window.segment, window.start_bus,
                                               window.last_bus };
        platform->pci_segment_count++;
    }
}

static void read_mcfg(const struct platform_firmware *firmware, struct platform *platform)
{
    struct mcfg mcfg;
    size_t size_bytes;
    const void *data = firmware->find("MCFG", 0, &size_bytes);
    if (!data || mcfg_parse(data, size_bytes, &mcfg) != STATUS_OK)
        return;
    add_pci_segments(&mcfg, platform);
    platform->pci_segments =
        platform_take_array(firmware, &platform->pci_segment_count, sizeof(*platform->pci_segments),
                            "no memory for PCI segments: not used:");
    if (platform->pci_segments)
        add_pci_segments(&mcfg, platform);
}

void platform_read_devices(const struct platform_firmware *firmware, struct platform *platform)
{
    read_hpets(firmware, platform);
    read_dmar(firmware, platform);
    read_mcfg(firmware, platform);
}

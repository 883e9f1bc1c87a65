/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MCFG: where PCI configuration space is in memory. For PCI and MSI, which come later. Pure,
 * hosted-tested.
 * Source: PCI Firmware Specification 3.3, "MCFG Table Description".
 */
#include <acpi/view.h>

struct mcfg {
    struct acpi_view view;
};

struct mcfg_window {
    phys_t base; /* of bus 0 of the segment, also when it starts at a later bus */
    uint16_t segment;
    uint8_t start_bus, last_bus; /* both included; last below start occurs, and is no bus */
};

/* Return: as acpi_view_table(). */
status_t mcfg_parse(const void *data, size_t size_bytes, struct mcfg *mcfg) MUST_CHECK;

/**
 * mcfg_next() - iterate over the windows. A part of one at the table's end is not one.
 * @cursor: 0 to begin with; opaque afterwards.
 *
 * Return: false when there is none left.
 */
bool mcfg_next(const struct mcfg *mcfg, size_t *cursor, struct mcfg_window *window);

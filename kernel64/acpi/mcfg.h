/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The MCFG: address windows of PCI configuration space. Pure, hosted-tested.
 * Source: PCI Firmware Specification 3.3, "MCFG Table Description".
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>

struct mcfg {
    struct acpi_view view;
};

struct mcfg_window {
    phys_t base; /* of bus 0 of the segment, also when it starts at a later bus */
    uint16_t segment;
    uint8_t start_bus, last_bus; /* both included; last below start occurs: the window is empty */
};

/* Return: as acpi_view_table(). */
status_t mcfg_parse(const void *data, size_t size_bytes, struct mcfg *mcfg) MUST_CHECK;

/**
 * mcfg_next() - iterate over the windows. A partial entry at the table's end is ignored.
 * @mcfg:   from mcfg_parse().
 * @cursor: 0 at first; opaque afterwards.
 * @window: filled in.
 *
 * Return: false after the last.
 */
bool mcfg_next(const struct mcfg *mcfg, size_t *cursor, struct mcfg_window *window);

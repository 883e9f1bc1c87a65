/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where the firmware's serial console (SPCR) and debug ports (DBG2) are. For the serial console, which
 * has no other way to find a UART that is not COM1. Pure, hosted-tested.
 *
 * Both tables name a port by a generic address and by what kind of UART it is; the numbers of the kinds
 * are the same in both. An SPCR without an address is a firmware that has redirection switched off.
 * Source: Microsoft, "Serial Port Console Redirection Table (SPCR)", "Debug Port Table 2 (DBG2)".
 */
#include <acpi/view.h>

/* What a driver of the 16550 can drive. */
enum serial_interface {
    SERIAL_16550 = 0x00,
    SERIAL_16450 = 0x01,     /* or a subset of the 16550, from DBG2 and from SPCR revision 2 on */
    SERIAL_16550_GAS = 0x12, /* register width and distance as the generic address says */
};

struct serial_port {
    struct acpi_gas base; /* not usable: there is no such port */
    uint16_t interface;   /* enum serial_interface; other numbers are other kinds of UART */
    uint32_t baud_rate;   /* 0: as firmware has left it, or not told */
    uint32_t clock_hz;    /* of the UART; 0: not told */
    bool has_irq, has_gsi;
    uint8_t irq;  /* of the 8259s, if has_irq */
    uint32_t gsi; /* if has_gsi */
};

/**
 * spcr_parse() - read an SPCR.
 *
 * Return: as acpi_view_table(), also when it names no port.
 */
status_t spcr_parse(const void *data, size_t size_bytes, struct serial_port *port) MUST_CHECK;

struct dbg2 {
    struct acpi_view view;
};

/* Return: as acpi_view_table(). */
status_t dbg2_parse(const void *data, size_t size_bytes, struct dbg2 *dbg2) MUST_CHECK;

/* Where dbg2_next_serial() stands. All zero to begin with. */
struct dbg2_cursor {
    size_t offset;
    uint32_t count;
};

/**
 * dbg2_next_serial() - iterate over the debug ports that are serial ones, by their first address.
 *
 * A description that reaches past the table ends the walk; one whose address does is passed over.
 * Return: false when there is none left.
 */
bool dbg2_next_serial(const struct dbg2 *dbg2, struct dbg2_cursor *cursor, struct serial_port *port);

/* Return: what @interface is called; "unknown" for a number nobody knows. */
const char *serial_interface_name(uint16_t interface);

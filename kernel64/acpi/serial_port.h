/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Firmware's serial console (SPCR) and debug ports (DBG2). For the serial console, which has no other way to
 * find a UART that is not COM1. Pure, hosted-tested.
 *
 * Both tables describe a port by a generic address and an interface type, with the same numbers in both. An
 * SPCR without an address means that redirection is disabled in the firmware.
 * Source: Microsoft SPCR; Microsoft DBG2.
 *
 * Context of all: as acpi/view.h's: any.
 */
#include <acpi/view.h>
#include <ashlar/dev/pci_config.h>
#include <ashlar/dev/uart16550.h>

/* The interface types that the 16550 driver supports. */
enum serial_interface {
    SERIAL_16550 = 0x00,
    SERIAL_16450 = 0x01,     /* or a subset of the 16550, from DBG2 and from SPCR revision 2 on */
    SERIAL_16550_GAS = 0x12, /* register width and stride from the generic address */
};

struct serial_port {
    struct acpi_gas base; /* not usable: there is no such port */
    uint16_t interface;   /* enum serial_interface; other numbers are other UARTs */
    uint32_t baud_rate;   /* 0: as firmware has left it, or not specified */
    uint32_t clock_hz;    /* of the UART; 0: not specified */
    uint8_t flow_control; /* bits DCD, RTS/CTS, XON/XOFF; 0: none */
    bool is_pci;
    uint8_t pci_segment;
    struct pci_device pci; /* if is_pci */
    bool has_irq, has_gsi;
    uint8_t irq;  /* of the 8259s, if has_irq */
    uint32_t gsi; /* if has_gsi */
};

/**
 * spcr_parse() - decode an SPCR.
 * @data, @size_bytes: readable bytes.
 * @port: untouched on failure.
 *
 * Return: as acpi_view_table(); STATUS_OK also when it has no port.
 */
status_t spcr_parse(const void *data, size_t size_bytes, struct serial_port *port) MUST_CHECK;

struct dbg2 {
    struct acpi_view view;
};

/* Return: as acpi_view_table(). */
status_t dbg2_parse(const void *data, size_t size_bytes, struct dbg2 *dbg2) MUST_CHECK;

/* State of dbg2_next_serial(). All zero at first. */
struct dbg2_cursor {
    size_t offset;
    uint32_t count;
};

/**
 * dbg2_next_serial() - iterate over the serial debug ports, by their first address.
 * @dbg2:   from dbg2_parse().
 * @cursor: all zero at first.
 * @port:   filled in.
 *
 * A descriptor that extends past the table ends the iteration; one whose address does is skipped.
 * Return: false after the last.
 */
bool dbg2_next_serial(const struct dbg2 *dbg2, struct dbg2_cursor *cursor, struct serial_port *port);

/**
 * serial_port_plan() - the 16550 driver's configuration for a port.
 * @port:   from SPCR or DBG2.
 * @config: filled in except for registers in memory, which the caller has to map: SERIAL_PORT_SPAN() bytes at
 *          @port's address.
 *
 * The stride is the address's register width, and the access width its access size, or a byte where it has
 * none; the stride is never less than the access width. For I/O ports this holds for SERIAL_16550_GAS only:
 * for the other types firmware fills in any width for the eight ports of a PC. A speed is set where the
 * UART's clock is known; for I/O ports without one it is a PC's. Else the speed that firmware has set stays.
 *
 * Return: NULL, or the reason why the driver does not support the port.
 * Source: Microsoft SPCR, Interface Type, Base Address, Configured Baud Rate, UART Clock Frequency, Precise
 *         Baud Rate; ACPI Specification 6.5, "Generic Address Structure" (5.2.3.2).
 */
const char *serial_port_plan(const struct serial_port *port, struct uart16550_config *config);

/* From the first byte of the first register to the last of the last. */
#define SERIAL_PORT_SPAN(config) (7u * (config)->stride_bytes + (config)->access_bytes)

/* Return: the name of @interface; "unknown" for a number that is not known here. */
const char *serial_interface_name(uint16_t interface);

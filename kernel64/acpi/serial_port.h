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
#include <ashlar/dev/pci_config.h>
#include <ashlar/dev/uart16550.h>

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
    uint8_t flow_control; /* bits DCD, RTS/CTS, XON/XOFF; 0: none */
    bool is_pci;
    uint8_t pci_segment;
    struct pci_device pci; /* if is_pci */
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

/**
 * serial_port_plan() - how our driver is to drive a port.
 * @port:   from SPCR or DBG2.
 * @config: filled in but for registers in memory, which the caller has to map: SERIAL_PORT_SPAN() bytes at
 *          @port's address.
 *
 * Registers lie as far apart as the address's register width says, and are accessed with its access size, or
 * bytes where it says none; never closer than an access is wide. Behind I/O ports only SERIAL_16550_GAS says
 * so: in the others firmware fills in any width for the eight ports of a PC. A speed is set where the clock
 * behind it is known, which behind I/O ports without a number is that of a PC; else what firmware has set
 * stays.
 *
 * Return: NULL, or in words why our driver cannot drive it.
 * Source: Microsoft, "Serial Port Console Redirection Table (SPCR)": Interface Type, Base Address, Configured
 *         Baud Rate, UART Clock Frequency, Precise Baud Rate; ACPI 6.5, 5.2.3.2 "Generic Address Structure".
 */
const char *serial_port_plan(const struct serial_port *port, struct uart16550_config *config);

/* From the first byte of the first register to the last of the last. */
#define SERIAL_PORT_SPAN(config) (7u * (config)->stride_bytes + (config)->access_bytes)

/* Return: what @interface is called; "unknown" for a number nobody knows. */
const char *serial_interface_name(uint16_t interface);

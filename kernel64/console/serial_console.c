/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probes one port after the other until one responds. acpi/serial_port.c decides how a port of firmware's
 * tables is driven.
 *
 * SPCR is read before the port is initialised, because it may say that the speed set by firmware must be
 * kept. Tables that the boot direct map does not cover are read later, and the console moves to their port
 * then.
 */
#include <console/serial_console.h>

#include <ashlar/dev/uart16550.h>
#include <ashlar/mm/paging.h>
#include <boot/machine.h>
#include <console/input_interrupts.h>
#include <console/inputs.h>
#include <vm/early_device.h>
#include <log/log.h>
#include <platform/platform.h>

/* Two, so that a port can be probed while another one is in use. */
static struct uart16550 uarts[2];
static struct uart16550 *serial; /* NULL: none */
static int isa_irq;              /* of serial; -1: not known */
static bool is_searched, is_spcr_read;

static struct uart16550 *spare(void)
{
    return serial == &uarts[0] ? &uarts[1] : &uarts[0];
}

static status_t try_config(const struct uart16550_config *config, int irq)
{
    struct uart16550 *uart = spare();
    status_t status = uart16550_init(uart, config);
    if (status == STATUS_OK) {
        serial = uart;
        isa_irq = irq;
    }
    return status;
}

static status_t try_isa(uint16_t port, uint32_t baud)
{
    const struct uart16550_config config = uart16550_isa(port, baud);
    return try_config(&config, uart16550_isa_interrupt(port));
}

/* ---- firmware's tables ---- */

static const char *decode_pci(const struct platform_serial *port)
{
    if (!port->is_pci)
        return NULL;
    if (port->pci_segment != 0)
        return "its PCI segment is not 0";
    switch (pci_decode_address(&port->pci, !port->is_port, port->address)) {
    case STATUS_OK:
        return NULL;
    case STATUS_NOT_FOUND:
        return "its PCI device is absent";
    default:
        return "its PCI device does not decode that address";
    }
}

static void log_unused(const struct platform_serial *port, const char *why)
{
    log_warn("console", "%s: serial port at %s %#lx, interface %#x (%s), not used: %s", port->table,
             port->is_port ? "port" : "address", port->address, port->interface, port->interface_name, why);
}

/* The speed is the table's, or unchanged. Return: whether the port is the console now. */
static bool try_firmware_port(const struct platform_serial *port)
{
    struct uart16550_config config = port->config;
    const char *why = port->refusal ? port->refusal : decode_pci(port);
    if (why) {
        log_unused(port, why);
        return false;
    }
    if (!port->is_port) {
        config.registers = early_device_map(phys(port->address), port->span_bytes, DEVICE_REGISTERS,
                                            PAGE_WRITE | PAGE_UNCACHED, "serial port");
        if (!config.registers)
            return false;
    }
    if (!port->is_firmware_console && config.clock_hz != 0)
        config.baud = UART16550_USUAL_BAUD;

    int irq = port->has_irq && port->irq < 16 ? port->irq
              : config.registers              ? -1
                                              : uart16550_isa_interrupt(config.port);
    status_t status = try_config(&config, irq);
    if (status == STATUS_INVALID && config.baud != 0) {
        log_warn("console", "%s: UART clock of %u Hz does not divide to %u baud; speed unchanged",
                 port->table, config.clock_hz, config.baud);
        config.baud = 0;
        status = try_config(&config, irq);
    }
    if (status != STATUS_OK) {
        log_unused(port, status_sentence(status));
        return false;
    }
    if (config.baud)
        log_info("console", "%s: serial port %#lx at %u baud", port->table, port->address, config.baud);
    else
        log_info("console", "%s: serial port %#lx at firmware's speed", port->table, port->address);
    if (port->flow_control)
        log_warn("console", "%s: flow control (%#x) not supported", port->table, port->flow_control);
    return true;
}

/* Tries SPCR's port, or those of DBG2 one after the other. */
static bool try_firmware_ports(bool is_firmware_console)
{
    for (size_t i = 0; i < platform()->serial_count; i++) {
        const struct platform_serial *port = &platform()->serials[i];
        if (port->is_firmware_console == is_firmware_console && try_firmware_port(port))
            return true;
    }
    return false;
}

/* ---- the BIOS data area ---- */

/*
 * The BIOS data area has four ports; the equipment word has the number of those present. UEFI does not write
 * it.
 * Source: IBM PS/2 BIOS Technical Reference, "BIOS Data Area".
 */
#define BDA_ADDRESS         0x400
#define BDA_EQUIPMENT       (0x10 / 2) /* in words */
#define EQUIPMENT_SERIAL(e) ((e) >> 9 & 7)
#define BDA_SERIAL_MAX      4

/* The motherboard's devices are below; a UART's eight ports are aligned to eight. */
#define BDA_PORT_MIN 0x100

static bool try_bios_data(void)
{
    const uint16_t *words = machine_read_early(phys(BDA_ADDRESS), 2 * (BDA_EQUIPMENT + 1));
    if (!words || machine_boot_info()->efi_bits != 0)
        return false;
    unsigned int count = EQUIPMENT_SERIAL(words[BDA_EQUIPMENT]);
    for (unsigned int i = 0; i < count && i < BDA_SERIAL_MAX; i++) {
        uint16_t port = words[i];
        if (port >= BDA_PORT_MIN && port % 8 == 0 && port != UART16550_COM1 &&
            try_isa(port, UART16550_USUAL_BAUD) == STATUS_OK) {
            log_info("console", "BIOS data area: serial port %#x", port);
            return true;
        }
    }
    return false;
}

/* ---- the search ---- */

static bool try_choice(const struct console_choice *choice)
{
    status_t status = try_isa(choice->port, choice->baud);
    if (status != STATUS_OK)
        log_warn("console", "console=%.*s: %s", (int)choice->word_length, choice->word,
                 status_sentence(status));
    return status == STATUS_OK;
}

void serial_console_find(const struct console_choice *choice)
{
    if (is_searched)
        return;
    is_searched = true;
    is_spcr_read = platform()->is_spcr_read;
    if (choice) {
        if (!try_choice(choice))
            (void)(try_isa(UART16550_COM1, UART16550_USUAL_BAUD) == STATUS_OK || try_bios_data());
        return;
    }
    if (!try_firmware_ports(true))
        (void)(try_isa(UART16550_COM1, UART16550_USUAL_BAUD) == STATUS_OK || try_firmware_ports(false) ||
               try_bios_data());
}

/* A port that is in use already is kept: the log was printed there. */
void serial_console_look_again(bool is_attached)
{
    struct uart16550 *before = serial;
    const struct platform_serial *port = platform()->serials;
    if (is_spcr_read || platform()->serial_count == 0 || !port->is_firmware_console ||
        (before && !before->config.registers && port->is_port && port->address == before->config.port) ||
        !try_firmware_port(port))
        return;
    if (is_attached && before)
        log_detach(&before->console);
    if (is_attached)
        log_attach(&serial->console);
}

void serial_console_find_in_panic(void)
{
    is_searched = true;
    if (!serial)
        (void)try_isa(UART16550_COM1, UART16550_USUAL_BAUD);
}

struct console *serial_console(void)
{
    return serial ? &serial->console : NULL;
}

void serial_console_start_input(void)
{
    if (!serial)
        return;
    inputs_add(&serial->input);
    serial_start_interrupts(serial, isa_irq);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Serial ports of SPCR and DBG2, with the configuration of the 16550 driver for each.
 */
#include <platform/tables.h>

#include <acpi/serial_port.h>
#include <ashlar/fmt/acpi.h>

static void add_port(struct platform *platform, const char *table, const struct serial_port *port,
                     bool is_firmware_console)
{
    if (port->base.address == 0 || platform->serial_count == PLATFORM_SERIAL_MAX)
        return;
    struct platform_serial *serial = &platform->serials[platform->serial_count++];
    *serial = (struct platform_serial){
        .table = table,
        .is_firmware_console = is_firmware_console,
        .is_port = port->base.space == ACPI_SPACE_IO,
        .address = port->base.address,
        .interface = port->interface,
        .interface_name = serial_interface_name(port->interface),
        .has_irq = port->has_irq,
        .irq = port->irq,
        .flow_control = port->flow_control,
        .is_pci = port->is_pci,
        .pci_segment = port->pci_segment,
        .pci = port->pci,
    };
    serial->refusal = serial_port_plan(port, &serial->config);
    if (!serial->refusal)
        serial->span_bytes = SERIAL_PORT_SPAN(&serial->config);
}

/* An SPCR without an address: redirection is disabled. */
static void read_spcr(const struct platform_firmware *firmware, struct platform *platform)
{
    struct serial_port port;
    size_t size_bytes;
    const void *data = firmware->find("SPCR", 0, &size_bytes);
    platform->is_spcr_read = data != NULL;
    if (data && spcr_parse(data, size_bytes, &port) == STATUS_OK)
        add_port(platform, "SPCR", &port, true);
}

static void read_dbg2(const struct platform_firmware *firmware, struct platform *platform)
{
    struct dbg2 dbg2;
    struct dbg2_cursor cursor = { 0, 0 };
    struct serial_port port;
    size_t size_bytes;
    const void *data = firmware->find("DBG2", 0, &size_bytes);
    if (!data || dbg2_parse(data, size_bytes, &dbg2) != STATUS_OK)
        return;
    while (dbg2_next_serial(&dbg2, &cursor, &port))
        add_port(platform, "DBG2", &port, false);
}

void platform_read_serials(const struct platform_firmware *firmware, struct platform *platform)
{
    platform->serial_count = 0;
    read_spcr(firmware, platform);
    read_dbg2(firmware, platform);
}

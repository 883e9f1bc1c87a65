/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SPCR, one port in fixed fields; and DBG2, descriptors of any length, each with the offsets of its parts.
 */
#include <acpi/serial_port.h>
#include <ashlar/fmt/acpi.h>

/* SPCR's codes of speeds; 0 is "as is". */
static uint32_t baud_of_code(uint8_t code)
{
    switch (code) {
    case 3:
        return 9600;
    case 4:
        return 19200;
    case 6:
        return 57600;
    case 7:
        return 115200;
    default:
        return 0;
    }
}

status_t spcr_parse(const void *data, size_t size_bytes, struct serial_port *port)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "SPCR", ACPI_SPCR_SIZE, &view);
    if (status != STATUS_OK)
        return status;
    uint8_t revision = acpi_view_u8(&view, ACPI_HEADER_REVISION);
    uint8_t interrupts = acpi_view_u8(&view, ACPI_SPCR_INTERRUPT_TYPE);
    uint32_t precise = revision >= 4 ? acpi_view_u32(&view, ACPI_SPCR_PRECISE_BAUD) : 0;
    uint16_t pci_device_id = acpi_view_u16(&view, ACPI_SPCR_PCI_DEVICE_ID);
    *port = (struct serial_port){
        .base = acpi_view_gas(&view, ACPI_SPCR_BASE),
        .interface = acpi_view_u8(&view, ACPI_SPCR_INTERFACE),
        .baud_rate = precise ? precise : baud_of_code(acpi_view_u8(&view, ACPI_SPCR_BAUD)),
        .clock_hz = revision >= 3 ? acpi_view_u32(&view, ACPI_SPCR_CLOCK) : 0,
        .flow_control = acpi_view_u8(&view, ACPI_SPCR_FLOW_CONTROL) & 7,
        .is_pci = pci_device_id != UINT16_MAX &&
                  acpi_view_u16(&view, ACPI_SPCR_PCI_VENDOR_ID) != UINT16_MAX &&
                  (pci_device_id != 0 || acpi_view_u16(&view, ACPI_SPCR_PCI_VENDOR_ID) != 0),
        .pci_segment = acpi_view_u8(&view, ACPI_SPCR_PCI_SEGMENT),
        .pci = { .bus = acpi_view_u8(&view, ACPI_SPCR_PCI_BUS),
                 .device = acpi_view_u8(&view, ACPI_SPCR_PCI_DEVICE),
                 .function = acpi_view_u8(&view, ACPI_SPCR_PCI_FUNCTION),
                 .vendor_id = acpi_view_u16(&view, ACPI_SPCR_PCI_VENDOR_ID),
                 .device_id = pci_device_id },
        .has_irq = interrupts & ACPI_SPCR_HAS_8259_IRQ,
        .has_gsi = interrupts & ACPI_SPCR_HAS_APIC_GSI,
        .irq = acpi_view_u8(&view, ACPI_SPCR_IRQ),
        .gsi = acpi_view_u32(&view, ACPI_SPCR_GSI),
    };
    return STATUS_OK;
}

status_t dbg2_parse(const void *data, size_t size_bytes, struct dbg2 *dbg2)
{
    return acpi_view_table(data, size_bytes, "DBG2", ACPI_DBG2_SIZE, &dbg2->view);
}

/* Decodes the descriptor at @at, which is @length bytes long. */
static bool read_device(const struct acpi_view *view, size_t at, size_t length, struct serial_port *port)
{
    size_t base = acpi_view_u16(view, at + ACPI_DBG2_DEVICE_BASES);
    if (acpi_view_u16(view, at + ACPI_DBG2_DEVICE_PORT_TYPE) != ACPI_DBG2_PORT_SERIAL ||
        acpi_view_u8(view, at + ACPI_DBG2_DEVICE_REGISTERS) == 0 || base < ACPI_DBG2_DEVICE_SIZE ||
        base + ACPI_GAS_SIZE > length)
        return false;
    *port = (struct serial_port){ .base = acpi_view_gas(view, at + base),
                                  .interface = acpi_view_u16(view, at + ACPI_DBG2_DEVICE_SUBTYPE) };
    return true;
}

bool dbg2_next_serial(const struct dbg2 *dbg2, struct dbg2_cursor *cursor, struct serial_port *port)
{
    const struct acpi_view *view = &dbg2->view;
    if (cursor->offset == 0)
        cursor->offset = acpi_view_u32(view, ACPI_DBG2_FIRST);
    while (cursor->offset >= ACPI_DBG2_SIZE && cursor->count < acpi_view_u32(view, ACPI_DBG2_COUNT)) {
        size_t at = cursor->offset, length = acpi_view_u16(view, at + ACPI_DBG2_DEVICE_LENGTH);
        if (length < ACPI_DBG2_DEVICE_SIZE || !acpi_view_covers(view, at, length))
            return false;
        cursor->offset += length;
        cursor->count++;
        if (read_device(view, at, length, port))
            return true;
    }
    return false;
}

/* ---- the driver's configuration ---- */

static bool is_drivable_interface(uint16_t interface)
{
    return interface == SERIAL_16550 || interface == SERIAL_16450 || interface == SERIAL_16550_GAS;
}

/* Return: false when the width or the access size is not supported. */
static bool plan_registers(const struct serial_port *port, struct uart16550_config *config)
{
    bool is_io = port->base.space == ACPI_SPACE_IO;
    config->stride_bytes = config->access_bytes = 1;
    if (is_io && port->interface != SERIAL_16550_GAS)
        return true;
    switch (port->base.width_bits) {
    case 0:
    case 8:
        break;
    case 16:
    case 32:
    case 64:
        config->stride_bytes = port->base.width_bits / 8;
        break;
    default:
        return false;
    }
    /* 0: undefined; 1 to 4: 8 to 64 bits. */
    if (port->base.access_size > 3)
        return false;
    if (port->base.access_size > 0)
        config->access_bytes = (uint8_t)(1u << (port->base.access_size - 1));
    if (config->stride_bytes < config->access_bytes)
        config->stride_bytes = config->access_bytes;
    return port->base.address % config->access_bytes == 0;
}

const char *serial_port_plan(const struct serial_port *port, struct uart16550_config *config)
{
    bool is_io = port->base.space == ACPI_SPACE_IO;
    *config = (struct uart16550_config){ .clock_hz = port->clock_hz, .baud = port->baud_rate };
    if (!is_drivable_interface(port->interface))
        return "not a 16550";
    if (!is_io && port->base.space != ACPI_SPACE_MEMORY)
        return "registers neither in memory nor at I/O ports";
    if (port->base.offset_bits != 0)
        return "registers not aligned to a byte";
    if (!plan_registers(port, config))
        return "unsupported register width";
    if (is_io && port->base.address > UINT16_MAX - (SERIAL_PORT_SPAN(config) - 1))
        return "address out of range";
    if (is_io)
        config->port = (uint16_t)port->base.address;
    if (is_io && config->clock_hz == 0)
        config->clock_hz = UART16550_ISA_CLOCK_HZ;
    if (config->clock_hz == 0)
        config->baud = 0;
    return NULL;
}

const char *serial_interface_name(uint16_t interface)
{
    switch (interface) {
    case SERIAL_16550:
        return "16550";
    case SERIAL_16450:
        return "16450 or a subset of the 16550";
    case SERIAL_16550_GAS:
        return "16550 with the register width of its address";
    case 0x03:
        return "ARM PL011";
    case 0x0d:
        return "ARM generic";
    case 0x14:
        return "Intel LPSS";
    default:
        return "unknown";
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The model of a UART: see uart16550_model.h. Its constants are copied from the data sheet and not from the
 * driver.
 */
#include <uart16550_model.h>

/* Registers, by their address lines: PC16550D data sheet, table I. */
enum {
    RBR_THR_DLL = 0,
    IER_DLM = 1,
    IIR_FCR = 2,
    LCR = 3,
    MCR = 4,
    LSR = 5,
    MSR = 6,
    SCR = 7,
    REGISTERS = 8,
};

enum {
    IER_RECEIVED = 0x01,
    IER_THR_EMPTY = 0x02,
    IER_LINE_STATUS = 0x04,
    IER_IMPLEMENTED = 0x0f,

    IIR_NOT_PENDING = 0x01,
    IIR_THR_EMPTY = 0x02,
    IIR_RECEIVED = 0x04,
    IIR_LINE_STATUS = 0x06,
    IIR_FIFO_BROKEN = 0x80, /* FIFOs that do not work, as on the 16550 before the A */
    IIR_FIFO = 0xc0,

    FCR_ENABLE = 0x01,
    LCR_DLAB = 0x80,

    MCR_RTS = 0x02,
    MCR_OUT2 = 0x08,
    MCR_LOOP = 0x10,

    LSR_DATA_READY = 0x01,
    LSR_OVERRUN = 0x02,
    LSR_EMPTY = 0x60, /* THRE and TEMT */

    MSR_CONNECTED = 0xb0, /* DCD, DSR and CTS */
};

struct uart_model device;
struct uart16550 uart;
uint8_t uart_model_window[64];

/* ---- its interrupt ---- */

static uint8_t cause(void)
{
    if (device.claims_always)
        return device.always_cause;
    if ((device.interrupt_enable & IER_LINE_STATUS) && device.line_pending)
        return IIR_LINE_STATUS;
    if ((device.interrupt_enable & IER_RECEIVED) && device.received_count > 0)
        return IIR_RECEIVED;
    if ((device.interrupt_enable & IER_THR_EMPTY) && device.sent_pending)
        return IIR_THR_EMPTY;
    return IIR_NOT_PENDING;
}

static void update_line(void)
{
    bool was_asserted = device.is_asserted;
    device.is_asserted = cause() != IIR_NOT_PENDING;
    device.has_edge |= device.is_asserted && !was_asserted;
}

static uint8_t read_ident(void)
{
    uint8_t ident = cause();
    if (ident == IIR_THR_EMPTY)
        device.sent_pending = false;
    update_line();
    return (uint8_t)(ident |
                     (device.fifo_enabled ? (device.has_broken_fifo ? IIR_FIFO_BROKEN : IIR_FIFO) : 0));
}

/* ---- its transmitter ---- */

void transmitter_empties(void)
{
    device.reads_left = 0;
    device.in_transmitter = 0;
    device.sent_pending = true;
    update_line();
}

static void transmit(uint8_t value)
{
    unsigned int capacity = device.fifo_enabled && !device.has_broken_fifo ? FIFO_SIZE : 1;
    device.sent_pending = false;
    update_line();
    if (device.in_transmitter >= capacity) {
        device.overruns++;
        return;
    }
    assert_true(device.sent_count < sizeof(device.sent));
    device.sent[device.sent_count++] = (char)value;
    device.in_transmitter++;
    if (device.on_sent)
        device.on_sent();
    if (device.reads_to_empty > 0 || device.never_empties)
        device.reads_left = device.reads_to_empty;
    else
        transmitter_empties();
}

/* ---- its receiver ---- */

void receive_byte(uint8_t value, uint8_t errors)
{
    if (device.received_count == FIFO_SIZE) {
        device.is_overrun = device.line_pending = true;
    } else {
        device.received[device.received_count].value = value;
        device.received[device.received_count++].errors = errors;
        device.line_pending |= errors != 0;
    }
    update_line();
}

void receive(const char *text)
{
    while (*text)
        receive_byte((uint8_t)*text++, 0);
}

static uint8_t read_received(void)
{
    if (device.received_count == 0)
        return 0;
    uint8_t value = device.received[0].value;
    memmove(device.received, device.received + 1, --device.received_count * sizeof(device.received[0]));
    update_line();
    return value;
}

static uint8_t line_status(void)
{
    device.status_reads++;
    if (device.reads_left > 0 && !device.never_empties && --device.reads_left == 0)
        transmitter_empties();
    uint8_t status = device.in_transmitter == 0 ? LSR_EMPTY : 0;
    if (device.received_count > 0) {
        status |= LSR_DATA_READY | device.received[0].errors;
        device.received[0].errors = 0;
    }
    if (device.is_overrun)
        status |= LSR_OVERRUN;
    device.is_overrun = device.line_pending = false;
    update_line();
    return status;
}

/* ---- its registers ---- */

/* In loopback RTS is read as CTS, and OUT2 as DCD. */
static uint8_t modem_status(void)
{
    if (device.has_loopback && (device.modem_control & MCR_LOOP))
        return (uint8_t)((device.modem_control & MCR_RTS) << 3 | (device.modem_control & MCR_OUT2) << 4);
    return MSR_CONNECTED;
}

/* An interrupt that is enabled with the transmitter empty is raised. */
static void write_interrupt_enable(uint8_t value)
{
    uint8_t was = device.interrupt_enable;
    device.interrupt_enable = value & IER_IMPLEMENTED;
    if ((value & IER_THR_EMPTY) && !(was & IER_THR_EMPTY) && device.in_transmitter == 0)
        device.sent_pending = true;
    update_line();
}

static uint8_t read_register(unsigned int reg)
{
    if (reg >= REGISTERS || !device.is_present)
        return device.is_echo ? device.last_written : device.absent_reads;
    bool shows_divisor = device.line_control & LCR_DLAB;
    switch (reg) {
    case RBR_THR_DLL:
        return shows_divisor ? (uint8_t)device.divisor : read_received();
    case IER_DLM:
        return shows_divisor ? (uint8_t)(device.divisor >> 8) : device.interrupt_enable;
    case IIR_FCR:
        return read_ident();
    case LCR:
        return device.line_control;
    case MCR:
        return device.modem_control;
    case LSR:
        return line_status();
    case MSR:
        return modem_status();
    default:
        return device.has_scratch ? device.scratch : 0xff;
    }
}

static void write_register(unsigned int reg, uint8_t value)
{
    device.last_written = value;
    if (reg >= REGISTERS || !device.is_present)
        return;
    bool shows_divisor = device.line_control & LCR_DLAB;
    switch (reg) {
    case RBR_THR_DLL:
        device.divisor_writes += shows_divisor;
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff00) | value);
        else
            transmit(value);
        break;
    case IER_DLM:
        device.divisor_writes += shows_divisor;
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff) | value << 8);
        else
            write_interrupt_enable(value);
        break;
    case IIR_FCR:
        device.fifo_enabled = (device.has_fifo || device.has_broken_fifo) && (value & FCR_ENABLE);
        break;
    case LCR:
        if ((value & LCR_DLAB) && device.in_transmitter > 0)
            device.divisor_changes_in_flight++;
        device.line_control = value;
        break;
    case MCR:
        device.modem_control = value;
        break;
    case SCR:
        device.scratch = value;
        break;
    default:
        break;
    }
}

/* ---- its place ---- */

/* Return: the register that an access of @size bytes at @offset reaches; REGISTERS when it is none. */
static unsigned int reached(bool is_memory, uint64_t offset, unsigned int size)
{
    unsigned int stride = device.stride ? device.stride : 1, access = device.access ? device.access : 1;
    device.accesses++;
    if (is_memory == device.is_memory && size == access && offset % stride == 0 &&
        offset / stride < REGISTERS)
        return (unsigned int)(offset / stride);
    device.odd_accesses += is_memory || device.is_memory || offset < REGISTERS;
    return REGISTERS;
}

static unsigned int reached_port(uint16_t port, unsigned int size)
{
    return reached(false, (uint16_t)(port - PORT), size);
}

static unsigned int reached_memory(const volatile void *reg, unsigned int size)
{
    return reached(true, (uint64_t)((const volatile uint8_t *)reg - uart_model_window), size);
}

/* The upper bytes of a wider access are the bus's. */
#define BUS 0xa5a5a500u

uint8_t io_in8(uint16_t port)
{
    return read_register(reached_port(port, 1));
}

uint16_t io_in16(uint16_t port)
{
    return (uint16_t)(BUS | read_register(reached_port(port, 2)));
}

uint32_t io_in32(uint16_t port)
{
    return BUS | read_register(reached_port(port, 4));
}

void io_out8(uint16_t port, uint8_t value)
{
    write_register(reached_port(port, 1), value);
}

void io_out16(uint16_t port, uint16_t value)
{
    write_register(reached_port(port, 2), (uint8_t)value);
}

void io_out32(uint16_t port, uint32_t value)
{
    write_register(reached_port(port, 4), (uint8_t)value);
}

uint8_t mmio_read8(const volatile void *reg)
{
    return read_register(reached_memory(reg, 1));
}

uint16_t mmio_read16(const volatile void *reg)
{
    return (uint16_t)(BUS | read_register(reached_memory(reg, 2)));
}

uint32_t mmio_read32(const volatile void *reg)
{
    return BUS | read_register(reached_memory(reg, 4));
}

void mmio_write8(volatile void *reg, uint8_t value)
{
    write_register(reached_memory(reg, 1), value);
}

void mmio_write16(volatile void *reg, uint16_t value)
{
    write_register(reached_memory(reg, 2), (uint8_t)value);
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    write_register(reached_memory(reg, 4), (uint8_t)value);
}

/* ---- the driver on it ---- */

int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.absent_reads = 0xff;
    device.is_present = device.has_scratch = device.has_loopback = device.has_fifo = true;
    return 0;
}

status_t init_at(uint32_t baud)
{
    const struct uart16550_config config = uart16550_isa(PORT, baud);
    return uart16550_init(&uart, &config);
}

void init(void)
{
    assert_int_equal(init_at(115200), STATUS_OK);
}

void write_text(const char *text)
{
    uart.console.write(&uart.console, text, strlen(text));
}

void expect_sent(const char *text)
{
    assert_int_equal(device.sent_count, strlen(text));
    assert_memory_equal(device.sent, text, device.sent_count);
    assert_int_equal(device.overruns, 0);
}

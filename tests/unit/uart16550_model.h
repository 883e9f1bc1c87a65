/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A UART at one place, for tests of its driver; every other port reads as nothing. One test program has one.
 * Its place is I/O ports, or memory, with registers some bytes apart that answer accesses of one size only.
 *
 * Its interrupt is a line whose rising edges are kept until the test delivers them, as an interrupt
 * controller does.
 * Source: National Semiconductor PC16550D data sheet (1995), "Interrupt Identification Register".
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define PORT      0x2f8
#define FIFO_SIZE 16
#define NO_CAUSE  0x01

static struct {
    /* where it is */
    bool is_memory;
    unsigned int stride, access; /* bytes; 0: 1 */
    unsigned int odd_accesses;   /* of another size, or between two registers, or to the other space */

    /* what kind of UART */
    bool is_present, has_scratch, has_loopback, has_fifo, has_broken_fifo;
    uint8_t absent_reads; /* what an empty port returns; 0 with is_echo: the last byte written */
    bool is_echo;
    unsigned int reads_to_empty; /* status reads until the transmitter is empty; 0: at once */
    bool never_empties;
    bool claims_always; /* IIR: always_cause */
    uint8_t always_cause;

    /* its registers */
    uint8_t interrupt_enable, line_control, modem_control, scratch, last_written;
    uint16_t divisor;
    bool fifo_enabled;
    unsigned int in_transmitter, reads_left;
    bool sent_pending, is_overrun, line_pending;

    /* its interrupt */
    bool is_asserted, has_edge;
    unsigned int claimed, unclaimed; /* of those delivered */

    /* what was seen */
    char sent[65536];
    size_t sent_count;
    unsigned int accesses, status_reads, overruns, divisor_changes_in_flight, divisor_writes;
    void (*on_sent)(void); /* what another CPU does meanwhile */

    struct {
        uint8_t value, errors; /* status bits that come with it, once */
    } received[FIFO_SIZE];
    size_t received_count;
} device;

/* ---- its interrupt ---- */

static uint8_t cause(void)
{
    if (device.claims_always)
        return device.always_cause;
    if ((device.interrupt_enable & 4) && device.line_pending)
        return 0x06;
    if ((device.interrupt_enable & 1) && device.received_count > 0)
        return 0x04;
    if ((device.interrupt_enable & 2) && device.sent_pending)
        return 0x02;
    return NO_CAUSE;
}

static void update_line(void)
{
    bool was_asserted = device.is_asserted;
    device.is_asserted = cause() != NO_CAUSE;
    device.has_edge |= device.is_asserted && !was_asserted;
}

static uint8_t read_ident(void)
{
    uint8_t ident = cause();
    if (ident == 0x02)
        device.sent_pending = false;
    update_line();
    return (uint8_t)(ident | (device.fifo_enabled ? (device.has_broken_fifo ? 0x80 : 0xc0) : 0));
}

/* ---- its transmitter ---- */

static void transmitter_empties(void)
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

static void receive_byte(uint8_t value, uint8_t errors)
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

static UNUSED void receive(const char *text)
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
    uint8_t status = device.in_transmitter == 0 ? 0x60 : 0;
    if (device.received_count > 0) {
        status |= 1 | device.received[0].errors;
        device.received[0].errors = 0;
    }
    if (device.is_overrun)
        status |= 2;
    device.is_overrun = device.line_pending = false;
    update_line();
    return status;
}

/* ---- its registers ---- */

/* In loopback RTS comes back as CTS, and OUT2 as DCD. */
static uint8_t modem_status(void)
{
    if (device.has_loopback && (device.modem_control & 0x10))
        return (uint8_t)((device.modem_control & 2) << 3 | (device.modem_control & 8) << 4);
    return 0xb0;
}

/* An interrupt that is enabled with the transmitter empty is raised. */
static void write_interrupt_enable(uint8_t value)
{
    uint8_t was = device.interrupt_enable;
    device.interrupt_enable = value & 0x0f;
    if ((value & 2) && !(was & 2) && device.in_transmitter == 0)
        device.sent_pending = true;
    update_line();
}

static uint8_t read_register(unsigned int reg)
{
    if (reg > 7 || !device.is_present)
        return device.is_echo ? device.last_written : device.absent_reads;
    bool shows_divisor = device.line_control & 0x80;
    switch (reg) {
    case 0:
        return shows_divisor ? (uint8_t)device.divisor : read_received();
    case 1:
        return shows_divisor ? (uint8_t)(device.divisor >> 8) : device.interrupt_enable;
    case 2:
        return read_ident();
    case 3:
        return device.line_control;
    case 4:
        return device.modem_control;
    case 5:
        return line_status();
    case 6:
        return modem_status();
    default:
        return device.has_scratch ? device.scratch : 0xff;
    }
}

static void write_register(unsigned int reg, uint8_t value)
{
    device.last_written = value;
    if (reg > 7 || !device.is_present)
        return;
    bool shows_divisor = device.line_control & 0x80;
    switch (reg) {
    case 0:
        device.divisor_writes += shows_divisor;
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff00) | value);
        else
            transmit(value);
        break;
    case 1:
        device.divisor_writes += shows_divisor;
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff) | value << 8);
        else
            write_interrupt_enable(value);
        break;
    case 2:
        device.fifo_enabled = (device.has_fifo || device.has_broken_fifo) && (value & 1);
        break;
    case 3:
        if ((value & 0x80) && device.in_transmitter > 0)
            device.divisor_changes_in_flight++;
        device.line_control = value;
        break;
    case 4:
        device.modem_control = value;
        break;
    case 7:
        device.scratch = value;
        break;
    default:
        break;
    }
}

/* ---- its place ---- */

static uint8_t window[64]; /* where its registers are in memory */

/* Return: the register that an access of @size bytes at @offset reaches; 8 when it is none. */
static unsigned int reached(bool is_memory, uint64_t offset, unsigned int size)
{
    unsigned int stride = device.stride ? device.stride : 1, access = device.access ? device.access : 1;
    device.accesses++;
    if (is_memory == device.is_memory && size == access && offset % stride == 0 && offset / stride < 8)
        return (unsigned int)(offset / stride);
    device.odd_accesses += is_memory || device.is_memory || offset < 8;
    return 8;
}

static unsigned int reached_port(uint16_t port, unsigned int size)
{
    return reached(false, (uint16_t)(port - PORT), size);
}

static unsigned int reached_memory(const volatile void *reg, unsigned int size)
{
    return reached(true, (uint64_t)((const volatile uint8_t *)reg - window), size);
}

/* The bytes behind a register in a wider access are the bus's. */
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

/* ---- for the tests ---- */

static struct uart16550 uart;

static UNUSED int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.absent_reads = 0xff;
    device.is_present = device.has_scratch = device.has_loopback = device.has_fifo = true;
    return 0;
}

static UNUSED status_t init_at(uint32_t baud)
{
    const struct uart16550_config config = uart16550_isa(PORT, baud);
    return uart16550_init(&uart, &config);
}

static void init(void)
{
    assert_int_equal(init_at(115200), STATUS_OK);
}

static void write_text(const char *text)
{
    uart.console.write(&uart.console, text, strlen(text));
}

static UNUSED void expect_sent(const char *text)
{
    assert_int_equal(device.sent_count, strlen(text));
    assert_memory_equal(device.sent, text, device.sent_count);
    assert_int_equal(device.overruns, 0);
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

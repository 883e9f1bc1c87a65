/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 serial port and its relatives, polled.
 *
 * Output goes in bursts: when the UART says that its transmitter is empty, a working FIFO takes
 * sixteen bytes without being asked again, so one status read serves sixteen characters.
 *
 * No wait is without bound, and there is no clock yet when the first line is printed, so the
 * bound is a number of status reads. A UART that stays full that long (its far end holds the
 * line, or a hypervisor has stopped listening) is "stuck": from then on each byte gets one
 * look, and is dropped if there is no room. The first look that finds room ends it. So a dead
 * line costs one bounded wait and not one for each character.
 *
 * Refused: a probe by writing to the interrupt enable register, as many do; it can raise an
 * interrupt that nobody is ready for.
 *
 * Source: National Semiconductor PC16550D data sheet (1995), "Registers", "FIFO Interrupt Mode
 * Operation", "Modem Control Register" (loopback).
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/io.h>

enum reg {
    DATA = 0,             /* receive and transmit; divisor low with LINE_DIVISOR */
    INTERRUPT_ENABLE = 1, /* divisor high with LINE_DIVISOR */
    FIFO_CONTROL = 2,     /* written */
    INTERRUPT_IDENT = 2,  /* read */
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
    MODEM_STATUS = 6,
    SCRATCH = 7,
};

#define LINE_8N1           0x03
#define LINE_DIVISOR       0x80 /* registers 0 and 1 are the divisor */

#define FIFO_ENABLE_CLEAR  0x07 /* on, both directions emptied */
#define IDENT_FIFO_WORKS   0xc0 /* both bits; the first 16550 sets only one, and its FIFO loses bytes */
#define FIFO_DEPTH         16

#define MODEM_DTR_RTS_OUT2 0x0b
#define MODEM_LOOPBACK     0x10
#define MODEM_LOOP_PATTERN 0x0a /* RTS and OUT2, which loop back as CTS and DCD */
#define MODEM_LOOP_ANSWER  0x90

#define STATUS_DATA_READY  0x01
#define STATUS_DATA_BAD    0x1c /* parity, framing, break: the byte means nothing */
#define STATUS_SEND_EMPTY  0x20 /* room for a burst */
#define STATUS_SEND_IDLE   0x40 /* and the last bit has left */

/* What a port without a device reads as. */
#define NOTHING            0xff

/*
 * A FIFO of 16 characters of 10 bits takes 1.5 s at 110 baud, and a read of an ISA port about
 * 1 us on a PC (8 MHz bus) and in a hypervisor.
 */
#define SEND_WAIT_READS    2000000u

/* 16 characters at 9600 baud take 17 ms. */
#define DRAIN_WAIT_READS   50000u

static uint8_t uart_read(const struct uart16550 *uart, enum reg reg)
{
    return io_in8((uint16_t)(uart->port + reg));
}

static void uart_write(const struct uart16550 *uart, enum reg reg, uint8_t value)
{
    io_out8((uint16_t)(uart->port + reg), value);
}

/*
 * An 8250 has no scratch register and some virtual UARTs have no loopback: either will do. What
 * is written in between keeps a bus that merely remembers its last byte from passing.
 */
static bool uart_is_present(const struct uart16550 *uart)
{
    uart_write(uart, INTERRUPT_ENABLE, 0);
    if (uart_read(uart, LINE_STATUS) == NOTHING)
        return false;

    bool has_scratch = true;
    for (unsigned int pattern = 0x55; pattern <= 0xaa; pattern += 0x55) {
        uart_write(uart, SCRATCH, (uint8_t)pattern);
        uart_write(uart, INTERRUPT_ENABLE, 0);
        has_scratch = has_scratch && uart_read(uart, SCRATCH) == pattern;
    }
    if (has_scratch)
        return true;

    uart_write(uart, MODEM_CONTROL, MODEM_LOOPBACK | MODEM_LOOP_PATTERN);
    bool has_loopback = (uart_read(uart, MODEM_STATUS) & 0xf0) == MODEM_LOOP_ANSWER;
    uart_write(uart, MODEM_CONTROL, 0);
    return has_loopback;
}

/* Return: room for uart->burst bytes. */
static bool uart_wait_empty(struct uart16550 *uart)
{
    for (unsigned int reads = uart->is_stuck ? 1 : SEND_WAIT_READS; reads > 0; reads--)
        if (uart_read(uart, LINE_STATUS) & STATUS_SEND_EMPTY) {
            uart->is_stuck = false;
            return true;
        }
    uart->is_stuck = true;
    return false;
}

/* The line's bytes for one character of text; how many. */
static unsigned int encode(char c, uint8_t bytes[2])
{
    unsigned int count = 0;
    if (c == '\n' || c == '\f')
        bytes[count++] = '\r';
    bool is_sent = (c >= 0x20 && c <= 0x7e) || c == '\n' || c == '\r' || c == '\b' || c == '\t';
    bytes[count++] = (uint8_t)(c == '\f' ? '\n' : is_sent ? c : '?');
    return count;
}

static void uart_console_write(struct console *console, const char *text, size_t length)
{
    struct uart16550 *uart = container_of(console, struct uart16550, console);
    unsigned int room = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t bytes[2];
        unsigned int count = encode(text[i], bytes);
        for (unsigned int j = 0; j < count; j++) {
            if (room == 0 && uart_wait_empty(uart))
                room = uart->burst;
            if (room == 0)
                continue;
            uart_write(uart, DATA, bytes[j]);
            room--;
        }
    }
}

static int uart_input_poll(struct input *input)
{
    struct uart16550 *uart = container_of(input, struct uart16550, input);
    /* At most a FIFO full: a port that went away must not hold its caller for ever. */
    for (unsigned int i = 0; i < FIFO_DEPTH; i++) {
        uint8_t status = uart_read(uart, LINE_STATUS);
        if (!(status & STATUS_DATA_READY))
            return KEY_NONE;
        uint8_t byte = uart_read(uart, DATA);
        int key = status & STATUS_DATA_BAD ? KEY_NONE : vt_keys_feed(&uart->keys, byte);
        if (key != KEY_NONE)
            return key;
    }
    return KEY_NONE;
}

/* Return: the divisor for @baud, or 0 when no divisor comes within 2 %, which a receiver bears. */
static uint16_t divisor_of(uint32_t baud)
{
    if (baud == 0 || baud > UART16550_MAX_BAUD)
        return 0;
    uint32_t divisor = (UART16550_MAX_BAUD + baud / 2) / baud;
    uint32_t real_baud = UART16550_MAX_BAUD / divisor;
    uint32_t error = real_baud > baud ? real_baud - baud : baud - real_baud;
    return divisor <= UINT16_MAX && error * 50 <= baud ? (uint16_t)divisor : 0;
}

status_t uart16550_init(struct uart16550 *uart, uint16_t port, uint32_t baud)
{
    uint16_t divisor = divisor_of(baud);
    if (divisor == 0)
        return STATUS_INVALID;

    *uart = (struct uart16550){
        .console = { .name = "serial", .write = uart_console_write },
        .input = { .name = "serial", .poll = uart_input_poll },
        .port = port,
    };
    /* First, because firmware may have left the divisor showing where the probe looks. */
    uart_write(uart, LINE_CONTROL, LINE_8N1);
    if (!uart_is_present(uart))
        return STATUS_NOT_FOUND;

    /* The loader's last words may still be on their way out. */
    for (unsigned int reads = DRAIN_WAIT_READS; reads > 0; reads--)
        if (uart_read(uart, LINE_STATUS) & STATUS_SEND_IDLE)
            break;

    uart_write(uart, LINE_CONTROL, LINE_8N1 | LINE_DIVISOR);
    uart_write(uart, DATA, (uint8_t)divisor);
    uart_write(uart, INTERRUPT_ENABLE, (uint8_t)(divisor >> 8));
    uart_write(uart, LINE_CONTROL, LINE_8N1);

    uart_write(uart, FIFO_CONTROL, FIFO_ENABLE_CLEAR);
    bool has_fifo = (uart_read(uart, INTERRUPT_IDENT) & IDENT_FIFO_WORKS) == IDENT_FIFO_WORKS;
    if (!has_fifo)
        uart_write(uart, FIFO_CONTROL, 0);
    uart->burst = has_fifo ? FIFO_DEPTH : 1;

    uart_write(uart, MODEM_CONTROL, MODEM_DTR_RTS_OUT2);
    return STATUS_OK;
}

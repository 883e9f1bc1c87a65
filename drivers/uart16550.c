/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 serial port and its relatives.
 *
 * With interrupts, what is written waits in a ring, and the UART's "transmitter empty" takes it from there a burst at a
 * time; who writes more than the ring holds sends the oldest itself. What is received waits in another until it is asked
 * for. Everything else is said for both ways.
 *
 * The interrupt's input is an edge, and this decides the handler's order. It looks for causes until there is none, or
 * the line would stay asserted and no edge would follow. It writes to the transmitter only with the transmitter's
 * interrupt off and puts that back last, so that the one edge for the next burst comes when the line is seen low:
 * otherwise a UART that sends at once, as virtual ones do, makes an edge for each byte, and the last of them is an
 * interrupt for nothing. When the ring of received bytes is full, the receiver's interrupts are off and the rest stays
 * in the UART: a virtual one makes its sender wait, a real one says that it lost some.
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
 * The lock is not waited for without bound either: its holder may be what a panic has interrupted. Who does not get it
 * sends past the ring, so that the text is seen, perhaps in the middle of another line.
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

#define INTERRUPT_RECEIVED 0x01
#define INTERRUPT_SENT     0x02
#define INTERRUPT_LINE     0x04
#define IDENT_NONE         0x01 /* set: nothing is pending */
#define IDENT_CAUSE        0x0e
#define CAUSE_MODEM        0x00
#define CAUSE_SENT         0x02 /* what remains: data, at once or after a time, and errors of the line */
/* In one interrupt. Each cause takes a byte of a ring or an interrupt away, so more is a UART that says so for ever. */
#define CAUSES_MAX         (2 * UART16550_RECEIVED_MAX)

#define FIFO_ENABLE_CLEAR  0x07 /* on, both directions emptied */
#define IDENT_FIFO_WORKS   0xc0 /* both bits; the first 16550 sets only one, and its FIFO loses bytes */
#define FIFO_DEPTH         16

#define MODEM_DTR_RTS_OUT2 0x0b
#define MODEM_LOOPBACK     0x10
#define MODEM_LOOP_PATTERN 0x0a /* RTS and OUT2, which loop back as CTS and DCD */
#define MODEM_LOOP_ANSWER  0x90

#define STATUS_DATA_READY  0x01
#define STATUS_OVERRUN     0x02 /* bytes before this one were lost */
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

/* Holders keep the lock for a burst, but for one who writes more than the ring holds. */
#define LOCK_TRIES         100000u

/* 16 characters at 9600 baud take 17 ms. */
#define DRAIN_WAIT_READS   50000u

#define INTERRUPTS_OF_RECEIVER (INTERRUPT_RECEIVED | INTERRUPT_LINE)

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

/* Reading it takes the error bits away, whoever reads: they are kept until their byte is read. */
static uint8_t read_status(struct uart16550 *uart)
{
    uint8_t status = uart_read(uart, LINE_STATUS);
    if (status & STATUS_DATA_READY)
        uart->unread_errors |= status & STATUS_DATA_BAD;
    return status | uart->unread_errors;
}

static uint8_t read_data(struct uart16550 *uart)
{
    uart->unread_errors = 0;
    return uart_read(uart, DATA);
}

/* Return: room for uart->burst bytes. */
static bool uart_wait_empty(struct uart16550 *uart)
{
    for (unsigned int reads = uart->is_stuck ? 1 : SEND_WAIT_READS; reads > 0; reads--)
        if (read_status(uart) & STATUS_SEND_EMPTY) {
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

/* ---- sending ---- */

static bool try_lock(struct uart16550 *uart, irq_state_t *state)
{
    for (unsigned int tries = 0; tries < LOCK_TRIES; tries++) {
        if (spin_try_lock(&uart->lock, state))
            return true;
        __builtin_ia32_pause();
    }
    return false;
}

/* @room: bytes that fit without asking; kept by the caller from byte to byte. */
static void send_polled(struct uart16550 *uart, uint8_t byte, unsigned int *room)
{
    if (*room == 0 && uart_wait_empty(uart))
        *room = uart->burst;
    if (*room == 0)
        return;
    uart_write(uart, DATA, byte);
    (*room)--;
}

/* Context of what follows, up to the next heading: the lock is held. */
static uint32_t waiting_count(const struct uart16550 *uart)
{
    return uart->waiting_end - uart->waiting_start;
}

static uint8_t take_waiting(struct uart16550 *uart)
{
    return uart->waiting[uart->waiting_start++ % UART16550_WAITING_MAX];
}

static void set_interrupts(struct uart16550 *uart, unsigned int enabled)
{
    uart->enabled = (uint8_t)enabled;
    uart_write(uart, INTERRUPT_ENABLE, uart->enabled);
}

/* The transmitter is empty and its interrupt off: gives it a burst, and has it interrupt when more is left. */
static void send_burst(struct uart16550 *uart)
{
    for (unsigned int i = 0; i < uart->burst && waiting_count(uart) > 0; i++)
        uart_write(uart, DATA, take_waiting(uart));
    if (waiting_count(uart) > 0)
        set_interrupts(uart, uart->enabled | INTERRUPT_SENT);
}

/* Counts once: without the lock, somebody else may be taking too, and they would pass the end together. */
static void send_all_waiting(struct uart16550 *uart)
{
    unsigned int room = 0;
    for (uint32_t left = waiting_count(uart); left > 0 && left <= UART16550_WAITING_MAX; left--)
        send_polled(uart, take_waiting(uart), &room);
}

/* No more interrupts; what waits is sent. */
static void go_polled(struct uart16550 *uart)
{
    uart->uses_interrupts = false;
    uart->input.interrupts = false;
    set_interrupts(uart, 0);
    send_all_waiting(uart);
}

/* Makes room by sending the oldest: as much as a burst, so that the wait is for many bytes. */
static void make_room(struct uart16550 *uart)
{
    unsigned int room = 0;
    for (unsigned int i = 0; i < uart->burst; i++)
        send_polled(uart, take_waiting(uart), &room);
}

/* The text waits in the ring for the transmitter. */
static void queue_text(struct uart16550 *uart, const char *text, size_t length)
{
    bool was_idle = waiting_count(uart) == 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t bytes[2];
        unsigned int count = encode(text[i], bytes);
        for (unsigned int j = 0; j < count; j++) {
            if (waiting_count(uart) == UART16550_WAITING_MAX)
                make_room(uart);
            uart->waiting[uart->waiting_end++ % UART16550_WAITING_MAX] = bytes[j];
        }
    }
    if (was_idle && waiting_count(uart) > 0)
        set_interrupts(uart, uart->enabled | INTERRUPT_SENT);
}

/* ---- what the log calls ---- */

static void write_polled(struct uart16550 *uart, const char *text, size_t length)
{
    unsigned int room = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t bytes[2];
        unsigned int count = encode(text[i], bytes);
        for (unsigned int j = 0; j < count; j++)
            send_polled(uart, bytes[j], &room);
    }
}

static void uart_console_write(struct console *console, const char *text, size_t length)
{
    struct uart16550 *uart = container_of(console, struct uart16550, console);
    irq_state_t state;
    if (!uart->uses_interrupts || !try_lock(uart, &state)) {
        write_polled(uart, text, length);
        return;
    }
    if (uart->uses_interrupts)
        queue_text(uart, text, length);
    else
        write_polled(uart, text, length);
    spin_unlock(&uart->lock, state);
}

/* Without the lock, too: its holder will not come back to send what waits. */
static void uart_console_settle(struct console *console)
{
    struct uart16550 *uart = container_of(console, struct uart16550, console);
    irq_state_t state;
    if (!uart->uses_interrupts)
        return;
    bool is_locked = try_lock(uart, &state);
    go_polled(uart);
    if (is_locked)
        spin_unlock(&uart->lock, state);
}

/* ---- receiving ---- */

static int decode(struct uart16550 *uart, uint8_t status, uint8_t byte)
{
    return status & STATUS_DATA_BAD ? KEY_NONE : vt_keys_feed(&uart->keys, byte);
}

static uint32_t received_count(const struct uart16550 *uart)
{
    return uart->received_end - uart->received_start;
}

/* Return: whether there was a byte. A receiver that had to stop goes on at half a ring, not for each byte. */
static bool take_received(struct uart16550 *uart, uint8_t *byte)
{
    irq_state_t state = spin_lock(&uart->lock);
    bool has_byte = received_count(uart) > 0;
    if (has_byte)
        *byte = uart->received[uart->received_start++ % UART16550_RECEIVED_MAX];
    if (uart->uses_interrupts && !(uart->enabled & INTERRUPT_RECEIVED) &&
        received_count(uart) <= UART16550_RECEIVED_MAX / 2)
        set_interrupts(uart, uart->enabled | INTERRUPTS_OF_RECEIVER);
    spin_unlock(&uart->lock, state);
    return has_byte;
}

/* The lock is held. With a full ring not even the status is read: the error bits of the next byte would be gone. */
static void receive(struct uart16550 *uart)
{
    for (unsigned int i = 0; i < FIFO_DEPTH; i++) {
        if (received_count(uart) == UART16550_RECEIVED_MAX) {
            set_interrupts(uart, uart->enabled & ~(unsigned int)INTERRUPTS_OF_RECEIVER);
            return;
        }
        uint8_t status = read_status(uart);
        uart->lost += (status & STATUS_OVERRUN) != 0;
        if (!(status & STATUS_DATA_READY))
            return;
        uint8_t byte = read_data(uart);
        if (status & STATUS_DATA_BAD)
            uart->lost++;
        else
            uart->received[uart->received_end++ % UART16550_RECEIVED_MAX] = byte;
    }
}

static int poll_ring(struct uart16550 *uart)
{
    uint8_t byte;
    while (take_received(uart, &byte)) {
        int key = decode(uart, 0, byte);
        if (key != KEY_NONE)
            return key;
    }
    return KEY_NONE;
}

static int uart_input_poll(struct input *input)
{
    struct uart16550 *uart = container_of(input, struct uart16550, input);
    /* Also after interrupts were given up: something may wait there. */
    int key = poll_ring(uart);
    if (key != KEY_NONE || uart->uses_interrupts)
        return key;
    /* At most a FIFO full: a port that went away must not hold its caller for ever. */
    for (unsigned int i = 0; i < FIFO_DEPTH; i++) {
        uint8_t status = read_status(uart);
        if (!(status & STATUS_DATA_READY))
            return KEY_NONE;
        key = decode(uart, status, read_data(uart));
        if (key != KEY_NONE)
            return key;
    }
    return KEY_NONE;
}

/* ---- interrupts ---- */

/* The lock is held. Return: whether there was a cause. @is_sent: whether the transmitter is empty. */
static bool handle_causes(struct uart16550 *uart, bool *is_sent)
{
    for (unsigned int i = 0; i < CAUSES_MAX; i++) {
        uint8_t ident = uart_read(uart, INTERRUPT_IDENT);
        if (ident & IDENT_NONE)
            return i > 0;
        switch (ident & IDENT_CAUSE) {
        case CAUSE_SENT:
            set_interrupts(uart, uart->enabled & ~(unsigned int)INTERRUPT_SENT);
            *is_sent = true;
            break;
        case CAUSE_MODEM:
            (void)uart_read(uart, MODEM_STATUS);
            break;
        default: /* data; and an error, which reading the line status takes away */
            receive(uart);
            break;
        }
    }
    go_polled(uart);
    return true;
}

bool uart16550_interrupt(struct uart16550 *uart)
{
    bool is_ours = false, is_sent = false;
    irq_state_t state = spin_lock(&uart->lock);
    if (uart->uses_interrupts)
        is_ours = handle_causes(uart, &is_sent);
    if (is_sent)
        send_burst(uart);
    uart->interrupts += is_ours;
    spin_unlock(&uart->lock, state);
    return is_ours;
}

void uart16550_use_interrupts(struct uart16550 *uart, bool is_on)
{
    irq_state_t state = spin_lock(&uart->lock);
    uart->uses_interrupts = is_on;
    if (is_on)
        set_interrupts(uart, INTERRUPTS_OF_RECEIVER | INTERRUPT_SENT);
    else
        go_polled(uart);
    spin_unlock(&uart->lock, state);
}

uint32_t uart16550_interrupt_count(const struct uart16550 *uart)
{
    return __atomic_load_n(&uart->interrupts, __ATOMIC_RELAXED);
}

int uart16550_isa_interrupt(uint16_t port)
{
    switch (port) {
    case 0x3f8:
    case 0x3e8:
        return 4;
    case 0x2f8:
    case 0x2e8:
        return 3;
    default:
        return -1;
    }
}

/* ---- setting up ---- */

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
        .console = { .name = "serial", .write = uart_console_write, .settle = uart_console_settle },
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

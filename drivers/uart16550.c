/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * 16550 serial port and compatibles: transmit, receive, interrupts. Probe and setup are in
 * drivers/uart16550_setup.c.
 *
 * With interrupts, output is queued in a ring, and the THRE interrupt sends from it a burst at a time; a
 * write that does not fit sends the oldest bytes by polling. Received bytes are queued in a second ring until
 * the input is polled. The rest of this comment holds with and without interrupts.
 *
 * The interrupt line is edge triggered, which dictates the order of the handler. It reads IIR until no cause
 * is pending, or the line would stay asserted and no further edge would follow. It writes THR only with ETBEI
 * clear and sets ETBEI last, so that the line has been low before the one edge for the next burst: otherwise
 * a UART that transmits at once, as virtual ones do, raises an edge for each byte, and the last of them is a
 * spurious interrupt. When the receive ring is full, the receiver's interrupts are disabled and further bytes
 * stay in the UART: a virtual one blocks its sender, a real one reports an overrun.
 *
 * Output goes in bursts: when LSR.THRE is set, a working FIFO takes sixteen bytes, so one read of LSR is
 * enough for sixteen characters.
 *
 * Each wait is bounded, and no clock is available when the first line is printed, so the bound is a number of
 * LSR reads. A UART whose FIFO stays full that long (its peer holds the line by flow control, or a hypervisor
 * has stopped reading) is "stuck": from then on LSR is read once for each byte, and the byte is dropped if
 * the FIFO stays full. The first read that finds it empty clears the state. So a dead line costs one bounded
 * wait and not one for each character.
 *
 * The wait for the lock is bounded, too: a panic may have interrupted its owner. A writer that does not get
 * it sends by polling without the ring, so that the text is output, perhaps in the middle of another line.
 *
 * Source: National Semiconductor PC16550D data sheet, "Registers", "FIFO Interrupt Mode
 * Operation".
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/hw/uart16550.h>

/* In one interrupt. Each cause removes a byte from a ring or disables an interrupt, so a UART that reports
   more than this reports them for ever. */
#define CAUSES_MAX (2 * UART16550_RECEIVED_MAX)

/*
 * A FIFO of 16 characters of 10 bits takes 1.5 s at 110 baud, and a read of an ISA port about
 * 1 us on a PC (8 MHz bus) and in a hypervisor.
 */
#define SEND_WAIT_READS 2000000u

#define INTERRUPTS_OF_RECEIVER (IER_ERBFI | IER_ELSI)

/* A read of LSR clears its error bits: they are kept until the byte that they belong to is read. */
static uint8_t read_status(struct uart16550 *uart)
{
    uint8_t status = uart16550_read(uart, UART_LSR);
    if (status & LSR_DR)
        uart->unread_errors |= status & LSR_BAD;
    return status | uart->unread_errors;
}

static uint8_t read_data(struct uart16550 *uart)
{
    uart->unread_errors = 0;
    return uart16550_read(uart, UART_RBR);
}

/* Return: whether the transmitter can take uart->burst bytes. */
static bool uart_wait_empty(struct uart16550 *uart)
{
    for (unsigned int reads = uart->is_stuck ? 1 : SEND_WAIT_READS; reads > 0; reads--)
        if (read_status(uart) & LSR_THRE) {
            uart->is_stuck = false;
            return true;
        }
    uart->is_stuck = true;
    return false;
}

#define ESCAPE 0x1b

/*
 * Encodes one character of text for the line.
 * @may_escape: for the driver's own text; a caller's has no escape sequences.
 *
 * Return: the number of bytes.
 */
static unsigned int encode(char c, bool may_escape, uint8_t bytes[2])
{
    unsigned int count = 0;
    if (c == '\n' || c == '\f')
        bytes[count++] = '\r';
    bool is_sent = (c >= 0x20 && c <= 0x7e) || c == '\n' || c == '\r' || c == '\b' || c == '\t' ||
                   (c == ESCAPE && may_escape);
    bytes[count++] = (uint8_t)(c == '\f' ? '\n' : is_sent ? c : '?');
    return count;
}

/* ---- transmit ---- */

/* @space: bytes that fit without another read of LSR; kept by the caller from byte to byte. */
static void send_polled(struct uart16550 *uart, uint8_t byte, unsigned int *space)
{
    if (*space == 0 && uart_wait_empty(uart))
        *space = uart->burst;
    if (*space == 0)
        return;
    uart16550_write(uart, UART_THR, byte);
    (*space)--;
}

/*
 * Context of waiting_count() to go_polled(): the lock is held; unchecked, because uart16550_console_settle()
 * goes on without the lock of an owner that was stopped.
 */
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
    uart16550_write(uart, UART_IER, uart->enabled);
}

/* The count is read once: without the lock another CPU may take bytes, too, and the end would be missed. */
static void send_all_waiting(struct uart16550 *uart)
{
    unsigned int space = 0;
    for (uint32_t left = waiting_count(uart); left > 0 && left <= UART16550_WAITING_MAX; left--)
        send_polled(uart, take_waiting(uart), &space);
}

/* Disables interrupts permanently and sends the queued characters. */
static void go_polled(struct uart16550 *uart)
{
    uart->uses_interrupts = false;
    uart->input.interrupts = false;
    set_interrupts(uart, 0);
    send_all_waiting(uart);
}

/* The transmitter is empty and ETBEI is clear: sends a burst, and sets ETBEI when more is left. The lock is
   held. */
static void send_burst(struct uart16550 *uart)
{
    CHECK_HELD(&uart->lock);
    for (unsigned int i = 0; i < uart->burst && waiting_count(uart) > 0; i++)
        uart16550_write(uart, UART_THR, take_waiting(uart));
    if (waiting_count(uart) > 0)
        set_interrupts(uart, uart->enabled | IER_ETBEI);
}

/* Makes space in the ring by sending the oldest bytes, a burst at a time, so that one
   wait is for many bytes. The lock is held. */
static void shrink_queue(struct uart16550 *uart)
{
    CHECK_HELD(&uart->lock);
    unsigned int space = 0;
    for (unsigned int i = 0; i < uart->burst; i++)
        send_polled(uart, take_waiting(uart), &space);
}

/* Queues text in the ring for the transmitter. The lock is held. */
static void queue_text(struct uart16550 *uart, const char *text, size_t length, bool may_escape)
{
    CHECK_HELD(&uart->lock);
    bool was_idle = waiting_count(uart) == 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t bytes[2];
        unsigned int count = encode(text[i], may_escape, bytes);
        for (unsigned int j = 0; j < count; j++) {
            if (waiting_count(uart) == UART16550_WAITING_MAX)
                shrink_queue(uart);
            uart->waiting[uart->waiting_end++ % UART16550_WAITING_MAX] = bytes[j];
        }
    }
    if (was_idle && waiting_count(uart) > 0)
        set_interrupts(uart, uart->enabled | IER_ETBEI);
}

/* ---- console ---- */

static void write_polled(struct uart16550 *uart, const char *text, size_t length, bool may_escape)
{
    unsigned int space = 0;
    for (size_t i = 0; i < length; i++) {
        uint8_t bytes[2];
        unsigned int count = encode(text[i], may_escape, bytes);
        for (unsigned int j = 0; j < count; j++)
            send_polled(uart, bytes[j], &space);
    }
}

/* Source: ECMA-48, "SGR - SELECT GRAPHIC RENDITION". Colours of the terminal's palette: its user has chosen
   them for its background. */
static const char *const style_begins[TEXT_STYLES] = {
    [STYLE_HEADLINE] = "\033[1m",
    [STYLE_PROMPT] = "\033[32m",
    [STYLE_WARNING] = "\033[33m",
    [STYLE_ERROR] = "\033[31m",
};
#define STYLE_ENDS "\033[0m"

static void write_part(struct uart16550 *uart, const char *text, size_t length, bool may_escape,
                       bool is_locked)
{
    if (is_locked && uart->uses_interrupts)
        queue_text(uart, text, length, may_escape);
    else
        write_polled(uart, text, length, may_escape);
}

/* A style lasts for one call, so that none is left on the terminal. */
void uart16550_console_write(struct console *console, const char *text, size_t length)
{
    struct uart16550 *uart = container_of(console, struct uart16550, console);
    const char *style = console->style < TEXT_STYLES ? style_begins[console->style] : NULL;
    bool is_locked = uart->uses_interrupts && spin_lock_or_give_up(&uart->lock);
    if (style)
        write_part(uart, style, __builtin_strlen(style), true, is_locked);
    write_part(uart, text, length, false, is_locked);
    if (style)
        write_part(uart, STYLE_ENDS, sizeof(STYLE_ENDS) - 1, true, is_locked);
    if (is_locked)
        spin_unlock(&uart->lock);
}

/* Continues without the lock if it cannot be acquired: its owner was stopped, and the queue must be sent. */
void uart16550_console_settle(struct console *console)
{
    struct uart16550 *uart = container_of(console, struct uart16550, console);
    if (!uart->uses_interrupts)
        return;
    bool is_locked = spin_lock_or_give_up(&uart->lock);
    go_polled(uart);
    if (is_locked)
        spin_unlock(&uart->lock);
}

/* ---- receive ---- */

/* Keys that are no characters arrive as escape sequences: the peer is a terminal that knows them. */
static int decode(struct uart16550 *uart, uint8_t status, uint8_t byte)
{
    int key = status & LSR_BAD ? KEY_NONE : vt_keys_feed(&uart->keys, byte);
    if (key >= KEY_UP)
        uart->console.is_terminal = true;
    if (key != KEY_NONE)
        uart->console.is_typed_at = true;
    return key;
}

static uint32_t received_count(const struct uart16550 *uart)
{
    return uart->received_end - uart->received_start;
}

/* Return: whether there was a byte. A receiver that was disabled is enabled again at half a ring, not for
   each byte. */
static bool take_received(struct uart16550 *uart, uint8_t *byte)
{
    spin_lock(&uart->lock);
    bool has_byte = received_count(uart) > 0;
    if (has_byte)
        *byte = uart->received[uart->received_start++ % UART16550_RECEIVED_MAX];
    if (uart->uses_interrupts && !(uart->enabled & IER_ERBFI) &&
        received_count(uart) <= UART16550_RECEIVED_MAX / 2)
        set_interrupts(uart, uart->enabled | INTERRUPTS_OF_RECEIVER);
    spin_unlock(&uart->lock);
    return has_byte;
}

/* The lock is held. With a full ring LSR is not read either: that would clear the next byte's error bits. */
static void receive(struct uart16550 *uart)
{
    CHECK_HELD(&uart->lock);
    for (unsigned int i = 0; i < FIFO_DEPTH; i++) {
        if (received_count(uart) == UART16550_RECEIVED_MAX) {
            set_interrupts(uart, uart->enabled & ~(unsigned int)INTERRUPTS_OF_RECEIVER);
            return;
        }
        uint8_t status = read_status(uart);
        uart->lost += (status & LSR_OE) != 0;
        if (!(status & LSR_DR))
            return;
        uint8_t byte = read_data(uart);
        if (status & LSR_BAD)
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

int uart16550_input_poll(struct input *input)
{
    struct uart16550 *uart = container_of(input, struct uart16550, input);
    /* Also after interrupts were given up: the ring may still hold bytes. */
    int key = poll_ring(uart);
    if (key != KEY_NONE || uart->uses_interrupts)
        return key;
    /* At most a FIFO full: a port that was removed must not hold its caller for ever. */
    for (unsigned int i = 0; i < FIFO_DEPTH; i++) {
        uint8_t status = read_status(uart);
        if (!(status & LSR_DR))
            return KEY_NONE;
        key = decode(uart, status, read_data(uart));
        if (key != KEY_NONE)
            return key;
    }
    return KEY_NONE;
}

/* ---- interrupts ---- */

/* The lock is held. Return: whether a cause was pending. @is_sent: whether THRE was among them. */
static bool handle_causes(struct uart16550 *uart, bool *is_sent)
{
    CHECK_HELD(&uart->lock);
    for (unsigned int i = 0; i < CAUSES_MAX; i++) {
        uint8_t ident = uart16550_read(uart, UART_IIR);
        if (ident & IIR_NONE)
            return i > 0;
        switch (ident & IIR_ID) {
        case IIR_ID_THRE:
            set_interrupts(uart, uart->enabled & ~(unsigned int)IER_ETBEI);
            *is_sent = true;
            break;
        case IIR_ID_MODEM:
            (void)uart16550_read(uart, UART_MSR);
            break;
        default: /* received data; or a line error, which a read of LSR clears */
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
    spin_lock(&uart->lock);
    if (uart->uses_interrupts)
        is_ours = handle_causes(uart, &is_sent);
    if (is_sent)
        send_burst(uart);
    uart->interrupts += is_ours;
    spin_unlock(&uart->lock);
    return is_ours;
}

void uart16550_use_interrupts(struct uart16550 *uart, bool is_on)
{
    spin_lock(&uart->lock);
    uart->uses_interrupts = is_on;
    if (is_on)
        set_interrupts(uart, INTERRUPTS_OF_RECEIVER | IER_ETBEI);
    else
        go_polled(uart);
    spin_unlock(&uart->lock);
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

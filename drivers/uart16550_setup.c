/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Probe and setup of a 16550. Its registers are I/O ports or memory, one, two, four or eight bytes apart, and
 * accessed one, two or four bytes at a time.
 *
 * Refused: a probe by writing IER, as many drivers do; it can raise an interrupt that has no handler yet.
 *
 * The speed may be left as it is: firmware with a console on the port has set it, and the clock that the
 * divisor divides need not be known then. A divisor of 0 was never set: no UART sends with it.
 *
 * Source: National Semiconductor PC16550D data sheet, "Registers", "Modem Control Register"
 * (loopback), "Programmable Baud Generator".
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/hw/uart16550.h>
#include <ashlar/io.h>

/* LSR reads; 16 characters at 9600 baud take 17 ms. */
#define DRAIN_WAIT_READS 50000u

/* A bit lasts 16 periods of the divided clock. */
#define CLOCKS_A_BIT 16u

#define MCR_LOOP_PATTERN 0x0a /* RTS and OUT2, which loop back as CTS and DCD */
#define MSR_LOOP_ANSWER  0x90

/* What a port without a device reads as. */
#define ALL_ONES 0xff

/* ---- registers ---- */

uint8_t uart16550_read(const struct uart16550 *uart, unsigned int reg)
{
    const struct uart16550_config *config = &uart->config;
    if (!config->registers) {
        uint16_t port = (uint16_t)(config->port + reg * config->stride_bytes);
        return config->access_bytes == 4   ? (uint8_t)io_in32(port)
               : config->access_bytes == 2 ? (uint8_t)io_in16(port)
                                           : io_in8(port);
    }
    const volatile uint8_t *place = (const volatile uint8_t *)config->registers + reg * config->stride_bytes;
    return config->access_bytes == 4   ? (uint8_t)mmio_read32(place)
           : config->access_bytes == 2 ? (uint8_t)mmio_read16(place)
                                       : mmio_read8(place);
}

void uart16550_write(const struct uart16550 *uart, unsigned int reg, uint8_t value)
{
    const struct uart16550_config *config = &uart->config;
    uint16_t port = (uint16_t)(config->port + reg * config->stride_bytes);
    volatile uint8_t *place = (volatile uint8_t *)config->registers + reg * config->stride_bytes;
    if (config->access_bytes == 4)
        config->registers ? mmio_write32(place, value) : io_out32(port, value);
    else if (config->access_bytes == 2)
        config->registers ? mmio_write16(place, value) : io_out16(port, value);
    else
        config->registers ? mmio_write8(place, value) : io_out8(port, value);
}

/* ---- probe ---- */

/*
 * An 8250 has no SCR and some virtual UARTs have no loopback: one of the two is enough. The write of IER in
 * between makes the test fail on a bus that returns the last byte driven.
 */
static bool is_present(const struct uart16550 *uart)
{
    uart16550_write(uart, UART_IER, 0);
    if (uart16550_read(uart, UART_LSR) == ALL_ONES)
        return false;

    bool has_scratch = true;
    for (unsigned int pattern = 0x55; pattern <= 0xaa; pattern += 0x55) {
        uart16550_write(uart, UART_SCR, (uint8_t)pattern);
        uart16550_write(uart, UART_IER, 0);
        has_scratch = has_scratch && uart16550_read(uart, UART_SCR) == pattern;
    }
    if (has_scratch)
        return true;

    uart16550_write(uart, UART_MCR, MCR_LOOP | MCR_LOOP_PATTERN);
    bool has_loopback = (uart16550_read(uart, UART_MSR) & 0xf0) == MSR_LOOP_ANSWER;
    uart16550_write(uart, UART_MCR, 0);
    return has_loopback;
}

/* ---- speed ---- */

/* Return: the divisor for @baud, or 0 when none is within 2 %, which a receiver tolerates. */
static uint16_t divisor_of(uint64_t clock_hz, uint64_t baud)
{
    uint64_t clock_of_bit = baud * CLOCKS_A_BIT;
    if (baud == 0 || clock_hz == 0)
        return 0;
    uint64_t divisor = (clock_hz + clock_of_bit / 2) / clock_of_bit;
    if (divisor == 0 || divisor > UINT16_MAX)
        return 0;
    uint64_t real_baud = clock_hz / (divisor * CLOCKS_A_BIT);
    uint64_t error = real_baud > baud ? real_baud - baud : baud - real_baud;
    return error * 50 <= baud ? (uint16_t)divisor : 0;
}

static uint16_t read_divisor(const struct uart16550 *uart)
{
    uart16550_write(uart, UART_LCR, LCR_8N1 | LCR_DLAB);
    unsigned int low = uart16550_read(uart, UART_DLL), high = uart16550_read(uart, UART_DLM);
    uart16550_write(uart, UART_LCR, LCR_8N1);
    return (uint16_t)(high << 8 | low);
}

static void write_divisor(const struct uart16550 *uart, uint16_t divisor)
{
    uart16550_write(uart, UART_LCR, LCR_8N1 | LCR_DLAB);
    uart16550_write(uart, UART_DLL, (uint8_t)divisor);
    uart16550_write(uart, UART_DLM, (uint8_t)(divisor >> 8));
    uart16550_write(uart, UART_LCR, LCR_8N1);
}

/* ---- setup ---- */

static bool is_valid(const struct uart16550_config *config)
{
    unsigned int stride = config->stride_bytes, access = config->access_bytes;
    bool has_stride = stride == 1 || stride == 2 || stride == 4 || stride == 8;
    bool has_access = (access == 1 || access == 2 || access == 4) && access <= stride;
    return has_stride && has_access &&
           (config->registers || config->port <= UINT16_MAX - (UART_REGISTERS - 1) * stride - (access - 1));
}

struct uart16550_config uart16550_isa(uint16_t port, uint32_t baud)
{
    return (struct uart16550_config){
        .port = port,
        .stride_bytes = 1,
        .access_bytes = 1,
        .clock_hz = UART16550_ISA_CLOCK_HZ,
        .baud = baud,
    };
}

/* The owner keeps the lock for a burst, or for a text that is larger than the ring; but a hypervisor may stop
   it for longer than either, and a waiter that times out writes past the ring, into the middle of what is
   queued. 2^30 ticks are a quarter of a second at 4 GHz. A panic waits once, if it has stopped the owner.
   Shared by all ports: after one timeout no CPU waits for any of their locks, until one of them is taken
   again. */
static struct lock_bound lock_bound = { .timeout_ticks = 1 << 30 };

status_t uart16550_init(struct uart16550 *uart, const struct uart16550_config *config)
{
    uint16_t divisor = divisor_of(config->clock_hz, config->baud);
    if (!is_valid(config) || (config->baud != 0 && divisor == 0))
        return STATUS_INVALID;

    *uart = (struct uart16550){
        .console = { .name = "serial", .write = uart16550_console_write, .settle = uart16550_console_settle },
        .input = { .name = "serial", .poll = uart16550_input_poll },
        .config = *config,
    };
    SPIN_INIT(&uart->lock, "uart", LOCK_UART, .bound = &lock_bound);
    /* First, because firmware may have left DLAB set, which hides the registers that the probe reads. */
    uart16550_write(uart, UART_LCR, LCR_8N1);
    if (!is_present(uart))
        return STATUS_NOT_FOUND;

    /* The loader's last output may still be in the FIFO. */
    for (unsigned int reads = DRAIN_WAIT_READS; reads > 0; reads--)
        if (uart16550_read(uart, UART_LSR) & LSR_TEMT)
            break;

    if (divisor == 0 && read_divisor(uart) == 0)
        divisor = divisor_of(config->clock_hz, UART16550_USUAL_BAUD);
    if (divisor != 0)
        write_divisor(uart, divisor);

    uart16550_write(uart, UART_FCR, FCR_ENABLE_CLEAR);
    bool has_fifo = (uart16550_read(uart, UART_IIR) & IIR_FIFO) == IIR_FIFO;
    if (!has_fifo)
        uart16550_write(uart, UART_FCR, 0);
    uart->burst = has_fifo ? FIFO_DEPTH : 1;

    uart16550_write(uart, UART_MCR, MCR_DTR_RTS_OUT2);
    return STATUS_OK;
}

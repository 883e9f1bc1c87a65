/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A serial port of the 8250 family, behind I/O ports or in memory: a console and an input. Polled to begin
 * with, and again once no interrupt can be counted on.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/input.h>
#include <ashlar/dev/vt_keys.h>
#include <ashlar/status.h>
#include <ashlar/sync/spinlock.h>

#define UART16550_COM1         0x3f8
#define UART16550_ISA_CLOCK_HZ 1843200u /* behind every serial port of a PC/AT */
#define UART16550_USUAL_BAUD   115200u

#define UART16550_RECEIVED_MAX 256 /* powers of two */
#define UART16550_WAITING_MAX  4096

/* Where a UART is and how fast it is to be. */
struct uart16550_config {
    volatile void *registers; /* the first one, mapped uncached; NULL: behind I/O ports */
    uint16_t port;            /* the first one, if registers is NULL */
    uint8_t stride_bytes;     /* from register to register: 1, 2, 4 or 8 */
    uint8_t
        access_bytes;  /* of one access: 1, 2 or 4, at most stride_bytes; the register is its lowest byte */
    uint32_t clock_hz; /* that the divisor divides; 0: not known */
    uint32_t baud;     /* line speed in bits a second; 0: stays as it is */
};

struct uart16550 {
    struct console console;
    struct input input;
    struct vt_keys keys;
    struct uart16550_config config;
    uint8_t burst;         /* bytes it takes at once when it says it is empty */
    bool is_stuck;         /* did not get empty in time, and has not since */
    uint8_t unread_errors; /* status bits of the byte that waits to be read */

    struct spinlock lock;
    /* guarded by lock, and used only with interrupts: */
    bool uses_interrupts;
    uint8_t enabled;                       /* its interrupt enable register */
    uint32_t received_start, received_end; /* both only grow, modulo the ring's size */
    uint32_t waiting_start, waiting_end;
    uint32_t interrupts; /* that were ours, so far */
    uint32_t lost;       /* bytes received garbled, and times that the UART said it lost some */
    uint8_t received[UART16550_RECEIVED_MAX];
    uint8_t waiting[UART16550_WAITING_MAX]; /* for the transmitter */
};

/* Return: the config of a serial port as every PC has them. @port: its first I/O port. @baud: as in the
   config. */
struct uart16550_config uart16550_isa(uint16_t port, uint32_t baud);

/**
 * uart16550_init() - find a UART and set it to 8 data bits, no parity, 1 stop bit, no interrupts.
 * @uart:   filled in; its console and input may then be registered.
 * @config: copied. A speed must be clock_hz / 16 divided by 1 .. 65535, to within 2 %. Without a speed the
 *          divisor is not written, unless it is 0: then UART16550_USUAL_BAUD is set if the clock is known and
 *          can make it.
 *
 * Return: STATUS_OK; STATUS_INVALID for a speed the hardware cannot make, or registers out of range;
 *         STATUS_NOT_FOUND when nothing there behaves like a UART (nothing was sent then).
 * Context: any; nobody else uses the port. Bounded.
 */
status_t uart16550_init(struct uart16550 *uart, const struct uart16550_config *config) MUST_CHECK;

/**
 * uart16550_use_interrupts() - from now on the UART interrupts, and output waits in memory for it.
 * @is_on: false goes back to polling: what waits is sent first.
 *
 * Its first interrupt comes at once, because the transmitter is empty: where none comes, it is not wired, and
 * polling is all there is.
 * Context: any.
 */
void uart16550_use_interrupts(struct uart16550 *uart, bool is_on);

/**
 * uart16550_interrupt() - an interrupt has come that may be its.
 *
 * One that does not run out of causes is polled from then on.
 * Return: whether it was. Context: interrupt.
 */
bool uart16550_interrupt(struct uart16550 *uart);

/* Return: how many interrupts were its so far. */
uint32_t uart16550_interrupt_count(const struct uart16550 *uart);

/* Return: the ISA interrupt that a PC gives to a serial port; -1 for one at no usual place. */
int uart16550_isa_interrupt(uint16_t port);

/* ---- between the driver's two files ---- */

/* One access. @reg: enum uart16550_register. */
uint8_t uart16550_read(const struct uart16550 *uart, unsigned int reg);
void uart16550_write(const struct uart16550 *uart, unsigned int reg, uint8_t value);

/* As struct console and struct input want them. */
void uart16550_console_write(struct console *console, const char *text, size_t length);
void uart16550_console_settle(struct console *console);
int uart16550_input_poll(struct input *input);

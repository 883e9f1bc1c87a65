/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A serial port of the 8250 family behind I/O ports: a console and an input. Polled to begin with, and again once no
 * interrupt can be counted on.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/input.h>
#include <ashlar/dev/vt_keys.h>
#include <ashlar/status.h>
#include <ashlar/sync.h>

#define UART16550_COM1     0x3f8
#define UART16550_MAX_BAUD 115200u

#define UART16550_RECEIVED_MAX 256  /* powers of two */
#define UART16550_WAITING_MAX  4096

struct uart16550 {
    struct console console;
    struct input input;
    struct vt_keys keys;
    uint16_t port;
    uint8_t burst; /* bytes it takes at once when it says it is empty */
    bool is_stuck; /* did not get empty in time, and has not since */
    uint8_t unread_errors; /* status bits of the byte that waits to be read */

    struct spinlock lock;
    /* guarded by lock, and used only with interrupts: */
    bool uses_interrupts;
    uint8_t enabled;                       /* its interrupt enable register */
    uint32_t received_start, received_end; /* both only grow, modulo the ring's size */
    uint32_t waiting_start, waiting_end;
    uint32_t interrupts;                   /* that were ours, so far */
    uint32_t lost;                         /* bytes received garbled, and times that the UART said it lost some */
    uint8_t received[UART16550_RECEIVED_MAX];
    uint8_t waiting[UART16550_WAITING_MAX]; /* for the transmitter */
};

/**
 * uart16550_init() - find a UART and set it to 8 data bits, no parity, 1 stop bit, no interrupts.
 * @uart: filled in; its console and input may then be registered.
 * @port: its first I/O port.
 * @baud: line speed in bits a second; 2 .. 115200, a divisor of 115200 to within 2 %.
 *
 * Return: STATUS_OK; STATUS_INVALID for a speed the hardware cannot make; STATUS_NOT_FOUND when
 *         nothing at @port behaves like a UART (nothing was sent then).
 * Context: any; nobody else uses the port. Bounded.
 */
status_t uart16550_init(struct uart16550 *uart, uint16_t port, uint32_t baud) MUST_CHECK;

/**
 * uart16550_use_interrupts() - from now on the UART interrupts, and output waits in memory for it.
 * @is_on: false goes back to polling: what waits is sent first.
 *
 * Its first interrupt comes at once, because the transmitter is empty: where none comes, it is not wired, and polling is
 * all there is.
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

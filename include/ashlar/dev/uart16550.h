/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A serial port of the 8250 family, at I/O ports or in memory: a console and an input. Polled at first, and
 * again after its interrupt is disabled. Access and setup are in uart16550_setup.c.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/input.h>
#include <ashlar/dev/vt_keys.h>
#include <ashlar/status.h>
#include <ashlar/sync/spinlock.h>

#define UART16550_COM1         0x3f8
#define UART16550_ISA_CLOCK_HZ 1843200u /* of every serial port of a PC/AT */
#define UART16550_USUAL_BAUD   115200u

#define UART16550_RECEIVED_MAX 256 /* powers of two */
#define UART16550_WAITING_MAX  4096

/* Address and line speed of a UART. */
struct uart16550_config {
    volatile void *registers; /* the first one, mapped uncached; NULL: I/O ports */
    uint16_t port;            /* the first one, if registers is NULL */
    uint8_t stride_bytes;     /* from register to register: 1, 2, 4 or 8 */
    uint8_t
        access_bytes;  /* of one access: 1, 2 or 4, at most stride_bytes; the register is its lowest byte */
    uint32_t clock_hz; /* that the divisor divides; 0: not known */
    uint32_t baud;     /* line speed in bits a second; 0: unchanged */
};

struct uart16550 {
    struct console console;
    struct input input;
    struct vt_keys keys;
    struct uart16550_config config;
    uint8_t burst;         /* bytes that fit when LSR.THRE is set */
    bool is_stuck;         /* THRE was not set in time, and has not been since */
    uint8_t unread_errors; /* LSR error bits of the byte in RBR */

    struct spinlock lock;
    /* guarded by lock, and used only with interrupts: */
    bool uses_interrupts;
    uint8_t enabled;                       /* IER as last written */
    uint32_t received_start, received_end; /* both only grow, modulo the ring's size */
    uint32_t waiting_start, waiting_end;
    uint32_t interrupts; /* that had a cause, so far */
    uint32_t lost;       /* bytes received with an error, and overruns */
    uint8_t received[UART16550_RECEIVED_MAX];
    uint8_t waiting[UART16550_WAITING_MAX]; /* for the transmitter */
};

/* Return: the config of a PC's ISA serial port. @port: its first I/O port. @baud: as in the config.
   Context: any. */
struct uart16550_config uart16550_isa(uint16_t port, uint32_t baud);

/**
 * uart16550_init() - probe for a UART and set it to 8 data bits, no parity, 1 stop bit, no interrupts.
 * @uart:   filled in; its console and input may then be registered.
 * @config: copied. A speed must be clock_hz / 16 divided by 1 .. 65535, to within 2 %. Without a speed the
 *          divisor is not written, unless it is 0: then UART16550_USUAL_BAUD is set if the clock is known and
 *          can make it.
 *
 * Return: STATUS_OK; STATUS_INVALID for a speed the hardware cannot make, or registers out of range;
 *         STATUS_NOT_FOUND when there is no UART (nothing was sent then).
 * Context: any; no concurrent access to the port. Bounded.
 */
status_t uart16550_init(struct uart16550 *uart, const struct uart16550_config *config) MUST_CHECK;

/**
 * uart16550_use_interrupts() - enable the UART's interrupts and queue output in memory.
 * @is_on: false goes back to polling: queued output is sent first.
 *
 * The first interrupt arrives at once, because the transmitter is empty: if it does not, the interrupt is not
 * wired, and the caller goes back to polling.
 * Context: any but NMI. Takes the UART's lock.
 */
void uart16550_use_interrupts(struct uart16550 *uart, bool is_on);

/**
 * uart16550_interrupt() - handle an interrupt that may be this UART's.
 *
 * A UART that reports causes without end is polled from then on.
 * Return: whether a cause was pending.
 * Context: interrupt. Takes the UART's lock.
 */
bool uart16550_interrupt(struct uart16550 *uart);

/* Return: the number of interrupts that had a cause. Context: any. */
uint32_t uart16550_interrupt_count(const struct uart16550 *uart);

/* Return: the ISA interrupt of COM1 to COM4 by their I/O port; -1 for another port. Context: any. */
int uart16550_isa_interrupt(uint16_t port);

/* ---- between the driver's two files ---- */

/* One bus access. @reg: enum uart16550_register. Context: any. */
uint8_t uart16550_read(const struct uart16550 *uart, unsigned int reg);
void uart16550_write(const struct uart16550 *uart, unsigned int reg, uint8_t value);

/* The members of struct console and struct input. Context: as theirs. */
void uart16550_console_write(struct console *console, const char *text, size_t length);
void uart16550_console_settle(struct console *console);
int uart16550_input_poll(struct input *input);

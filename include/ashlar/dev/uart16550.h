/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A serial port of the 8250 family behind I/O ports: a console and an input.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/input.h>
#include <ashlar/dev/vt_keys.h>
#include <ashlar/status.h>

#define UART16550_COM1     0x3f8
#define UART16550_MAX_BAUD 115200u

struct uart16550 {
    struct console console;
    struct input input;
    struct vt_keys keys;
    uint16_t port;
    uint8_t burst; /* bytes it takes at once when it says it is empty */
    bool is_stuck; /* did not get empty in time, and has not since */
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

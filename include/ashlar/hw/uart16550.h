/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The registers of a 16550, under the data sheet's names.
 * Source: National Semiconductor PC16550D data sheet, "Registers".
 */

enum uart16550_register {
    UART_RBR = 0, /* read: receiver buffer */
    UART_THR = 0, /* written: transmitter holding */
    UART_DLL = 0, /* divisor latch low, with LCR_DLAB */
    UART_IER = 1, /* interrupt enable */
    UART_DLM = 1, /* divisor latch high, with LCR_DLAB */
    UART_IIR = 2, /* read: interrupt identification */
    UART_FCR = 2, /* written: FIFO control */
    UART_LCR = 3, /* line control */
    UART_MCR = 4, /* modem control */
    UART_LSR = 5, /* line status */
    UART_MSR = 6, /* modem status */
    UART_SCR = 7, /* scratch */
    UART_REGISTERS = 8,
};

#define LCR_8N1  0x03
#define LCR_DLAB 0x80 /* registers 0 and 1 are the divisor latch */

#define IER_ERBFI 0x01 /* received data available */
#define IER_ETBEI 0x02 /* transmitter holding register empty */
#define IER_ELSI  0x04 /* receiver line status */

#define IIR_NONE     0x01 /* set: nothing is pending */
#define IIR_ID       0x0e
#define IIR_ID_MODEM 0x00
#define IIR_ID_THRE  0x02 /* the other values: received data, character time-out, line status */
#define IIR_FIFO     0xc0 /* both bits; the first 16550 sets only one, and its FIFO loses bytes */

#define FCR_ENABLE_CLEAR 0x07 /* FIFOs on, both emptied */
#define FIFO_DEPTH       16

#define MCR_DTR_RTS_OUT2 0x0b
#define MCR_LOOP         0x10

#define LSR_DR   0x01 /* data ready */
#define LSR_OE   0x02 /* overrun: bytes before this one were lost */
#define LSR_BAD  0x1c /* parity, framing, break: the byte is invalid */
#define LSR_THRE 0x20 /* transmitter holding register (with FIFOs: transmit FIFO) empty */
#define LSR_TEMT 0x40 /* and the shift register, too */

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words on the two devices that a PC may have at fixed places, and on a virtual machine's debug port. A
 * missing UART swallows the bytes after a bounded wait; a missing VGA swallows the stores; a debug port that
 * is there reads back its number.
 */
#include "console.h"

#define COM1            0x3f8
#define UART_DATA       0
#define UART_INTERRUPTS 1
#define UART_FIFO       2
#define UART_LINE       3
#define UART_MODEM      4
#define UART_STATUS     5
#define LINE_8N1        0x03
#define LINE_DIVISOR    0x80
#define FIFO_ON         0x07
#define MODEM_READY     0x03
#define STATUS_CAN_SEND 0x20
#define DIVISOR_115200  1

#define DEBUGCON 0xe9

/* A byte takes 87 us; a port access takes about 1 us on real hardware. */
#define SEND_PATIENCE 10000

#define VGA_TEXT    0xb8000
#define VGA_COLUMNS 80
#define VGA_ROWS    25
#define VGA_COLOUR  0x4f00 /* white on red */

static bool uart_is_set, has_debugcon;
static uint32_t column, row;

static void out8(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port));
}

static uint8_t in8(uint16_t port)
{
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static void set_up_uart(void)
{
    out8(COM1 + UART_INTERRUPTS, 0);
    out8(COM1 + UART_LINE, LINE_DIVISOR);
    out8(COM1 + UART_DATA, DIVISOR_115200);
    out8(COM1 + UART_INTERRUPTS, 0);
    out8(COM1 + UART_LINE, LINE_8N1);
    out8(COM1 + UART_FIFO, FIFO_ON);
    out8(COM1 + UART_MODEM, MODEM_READY);
    uart_is_set = true;
    has_debugcon = in8(DEBUGCON) == DEBUGCON;
}

static void send(char c)
{
    for (int i = 0; i < SEND_PATIENCE && !(in8(COM1 + UART_STATUS) & STATUS_CAN_SEND); i++)
        ;
    out8(COM1 + UART_DATA, (uint8_t)c);
}

static void draw(char c)
{
    volatile uint16_t *screen = (volatile uint16_t *)VGA_TEXT;
    if (c == '\n' || column == VGA_COLUMNS) {
        row = (row + 1) % VGA_ROWS;
        column = 0;
    }
    if (c != '\n')
        screen[row * VGA_COLUMNS + column++] = (uint16_t)(VGA_COLOUR | (uint8_t)c);
}

void words_say(const char *text)
{
    if (!uart_is_set)
        set_up_uart();
    for (; *text; text++) {
        if (*text == '\n')
            send('\r');
        send(*text);
        if (has_debugcon)
            out8(DEBUGCON, (uint8_t)*text);
        draw(*text);
    }
}

void words_say_number(uint64_t number)
{
    char text[] = "0x0000000000000000";
    char *digit = text + sizeof(text) - 1;
    do {
        uint32_t nibble = (uint32_t)number & 15;
        *--digit = (char)(nibble < 10 ? '0' + nibble : 'a' + nibble - 10);
        number >>= 4;
    } while (number);
    *--digit = 'x';
    *--digit = '0';
    words_say(digit);
}

void words_halt(const char *text)
{
    words_say(text);
    words_say("\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

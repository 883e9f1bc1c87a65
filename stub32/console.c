/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Output to COM1, to the VGA text screen and to a virtual machine's debug port. Without a UART each byte is
 * dropped after a bounded wait; without a VGA the stores have no effect; the debug port reads back its number
 * where it exists.
 */
#include "console.h"

#include <ashlar/hw/uart16550.h>

#define COM1           0x3f8
#define MCR_DTR_RTS    0x03
#define DIVISOR_115200 1

#define DEBUGCON 0xe9

/* LSR reads. A byte takes 87 us; a port access takes about 1 us on real hardware. */
#define SEND_WAIT_READS 10000

#define VGA_TEXT    0xb8000
#define VGA_COLUMNS 80
#define VGA_ROWS    25
#define VGA_COLOUR  0x4f00 /* white on red */

static bool is_set_up, has_debugcon;
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

static void set_up(void)
{
    out8(COM1 + UART_IER, 0);
    out8(COM1 + UART_LCR, LCR_DLAB);
    out8(COM1 + UART_DLL, DIVISOR_115200);
    out8(COM1 + UART_DLM, 0);
    out8(COM1 + UART_LCR, LCR_8N1);
    out8(COM1 + UART_FCR, FCR_ENABLE_CLEAR);
    out8(COM1 + UART_MCR, MCR_DTR_RTS);
    is_set_up = true;
    has_debugcon = in8(DEBUGCON) == DEBUGCON;
}

static void send(char c)
{
    for (int i = 0; i < SEND_WAIT_READS && !(in8(COM1 + UART_LSR) & LSR_THRE); i++)
        ;
    out8(COM1 + UART_THR, (uint8_t)c);
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

void console_write(const char *text)
{
    if (!is_set_up)
        set_up();
    for (; *text; text++) {
        if (*text == '\n')
            send('\r');
        send(*text);
        if (has_debugcon)
            out8(DEBUGCON, (uint8_t)*text);
        draw(*text);
    }
}

void console_write_hex(uint64_t number)
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
    console_write(digit);
}

void fatal(const char *text)
{
    console_write(text);
    console_write("\n");
    for (;;)
        __asm__ volatile("cli; hlt");
}

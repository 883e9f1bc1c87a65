/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Port 0xE9, byte by byte. A newline is one byte: the hypervisor writes to a file or to its own terminal.
 */
#include <ashlar/dev/debugcon.h>
#include <ashlar/io.h>

#define DEBUGCON_PORT     0xe9
#define DEBUGCON_READBACK 0xe9

static uint8_t encode(char c)
{
    bool is_sent = (c >= 0x20 && c <= 0x7e) || c == '\n' || c == '\r' || c == '\b' || c == '\t';
    return (uint8_t)(c == '\f' ? '\n' : is_sent ? c : '?');
}

static void debugcon_write(struct console *console, const char *text, size_t length)
{
    (void)console;
    for (size_t i = 0; i < length; i++)
        io_out8(DEBUGCON_PORT, encode(text[i]));
}

status_t debugcon_init(struct debugcon *debugcon, bool is_forced)
{
    if (!is_forced && io_in8(DEBUGCON_PORT) != DEBUGCON_READBACK)
        return STATUS_NOT_FOUND;
    *debugcon = (struct debugcon){ .console = { .name = "debugcon", .write = debugcon_write } };
    return STATUS_OK;
}

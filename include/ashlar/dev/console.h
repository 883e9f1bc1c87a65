/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What a driver offers that shows text: one call. The log keeps the list of consoles
 * (kernel64/log/log.h); a driver only fills in this struct.
 *
 * Text is ASCII. '\n' starts a new line (a serial driver sends CR LF), '\r' goes to the first
 * column, '\b' one column left without erasing, '\t' to the next multiple of 8; '\f' clears a
 * screen and is a blank line on serial. Everything else below 0x20 and above 0x7e is shown as '?'.
 * There are no escape sequences, so that a log file stays plain.
 */
#include <ashlar/types.h>

struct console {
    const char *name; /* "serial", "vga", "fb": what console= names */

    /**
     * write() - show text.
     * @self:   this console.
     * @text:   @length bytes, need not end in NUL.
     *
     * Context: any, also a panic with other writers stopped half-way; must not lock, allocate
     * or wait without bound.
     */
    void (*write)(struct console *self, const char *text, size_t length);

    /**
     * settle() - no interrupt will come any more: what was written goes out now, and write() waits from now
     * on. NULL: a console whose write() always waits.
     *
     * Context: as write().
     */
    void (*settle)(struct console *self);

    /* Of its screen; 0: not known, as of a terminal behind a serial port. */
    uint16_t rows, columns;

    struct console *next; /* for the log's list; NULL before registration */
};

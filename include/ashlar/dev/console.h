/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interface of an output device's driver: one call. The log keeps the list of consoles
 * (kernel64/log/log.h); a driver fills in this struct.
 *
 * Text is ASCII. '\n' starts a new line (a serial driver sends CR LF), '\r' goes to the first
 * column, '\b' one column left without erasing, '\t' to the next multiple of 8; '\f' clears a
 * screen and is a blank line on serial. Everything else below 0x20 and above 0x7e is shown as '?'.
 * There are no escape sequences in it, so that a log file stays plain: how text looks is said beside it, by
 * a style.
 */
#include <ashlar/types.h>

/* How text looks on a console that has colours. A style adds nothing that the text does not say. */
enum text_style { STYLE_PLAIN, STYLE_HEADLINE, STYLE_PROMPT, STYLE_WARNING, STYLE_ERROR, TEXT_STYLES };

struct console {
    const char *name; /* "serial", "vga", "fb", as in console= */

    /**
     * write() - output text.
     * @self:   this console.
     * @text:   @length bytes, need not end in NUL.
     *
     * Context: any, also a panic with other writers stopped half-way; must not allocate, nor wait for a lock
     * or a device without bound.
     */
    void (*write)(struct console *self, const char *text, size_t length);

    /**
     * settle() - send all queued output now, and make write() synchronous from now on, because no interrupt
     * will follow. NULL: a console whose write() always is.
     *
     * Context: as write().
     */
    void (*settle)(struct console *self);

    /* Of its screen; 0: unknown, as for a terminal at a serial port. */
    uint16_t rows, columns;

    /* Its text is seen and not stored: a log line may be in colour. Constant. */
    bool is_screen;
    /* A terminal that has shown that it knows escape sequences, by sending one: output of the monitor may be
       in colour. Set by the driver, at any time. */
    bool is_terminal;
    /* A key has arrived from its other end. Set by the driver, at any time. */
    bool is_typed_at;

    uint8_t style; /* of the text that write() is given: one of enum text_style, written before each call */

    struct console *next; /* for the log's list; NULL before registration */
};

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The parser of console=. Pure, hosted-tested; consoles.c starts the consoles.
 *
 *     console=NAME[,NAME]...       NAME: serial[:PORT[:BAUD]]   vga   fb   debugcon
 *
 * PORT is com1 to com4 or a number, BAUD a number; either may be left out (serial::9600).
 */
#include <ashlar/status.h>

enum console_kind { CONSOLE_SERIAL, CONSOLE_VGA, CONSOLE_FRAMEBUFFER, CONSOLE_DEBUGCON, CONSOLE_KINDS };

struct console_choice {
    enum console_kind kind;
    uint16_t port;    /* CONSOLE_SERIAL: first I/O port */
    uint32_t baud;    /* CONSOLE_SERIAL: for uart16550_init(), which checks it */
    const char *word; /* this choice's text in the option, for messages */
    size_t word_length;
};

/**
 * console_option_next() - get the next console of the option.
 * @option: the value of console=, NUL-terminated.
 * @cursor: 0 to begin with; opaque afterwards.
 * @choice: filled in; when STATUS_INVALID, only the word.
 *
 * An empty word (as in "serial,,vga") is skipped.
 * Return: STATUS_OK; STATUS_INVALID for a word that is not a console, after which the caller may continue;
 *         STATUS_NOT_FOUND at the end.
 */
status_t console_option_next(const char *option, size_t *cursor, struct console_choice *choice) MUST_CHECK;

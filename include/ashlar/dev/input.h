/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The interface of an input device's driver. A key is one int: an ASCII character (Enter is '\r', Backspace
 * '\b', Tab '\t', Ctrl-A to Ctrl-Z 1 to 26), or one of enum key. Drivers deliver keys; the monitor interprets
 * them.
 */
#include <ashlar/types.h>

enum key {
    KEY_NONE = -1, /* nothing typed */
    KEY_UP = 0x100,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_HOME,
    KEY_END,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_INSERT,
    KEY_DELETE,
    KEY_RESTART,     /* Ctrl-Alt-Del */
    KEY_SCROLL_UP,   /* Shift-Page Up, of a keyboard beside a screen */
    KEY_SCROLL_DOWN, /* Shift-Page Down */
};

struct input {
    const char *name; /* "serial", "ps2" */

    /**
     * poll() - the next key, if there is one.
     * @self: this input.
     *
     * Return: a key, or KEY_NONE. Does not wait.
     * Context: thread, interrupts on or off, one caller at a time.
     */
    int (*poll)(struct input *self);

    bool interrupts; /* each key raises an interrupt, so poll() is needed only after one */

    struct input *next; /* for console/inputs.c; NULL before registration */
};

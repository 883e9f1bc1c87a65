/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The keys of all inputs, for the prompt, the pager and commands.
 *
 * Keys typed while a command runs are kept, and go to the next prompt, in order and whole: neither the pager
 * nor a command takes them. Ctrl-C, typed then, stops the command, and drops what was typed before it, as a
 * terminal does. Shift-Page Up and Shift-Page Down scroll the screen, and Ctrl-Alt-Del restarts the machine,
 * at any of these calls.
 *
 * Context of all: the monitor's thread, interrupts on, no lock held: those that wait have CHECK_MAY_SLEEP().
 */
#include <ashlar/dev/input.h>

#define KEYS_AHEAD_MAX 1024 /* more stay in the devices, until the prompt */

/* Return: the next key, kept or new. Waits for it. */
int keys_wait(void);

/* Keeps the keys typed so far, and waits for the next one. Return: that one. */
int keys_wait_for_new(void);

/**
 * keys_wait_until() - wait for the next new key, for a command that runs until one is pressed.
 * @deadline_ns: of clock_now_ns().
 *
 * Return: a key; KEY_NONE at the deadline.
 */
int keys_wait_until(uint64_t deadline_ns);

/* Keeps the keys typed so far. Return: whether Ctrl-C is among them, which is not kept. */
bool keys_have_stop(void);

/**
 * keys_of_screen() - apply a key that scrolls the screen.
 * @key: any.
 *
 * Return: @key; KEY_NONE for one that was applied.
 * Context: also panic.
 */
int keys_of_screen(int key);

#define KEY_STOP 3 /* Ctrl-C */

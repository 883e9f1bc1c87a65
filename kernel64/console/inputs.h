/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The devices that a person types on, as one source of keys: the monitor reads from here.
 *
 * Context of all: thread or panic, one caller at a time, interrupts on or off.
 */
#include <ashlar/dev/input.h>

/**
 * inputs_add() - one more device to type on.
 * @input: filled in by its driver; stays for good.
 */
void inputs_add(struct input *input);

/**
 * inputs_poll() - the next key of any device.
 *
 * Return: a key; KEY_NONE when none was pressed. Never waits.
 */
int inputs_poll(void);

/**
 * inputs_all_interrupt() - whether each device raises an interrupt for a key, so that a CPU that waits for
 * one may halt.
 */
bool inputs_all_interrupt(void);

/**
 * inputs_poll_devices() - from now on inputs_poll() looks at the devices themselves: no interrupt comes any
 *                         more.
 */
void inputs_poll_devices(void);

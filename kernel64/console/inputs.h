/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The input devices as one source of keys, from which the monitor reads.
 *
 * Context of all: thread or panic, one caller at a time, interrupts on or off.
 */
#include <ashlar/dev/input.h>

/**
 * inputs_add() - add an input device.
 * @input: filled in by its driver; must persist.
 */
void inputs_add(struct input *input);

/**
 * inputs_poll() - get the next key of any device.
 *
 * Return: a key; KEY_NONE when there is none. Does not wait.
 */
int inputs_poll(void);

/**
 * inputs_all_interrupt() - whether every device raises interrupts, so that a CPU may halt until the next key.
 */
bool inputs_all_interrupt(void);

/**
 * inputs_poll_devices() - make inputs_poll() poll the devices: no more interrupts arrive.
 */
void inputs_poll_devices(void);

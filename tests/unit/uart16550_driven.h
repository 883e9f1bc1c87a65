/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The driver with interrupts, on the model of uart16550_model.h. Only an edge of the device's line calls
 * the handler, so a lost edge leaves text pending, which the test detects.
 */
#include <uart16550_model.h>

#include <seed.h>

#define TEXT_MAX 60000
#define ROUNDS   400 /* of random events, each on a UART of another kind */

/* Return: whether there was an edge to deliver. */
bool deliver(void);

/* Until the device is idle: the transmitter sends its bytes, and interrupts arrive. */
void run_on(void);

/* Initialises the driver and has it use interrupts. */
void start(void);

/* Return: a key, or KEY_NONE. */
int poll_key(void);

void expect_sender_is_quiet(void);

/* ---- what a test writes ---- */

extern char text[TEXT_MAX + 1];
extern size_t text_length;

/* @length bytes of a sequence, so that lost and reordered bytes can be detected. */
void write_some(size_t length);
void clear_text(void);
void expect_all_sent(void);

/* ---- random events ---- */

/* Plugs in one of the kinds of UART that there are, and starts the driver. */
void plug_in_any(void **state);

/* One event: text, a byte sent, an interrupt. */
void happen(void);

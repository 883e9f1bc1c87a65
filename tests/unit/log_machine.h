/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An imitated machine for the log: the test is the clock, the CPUs, the interrupts and the consoles. The
 * log cannot be reset, so each test silences the consoles of earlier tests and checks only its own lines.
 */
#include <ashlar/sync/spinlock.h>
#include <lib/machine_ops.h>
#include <log/log.h>
#include <log/output.h>
#include <log/print.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

extern void (*between)(void);          /* runs where interrupts are enabled again, as an interrupt would */
extern uint64_t now, step;             /* the clock, and its advance at each reading */
extern unsigned int looks;             /* at the clock */
extern _Thread_local unsigned int cpu; /* whose number the log uses */
extern bool threads;                   /* several CPUs: no @between, and the clock is the TSC */

/* A console that keeps what it is shown. */
struct fake {
    struct console console;
    char text[1 << 19];
    size_t length;
    bool saw_irqs_enabled;
    unsigned int settles;
    uint8_t style;        /* of the last write */
    void (*inside)(void); /* runs inside write(), once: as an NMI would */
};

struct fake *attach(const char *name);

/* The same with a screen of @columns; no row of it is counted. */
struct fake *attach_screen(const char *name, uint16_t columns);

/* A settle() for a console of attach(): counts in @settles. */
void count_settle(struct console *self);

/* Forgets what the console was shown. */
void clear(struct fake *fake);

/* Return: how often @what is in what the console was shown. */
unsigned int shown(const struct fake *fake, const char *what);

/* Fails the test if a time stamp in @text, which is whole lines, is before the one above it. Return: their
 * number. */
unsigned int check_stamps(const char *text);

/* For log_set_clock(): nanoseconds of ticks. */
uint64_t times_three(uint64_t ticks);

/* Set-up of a cmocka test. */
int begin(void **state);

#define TEST(claim) cmocka_unit_test_setup(claim, begin)

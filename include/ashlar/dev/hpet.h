/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A block of high precision event timers: its main counter, and one of its comparators as an alarm.
 *
 * Not for finding it: the HPET table says where it is. Not for legacy replacement, in which comparators take
 * the place of the PIT and the RTC: it is switched off, so that both are what they seem.
 * Source: IA-PC HPET Specification 1.0a, chapter 2; sections are named in hpet.c.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>

#define HPET_BLOCK_BYTES 1024

struct hpet {
    struct clock_counter counter;
    struct clock_alarm alarm; /* after hpet_use_comparator() */
    uint8_t *registers;
    uint8_t comparators; /* 1 .. 32 */
    uint8_t used;        /* the alarm's */
    bool is_armed;
};

/**
 * hpet_init() - let the main counter run, and silence everything else.
 * @hpet:      filled in, without an alarm; not to be moved.
 * @registers: HPET_BLOCK_BYTES, mapped uncached.
 *
 * The count goes on where firmware left it.
 * Return: STATUS_OK; STATUS_MALFORMED when the capability register is none (nothing was written then);
 *         STATUS_NOT_FOUND when it does not count.
 * Context: any; nobody else uses the block. Bounded: a dozen accesses, 1000 where it does not count.
 */
status_t hpet_init(struct hpet *hpet, void *registers) MUST_CHECK;

/* Return: what comparator @n can raise: bit i is I/O APIC input i, counted over all I/O APICs; 0 for one not
   there. */
uint32_t hpet_routes(const struct hpet *hpet, unsigned int n);

/**
 * hpet_use_comparator() - make comparator @n the alarm: one-shot, edge triggered, 32 bits.
 * @gsi: one of hpet_routes(hpet, @n).
 *
 * The interrupt may also come when it was not asked for, and who uses it asks a clock what is due. A
 * comparator matches again each time the 32 bits come round, until it is armed anew or disarmed; one armed
 * for a short delay may interrupt twice; and QEMU and VirtualBox interrupt also when the 32 bits wrap before
 * the alarm is due.
 * Return: STATUS_OK; STATUS_INVALID for a comparator that is not there; STATUS_UNSUPPORTED when it cannot
 * raise @gsi.
 * Context: interrupts off, one caller at a time, nothing armed that is still wanted.
 */
status_t hpet_use_comparator(struct hpet *hpet, unsigned int n, uint32_t gsi) MUST_CHECK;

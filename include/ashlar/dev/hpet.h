/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A block of high precision event timers: its main counter, and one of its comparators as a clockevent
 * device.
 *
 * Not for finding it: the HPET table has its address. Not for legacy replacement, in which comparators raise
 * the interrupts of the PIT and the RTC: it is disabled.
 * Source: IA-PC HPET Specification 1.0a, chapter 2. Sections are named in hpet.c.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>

#define HPET_BLOCK_BYTES 1024

struct hpet {
    struct clock_counter counter;
    struct clockevent_device clockevent; /* after hpet_use_comparator() */
    uint8_t *registers;
    uint8_t comparators; /* 1 .. 32 */
    uint8_t used;        /* the comparator in use */
    bool is_armed;
};

/**
 * hpet_init() - enable the main counter, and disable all comparators.
 * @hpet:      filled in, without a clockevent device; must not move.
 * @registers: HPET_BLOCK_BYTES, mapped uncached.
 *
 * The count continues from firmware's value.
 * Return: STATUS_OK; STATUS_MALFORMED when GCAP_ID is invalid (nothing was written then); STATUS_NOT_FOUND
 *         when the counter does not advance.
 * Context: any; no concurrent access to the block. Bounded: a dozen accesses, 1000 where it does not count.
 */
status_t hpet_init(struct hpet *hpet, void *registers) MUST_CHECK;

/* Return: the GSIs that comparator @n can raise (Tn_INT_ROUTE_CAP): bit i is GSI i; 0 for a comparator that
   does not exist. Context: any. */
uint32_t hpet_routes(const struct hpet *hpet, unsigned int n);

/**
 * hpet_use_comparator() - make comparator @n the clockevent device: one-shot, edge triggered, 32 bits.
 * @n:   0 .. comparators - 1.
 * @gsi: one of hpet_routes(hpet, @n).
 *
 * The interrupt may also be early, so the handler must read a clock to find out which timers have expired. A
 * comparator matches again each time the 32 bits wrap, until it is armed again or disarmed; one armed for a
 * short delay may interrupt twice; and QEMU and VirtualBox interrupt also when the 32 bits wrap before the
 * programmed time.
 * Return: STATUS_OK; STATUS_INVALID for a comparator that does not exist; STATUS_UNSUPPORTED when it cannot
 *         raise @gsi.
 * Context: interrupts off, one caller at a time. An armed interrupt is lost.
 */
status_t hpet_use_comparator(struct hpet *hpet, unsigned int n, uint32_t gsi) MUST_CHECK;

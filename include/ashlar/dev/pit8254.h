/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The PC's interval timer (8254, PIT): a counter on channel 2, a clockevent device on channel 0 (ISA
 * interrupt 0).
 *
 * Not for the speaker, which is wired to channel 2 and stays off. There is one PIT, at fixed ports, or none.
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>
#include <ashlar/sync/spinlock.h>

/* 14.31818 MHz, the colour carrier's crystal, divided by 12. */
#define PIT8254_HZ 1193182u

struct pit8254 {
    struct clock_counter counter; /* 16 bits: wraps every 54.9 ms */
    struct clockevent_device clockevent;
    uint8_t nmi_sc_found; /* gate and speaker as pit8254_init() found them; constant */

    struct spinlock lock;
    /* guarded by lock: the ports of the chip, because a read of a count takes three accesses. */
};

/**
 * pit8254_init() - probe the PIT, stop the tick that firmware left on channel 0, start channel 2.
 * @pit: filled in; must not move.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when channel 2 does not count: port 0x61 is then restored.
 * Context: any; no concurrent access to ports 0x40 to 0x43. Bounded: 1000 reads where there is no PIT.
 * Source: Intel 8254 data sheet, "Programming the 8254", "Mode 0", "Counter Latch Command"; Intel
 *         ICH9 data sheet, "NMI_SC - NMI Status and Control Register" for port 0x61.
 */
status_t pit8254_init(struct pit8254 *pit) MUST_CHECK;

/**
 * pit8254_stop() - disarm the clockevent device and restore the gate and the speaker. The counter may stop.
 *
 * Context: any. Takes the PIT's lock.
 */
void pit8254_stop(struct pit8254 *pit);

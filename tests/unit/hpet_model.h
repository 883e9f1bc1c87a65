/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A model of a timer block, for tests of its driver. The count advances with each access; a comparator
 * interrupts when the count equals its value, and only then.
 */
#include <ashlar/dev/hpet.h>
#include <ashlar/types.h>

#define RESERVED                                                                                             \
    0x0081u /* bits of a comparator's configuration that firmware has set, and that must stay                \
             */

struct comparator {
    uint32_t config, routes, value;
    uint32_t written;     /* becomes the value after settling */
    unsigned int settles; /* in so many ticks; 0: has settled */
    uint32_t broken_routes;
};

struct hpet_model {
    uint32_t capabilities, period;
    uint32_t config, status;
    uint64_t ticks;
    struct comparator comparator[32];

    unsigned int ticks_per_access, accesses_per_tick;
    unsigned int settle_ticks;
    uint64_t delay_once; /* ticks that pass at the first write of a value: an SMI */
    bool is_stuck;

    unsigned int accesses, interrupts;
    uint64_t first_interrupt;
    const struct comparator *interrupted; /* the last one that interrupted */
    uint32_t status_written;
};

extern struct hpet_model device;

/* The driver's state: the counter and the clockevent device under test. */
extern struct hpet hpet;

/* Where the registers are. The model handles each access to them; the content of the array has no meaning. */
extern uint8_t hpet_block[HPET_BLOCK_BYTES];

/* Lets @ticks pass without an access, while the counter runs. */
void pass(uint64_t ticks);

/* Set-up of a cmocka test: three comparators, as on most machines, in the state of a firmware that used them
 * all. */
int plug_in(void **state);

/* hpet_init(), which must succeed. */
void init(void);

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An MC146818 for tests of its driver: time passes with each access, and an update shows garbage.
 */
#include <ashlar/types.h>

#define CENTURY 0x32 /* index of the register that holds it, where there is one */

struct rtc_model {
    bool is_present;
    uint8_t format; /* register B */
    bool has_century;
    uint8_t century_kept; /* shown instead of the true one, if not 0 */

    uint64_t seconds;      /* since 1970 */
    uint64_t microseconds; /* in this second; the update is at its end */
    uint64_t us_per_access;
    uint64_t seconds_per_access; /* a broken chip */
    bool announces_nothing, announces_always, shows_garbage;
    bool has_lost_power; /* until register D is read */

    uint8_t index;
    bool is_index_open; /* written, and no access to the data since */
    unsigned int accesses, masked_nmis;
};

extern struct rtc_model device;

/* Set-up of a cmocka test: a sound chip at 2024-02-29, BCD and 24 hours, that has a century. */
int plug_in(void **state);

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

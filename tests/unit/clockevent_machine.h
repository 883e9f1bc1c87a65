/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The machine for tests of the clockevent, but for what they watch, which is the local APICs' timers and
 * IPIs: xAPIC mode, deadline timers, no other timer, and a clock that stands still.
 */
#include <ashlar/types.h>

/* Whether the clocksource is the TSC. A test may write it at any time. */
extern bool is_tsc;

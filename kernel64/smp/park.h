/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Parking: the wait of a CPU that was taken offline, or that arrived after it was given up.
 */
#include <smp/ap.h>

/**
 * cpu_park() - halt this CPU until INIT starts it anew.
 * @ap: this CPU, which is not online.
 *
 * Context: interrupts off, its local APIC set up.
 */
NORETURN void cpu_park(struct ap *ap);

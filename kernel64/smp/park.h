/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where a CPU waits that is not online: one that was taken offline, and one that came too late.
 */
#include <smp/ap.h>

/**
 * cpu_park() - halt this CPU until INIT starts it anew.
 * @ap: this CPU, which is not online.
 *
 * Context: interrupts off, its local APIC set up.
 */
NORETURN void cpu_park(struct ap *ap);

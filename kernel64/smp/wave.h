/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A wave: CPUs that are started together, through one trampoline.
 */
#include <smp/ap.h>
#include <smp/trampoline.h>

struct wave {
    struct trampoline tables;
    struct ap *first;   /* in the order of the list */
    unsigned int count; /* CPUs from @first on; at most one for each slot */
};

/**
 * wave_start() - start the CPUs of a wave, and wait until each is online or is given up.
 * @wave: with a trampoline that trampoline_make() has filled in. Its CPUs are prepared, at AP_STAGE_NONE, and
 *        AP_EXPECTED to arrive.
 *
 * A wave ends when all are online, or SMP_TIMEOUT_NS after the last progress of any. Each CPU that is given
 * up is logged.
 *
 * Return: whether all are online. Otherwise the trampoline must not be freed: it parks a CPU that turns up
 *         later.
 * Context: BSP's thread, interrupts on. Sleeps; holds back the freeing of page tables, which a starting CPU
 * may read before shootdowns reach it.
 */
bool wave_start(struct wave *wave);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The debug port of virtual machines as a console: each byte written to I/O port 0xE9 is shown by the
 * hypervisor.
 *
 * QEMU has it with -debugcon FILE (isa-debugcon), Bochs with port_e9_hack, and both read back as 0xE9. Xen
 * has it for HVM guests, for output only. Output needs no setup, no memory and no wait, so it is the earliest
 * console.
 */
#include <ashlar/dev/console.h>
#include <ashlar/status.h>

struct debugcon {
    struct console console;
};

/**
 * debugcon_init() - the debug port as a console.
 * @debugcon:  filled in; its console may then be registered.
 * @is_forced: do not probe, because the user has requested it; needed on Xen, where the port cannot be read.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when the port does not read back as 0xE9: nothing was written then.
 * Context: any.
 * Source: QEMU, hw/char/debugcon.c, property "readback"; Bochs manual, "port_e9_hack"; Xen, HVM_DEBUG
 *         "port 0xe9".
 */
status_t debugcon_init(struct debugcon *debugcon, bool is_forced) MUST_CHECK;

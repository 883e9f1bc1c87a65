/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * pvpanic: one I/O port by which a virtual machine reports its panic to the host. QEMU then emits the event
 * GUEST_PANICKED and does what -action panic= says; libvirt has it as <on_crash>.
 *
 * Its variant on PCI is not supported yet.
 *
 * Source of all: QEMU, docs/specs/pvpanic, "ISA Interface".
 */
#include <ashlar/status.h>

#define PVPANIC_PORT 0x505 /* QEMU's default */

struct pvpanic {
    uint16_t port;
    uint8_t events; /* PVPANIC_..., of those that the device recognises */
};

#define PVPANIC_PANICKED     0x01 /* the host processes the panic */
#define PVPANIC_CRASH_LOADED 0x02 /* the guest processes it itself: the host only records it */
#define PVPANIC_SHUTDOWN     0x04 /* an ordinary power-off */

/**
 * pvpanic_init() - read which events the device recognises.
 * @pvpanic: filled in on success.
 * @port:    of the device, as firmware names it, or PVPANIC_PORT; only in a virtual machine: on other
 *           machines the port may belong to any device.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when the port has no device (all bits set) or one that does not
 *         recognise PVPANIC_PANICKED. Nothing is written.
 * Context: any.
 */
status_t pvpanic_init(struct pvpanic *pvpanic, uint16_t port) MUST_CHECK;

/**
 * pvpanic_report_panic() - report that this machine has panicked.
 * @pvpanic: from pvpanic_init().
 *
 * The host may stop the machine at once, so everything else has been said before.
 * Context: any, also NMI and panic. One write.
 */
void pvpanic_report_panic(const struct pvpanic *pvpanic);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The pvpanic device of this virtual machine, registered among the notifiers of power/notifier.h. Private to
 * platform/.
 */
#include <platform/tables.h>

/**
 * platform_pvpanic_init() - find the device, and report panics through it from then on.
 * @firmware: its tables, as far as they are readable.
 * @platform: after platform_read_fadt().
 *
 * The device is the one in ACPI's tables; in a virtual machine without a FADT, that of the default port. Only
 * under a hypervisor, because elsewhere the port may belong to another device. Does nothing once the device
 * is found, so it may be called again when more tables are readable.
 * Context: BSP, boot.
 */
void platform_pvpanic_init(const struct platform_firmware *firmware, const struct platform *platform);

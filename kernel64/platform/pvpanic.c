/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pvpanic: where it is, and the notifier that writes to it.
 *
 * QEMU stops the machine at the write, unless -action panic= says otherwise. So the notifier is the last one,
 * and waits until the consoles have sent the report.
 */
#include <platform/pvpanic.h>

#include <acpi/pvpanic.h>
#include <ashlar/dev/pvpanic.h>
#include <cpu/features.h>
#include <log/log.h>
#include <power/exit.h>
#include <power/notifier.h>

static struct pvpanic device;

static void notify(struct power_notifier *notifier, enum power_event event)
{
    (void)notifier;
    if (event != POWER_PANIC)
        return;
    power_settle();
    pvpanic_report_panic(&device);
}

static struct power_notifier notifier = { .name = "pvpanic", .priority = 0, .notify = notify };

static bool find_port(const struct platform_firmware *firmware, uint16_t *port)
{
    static const char *const kinds[] = { "DSDT", "SSDT" };
    const void *bytes;
    size_t size_bytes;
    for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++)
        for (size_t i = 0; (bytes = firmware->find(kinds[kind], i, &size_bytes)) != NULL; i++)
            if (acpi_find_pvpanic(bytes, size_bytes, port))
                return true;
    return false;
}

void platform_pvpanic_init(const struct platform_firmware *firmware, const struct platform *platform)
{
    uint16_t port = PVPANIC_PORT;
    if (device.port != 0 || !cpu_has(CPU_FEATURE_HYPERVISOR))
        return;
    if (!find_port(firmware, &port) && platform->has_fadt)
        return;
    if (pvpanic_init(&device, port) != STATUS_OK)
        return;
    power_notifier_add(&notifier);
    log_info("pvpanic", "panics are reported to the host: port %#x, events %#x", device.port, device.events);
}

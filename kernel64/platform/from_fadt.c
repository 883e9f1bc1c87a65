/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the FADT describes: PM timer, RTC, the registers of power-off and reset. Power-off also needs the
 * sleep types of \_S5_, which is in AML.
 */
#include <platform/tables.h>

#include <acpi/power.h>
#include <ashlar/fmt/acpi.h>

/* It is nearly always in the DSDT; some machines have it in an SSDT. */
static void find_s5(const struct platform_firmware *firmware, struct acpi_power *power)
{
    static const char *const kinds[] = { "DSDT", "SSDT", "PSDT" };
    const void *bytes;
    size_t size_bytes;
    for (size_t kind = 0; kind < ARRAY_LEN(kinds); kind++)
        for (size_t i = 0; (bytes = firmware->find(kinds[kind], i, &size_bytes)) != NULL; i++)
            if (acpi_decode_s5(bytes, size_bytes, power))
                return;
}

static void copy_s5(const struct acpi_power *from, struct acpi_power *to)
{
    to->sleep_type_a = from->sleep_type_a;
    to->sleep_type_b = from->sleep_type_b;
    to->has_sleep_types = true;
}

void platform_read_fadt(const struct platform_firmware *firmware, struct platform *platform)
{
    struct fadt fadt;
    struct fadt_pm_timer timer;
    size_t size_bytes;
    const void *data = firmware->find("FACP", 0, &size_bytes);
    platform->has_fadt = data && fadt_parse(data, size_bytes, &fadt) == STATUS_OK;
    if (!platform->has_fadt) {
        platform->power = (struct acpi_power){ 0 };
        return;
    }
    platform->has_rtc = (fadt.boot_flags & ACPI_BOOT_FLAG_NO_CMOS_RTC) == 0;
    platform->rtc_century = fadt.century;
    if (fadt_pm_timer(&fadt, &timer))
        platform->pm_timer = (struct platform_pm_timer){ timer.address, timer.port, timer.bits };
    struct acpi_power earlier = platform->power;
    acpi_decode_power(&fadt, &platform->power);
    if (earlier.has_sleep_types)
        copy_s5(&earlier, &platform->power);
    else
        find_s5(firmware, &platform->power);
}

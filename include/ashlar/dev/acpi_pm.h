/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The ACPI power management timer: a counter at a port or in memory. Its overflow interrupt is not used.
 *
 * Not for finding it: the FADT has its address and width.
 * Source: ACPI Specification 6.5, "Power Management Timer" (4.8.2.1) and "PM Timer (PM_TMR)" (4.8.3.3).
 */
#include <ashlar/dev/clock.h>
#include <ashlar/status.h>

#define ACPI_PM_HZ 3579545u

struct acpi_pm {
    struct clock_counter counter;
    uint16_t port;            /* when reg is NULL */
    const volatile void *reg; /* 32 bits, mapped */
    bool is_distrusted;       /* each read is checked against the ones before and after it */
};

/**
 * acpi_pm_init_port(), acpi_pm_init_memory() - probe a PM timer.
 * @pm:   filled in; must not move.
 * @port: of a 32-bit register.
 * @reg:  the same, mapped uncached; aligned to 4.
 * @bits: its width, 24 or 32. A timer of 32 bits can be used as one of 24.
 *
 * Return: STATUS_OK; STATUS_INVALID for another width; STATUS_NOT_FOUND when it does not count.
 * Context: any. Bounded: some 30 reads, 1000 where it does not count, of about 1 us each on a PC and up to
 * 35 us in a hypervisor.
 */
status_t acpi_pm_init_port(struct acpi_pm *pm, uint16_t port, uint8_t bits) MUST_CHECK;
status_t acpi_pm_init_memory(struct acpi_pm *pm, const volatile void *reg, uint8_t bits) MUST_CHECK;

/**
 * acpi_pm_distrust() - from now on, tolerate a chip that changes its count while it is read.
 *
 * For a caller that knows the chip; acpi_pm_init_port() and acpi_pm_init_memory() call it when they see the
 * fault.
 * Context: any; not concurrently with a read of the counter.
 * Cost: three accesses a read instead of one, some more when one of them was wrong.
 */
void acpi_pm_distrust(struct acpi_pm *pm);

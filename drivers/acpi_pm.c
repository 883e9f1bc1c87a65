/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI PM timer.
 *
 * Some early chips do not latch the count for a read, and a read that coincides with a carry returns some
 * bits of the count before it and some of the one after it (Intel PIIX4 specification update, "ACPI Timer
 * Errata": 4.2 % of all reads are at risk). The first ICH4 and the ServerWorks LE are reported to do it too.
 * None of them was sold with a 64-bit processor, and all later chips read correctly, virtual PIIX4s as well,
 * where each access is a VM exit. So a read is one access, unless the timer has been seen to go backwards.
 *
 * A backward step is the only symptom: a wrong value that is too low is less than the one before it, and one
 * that is too high is greater than the one after it. A forward step may be of any length, because an SMI or a
 * hypervisor can come between two accesses. A distrusted timer is read until three accesses in a row go
 * forward, and the middle one is used: it is between the other two. The erratum's workaround, to read twice
 * and compare, does not tell which one is wrong.
 */
#include <ashlar/dev/acpi_pm.h>

#include <ashlar/bits.h>
#include <ashlar/io.h>

/* A tick is 0.28 us, an access as much or more on a PC, and a tenth of it in an emulator that counts
   instructions. */
#define FIND_READINGS  1000
#define FIND_CHANGES   3
#define TRUST_READINGS 32 /* at least, to see a backward step, which at 1 or 2 in 100 is an even chance */

/* A longer run of wrong values is not the erratum, and more accesses would not help. */
#define MAX_ACCESSES 16

static uint64_t access_timer(const struct acpi_pm *pm)
{
    uint32_t raw = pm->reg ? mmio_read32(pm->reg) : io_in32(pm->port);
    /* The upper 8 bits of a 24-bit timer are reserved. */
    return raw & (BIT(pm->counter.bits) - 1);
}

/* Return: whether @to is @from or later, by less than half of the counter's range. */
static bool is_forward(const struct acpi_pm *pm, uint64_t from, uint64_t to)
{
    return ((to - from) & BIT(pm->counter.bits - 1)) == 0;
}

static uint64_t read_trusted(struct clock_counter *counter)
{
    return access_timer(container_of(counter, struct acpi_pm, counter));
}

static uint64_t read_distrusted(struct clock_counter *counter)
{
    const struct acpi_pm *pm = container_of(counter, struct acpi_pm, counter);
    uint64_t first, middle = access_timer(pm), last = access_timer(pm);
    unsigned int accesses = 2;
    do {
        first = middle;
        middle = last;
        last = access_timer(pm);
        accesses++;
    } while (accesses < MAX_ACCESSES && !(is_forward(pm, first, middle) && is_forward(pm, middle, last)));
    return middle;
}

void acpi_pm_distrust(struct acpi_pm *pm)
{
    pm->is_distrusted = true;
    pm->counter.read = read_distrusted;
}

/* Return: whether it counts. Distrusts it when it went backwards meanwhile. */
static bool pm_counts(struct acpi_pm *pm)
{
    bool went_back = false;
    unsigned int changes = 0;
    uint64_t before = access_timer(pm);
    for (unsigned int i = 0; i < FIND_READINGS && (i < TRUST_READINGS || changes < FIND_CHANGES); i++) {
        uint64_t now = access_timer(pm);
        changes += now != before;
        went_back = went_back || !is_forward(pm, before, now);
        before = now;
    }
    if (went_back)
        acpi_pm_distrust(pm);
    return changes >= FIND_CHANGES;
}

static status_t pm_init(struct acpi_pm *pm, const volatile void *reg, uint16_t port, uint8_t bits)
{
    if (bits != 24 && bits != 32)
        return STATUS_INVALID;
    *pm = (struct acpi_pm){
        .counter = { .name = "pm-timer", .rate_hz = ACPI_PM_HZ, .bits = bits, .read = read_trusted },
        .reg = reg,
        .port = port,
    };
    return pm_counts(pm) ? STATUS_OK : STATUS_NOT_FOUND;
}

status_t acpi_pm_init_port(struct acpi_pm *pm, uint16_t port, uint8_t bits)
{
    return pm_init(pm, NULL, port, bits);
}

status_t acpi_pm_init_memory(struct acpi_pm *pm, const volatile void *reg, uint8_t bits)
{
    return pm_init(pm, reg, 0, bits);
}

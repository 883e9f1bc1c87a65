/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * I/O APIC: IOREGSEL selects a register that IOWIN accesses, and each pin has a redirection entry of 64 bits.
 *
 * An entry is written in two halves and takes effect at once, so it is masked while it changes: first the
 * lower half with the mask bit, then the upper half, then the lower half with its final value. The
 * destination is a physical APIC id of 8 bits, of which 255 is broadcast; CPUs with larger ids need interrupt
 * remapping, which Ashlar does not program.
 *
 * The EOI of a level-triggered interrupt reaches the chip as the LAPIC's EOI broadcast, so there is no eoi().
 */
#include <ashlar/dev/ioapic.h>

#include <ashlar/io.h>

#define IOREGSEL 0x00
#define IOWIN    0x10

#define IOAPICID  0x00
#define IOAPICVER 0x01
#define IOREDTBL  0x10 /* two registers a pin */

/* Read only. */
#define IN_FLIGHT (IOAPIC_ENTRY_DELIVS | IOAPIC_ENTRY_REMOTE_IRR)

#define ALL_ONES        0xffffffffu
#define MAX_DESTINATION 254

static uint32_t read_register(struct ioapic *ioapic, uint32_t index)
{
    mmio_write32(ioapic->registers + IOREGSEL, index);
    return mmio_read32(ioapic->registers + IOWIN);
}

static void write_register(struct ioapic *ioapic, uint32_t index, uint32_t value)
{
    mmio_write32(ioapic->registers + IOREGSEL, index);
    mmio_write32(ioapic->registers + IOWIN, value);
}

static struct ioapic *ioapic_of(struct irq_chip *chip)
{
    return container_of(chip, struct ioapic, chip);
}

static uint32_t pins_of(uint32_t version)
{
    return (version >> 16 & 0xff) + 1;
}

/**
 * probe() - whether an I/O APIC answers.
 * @version: receives IOAPICVER.
 *
 * The probe writes IOREGSEL, so that is read first and restored where it does not behave as an index. Memory
 * is told apart by reading the same word for IOAPICID and IOAPICVER; of IOAPICID only bits 24 to 27 are used.
 */
static bool probe(struct ioapic *ioapic, uint32_t *version)
{
    uint32_t index = mmio_read32(ioapic->registers + IOREGSEL);
    if (index == ALL_ONES)
        return false;
    *version = read_register(ioapic, IOAPICVER);
    bool is_index = (mmio_read32(ioapic->registers + IOREGSEL) & 0xff) == IOAPICVER;
    if (is_index && *version != ALL_ONES && *version != 0 && pins_of(*version) <= IOAPIC_MAX_PINS &&
        read_register(ioapic, IOAPICID) != *version)
        return true;
    mmio_write32(ioapic->registers + IOREGSEL, index);
    return false;
}

static uint32_t low_half(uint32_t pin)
{
    return IOREDTBL + 2 * pin;
}

static void write_entry(struct ioapic *ioapic, uint32_t pin, uint64_t entry)
{
    write_register(ioapic, low_half(pin), (uint32_t)(entry | IOAPIC_ENTRY_MASKED));
    write_register(ioapic, low_half(pin) + 1, (uint32_t)(entry >> 32));
    write_register(ioapic, low_half(pin), (uint32_t)entry);
}

/* A pin that firmware has routed as an SMI belongs to firmware. */
static bool is_smi(struct ioapic *ioapic, uint32_t pin)
{
    return (read_register(ioapic, low_half(pin)) & IOAPIC_ENTRY_DELMOD) == IOAPIC_ENTRY_DELMOD_SMI;
}

static status_t route(struct irq_chip *chip, uint32_t pin, const struct irq_route *route)
{
    struct ioapic *ioapic = ioapic_of(chip);
    uint64_t entry = (uint64_t)route->apic_id << IOAPIC_ENTRY_DEST_SHIFT | IOAPIC_ENTRY_MASKED;
    if (route->apic_id > MAX_DESTINATION)
        return STATUS_UNSUPPORTED;
    /* An NMI is always edge triggered; its vector is ignored. */
    entry |= route->is_nmi ? IOAPIC_ENTRY_DELMOD_NMI : route->vector;
    if (route->wiring.is_active_low)
        entry |= IOAPIC_ENTRY_INTPOL_LOW;
    if (route->wiring.is_level && !route->is_nmi)
        entry |= IOAPIC_ENTRY_TRIGGER_LEVEL;
    spin_lock(&ioapic->lock);
    bool is_ours = !is_smi(ioapic, pin);
    if (is_ours)
        write_entry(ioapic, pin, entry);
    spin_unlock(&ioapic->lock);
    return is_ours ? STATUS_OK : STATUS_BUSY;
}

static void change_mask(struct irq_chip *chip, uint32_t pin, bool is_masked)
{
    struct ioapic *ioapic = ioapic_of(chip);
    spin_lock(&ioapic->lock);
    uint64_t entry = read_register(ioapic, low_half(pin)) & ~(IOAPIC_ENTRY_MASKED | IN_FLIGHT);
    write_register(ioapic, low_half(pin), (uint32_t)(entry | (is_masked ? IOAPIC_ENTRY_MASKED : 0)));
    spin_unlock(&ioapic->lock);
}

static void mask(struct irq_chip *chip, uint32_t pin)
{
    change_mask(chip, pin, true);
}

static void unmask(struct irq_chip *chip, uint32_t pin)
{
    change_mask(chip, pin, false);
}

static bool is_in_flight(struct irq_chip *chip, uint32_t pin)
{
    return ioapic_read_entry(ioapic_of(chip), pin) & IN_FLIGHT;
}

status_t ioapic_init(struct ioapic *ioapic, volatile void *registers, uint32_t gsi_base)
{
    *ioapic = (struct ioapic){
        .chip = { .name = "ioapic",
                  .gsi_base = gsi_base,
                  .route = route,
                  .mask = mask,
                  .unmask = unmask,
                  .is_in_flight = is_in_flight },
        .registers = registers,
    };
    SPIN_INIT(&ioapic->lock, "ioapic", LOCK_IRQ_CHIP);
    uint32_t version;
    if (!probe(ioapic, &version))
        return STATUS_NOT_FOUND;
    uint32_t pins = pins_of(version);
    ioapic->version = (uint8_t)version;
    ioapic->chip.pin_count = pins;
    for (uint32_t pin = 0; pin < pins; pin++)
        if (!is_smi(ioapic, pin))
            write_entry(ioapic, pin, IOAPIC_ENTRY_MASKED);
    return STATUS_OK;
}

uint64_t ioapic_read_entry(struct ioapic *ioapic, uint32_t pin)
{
    spin_lock(&ioapic->lock);
    uint64_t entry = read_register(ioapic, low_half(pin)) | (uint64_t)read_register(ioapic, low_half(pin) + 1)
                                                                << 32;
    spin_unlock(&ioapic->lock);
    return entry;
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * An I/O APIC. A machine may have any number of them; IOAPICVER has the number of pins.
 *
 * Source: Intel 82093AA data sheet; Intel ICH9 data sheet, "I/O APIC Registers".
 */
#include <ashlar/addr.h>
#include <ashlar/dev/irqchip.h>
#include <ashlar/sync/spinlock.h>

#define IOAPIC_SIZE     32 /* bytes of registers: IOREGSEL and IOWIN */
#define IOAPIC_MAX_PINS 240

struct ioapic {
    struct irq_chip chip;
    phys_t address;    /* of the registers, and */
    uint8_t ioapic_id; /* its id, both as the MADT has them; filled in by the caller, for the monitor */
    uint8_t version;

    struct spinlock lock;
    /* guarded by lock: */
    volatile uint8_t *registers; /* IOREGSEL and IOWIN are used together */
};

/**
 * ioapic_init() - probe a chip and mask all its pins, except those that firmware has routed as SMIs.
 * @ioapic:    filled in; its chip may then be used.
 * @registers: mapped uncached, IOAPIC_SIZE bytes.
 * @gsi_base:  GSI of pin 0.
 *
 * Registers that do not behave like an I/O APIC's are left as they were. Routing a pin that is an SMI fails
 * with STATUS_BUSY.
 * Return: STATUS_OK; STATUS_NOT_FOUND when there is no I/O APIC.
 * Context: interrupts off.
 */
status_t ioapic_init(struct ioapic *ioapic, volatile void *registers, uint32_t gsi_base) MUST_CHECK;

/**
 * ioapic_read_entry() - a pin's redirection entry as the chip has it.
 * @pin: 0 .. pin_count - 1.
 *
 * Return: the entry, IOREDTBL.
 * Context: any but NMI. Takes the chip's lock.
 */
uint64_t ioapic_read_entry(struct ioapic *ioapic, uint32_t pin);

#define IOAPIC_ENTRY_INTVEC        0xffULL
#define IOAPIC_ENTRY_DELMOD_SMI    0x200ULL
#define IOAPIC_ENTRY_DELMOD_NMI    0x400ULL
#define IOAPIC_ENTRY_DELMOD        0x700ULL
#define IOAPIC_ENTRY_DELIVS        0x1000ULL /* sent and not accepted yet; read only */
#define IOAPIC_ENTRY_INTPOL_LOW    0x2000ULL
#define IOAPIC_ENTRY_REMOTE_IRR    0x4000ULL /* level: accepted, EOI not received yet; read only */
#define IOAPIC_ENTRY_TRIGGER_LEVEL 0x8000ULL
#define IOAPIC_ENTRY_MASKED        0x10000ULL
#define IOAPIC_ENTRY_DEST_SHIFT    56

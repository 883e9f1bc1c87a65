/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The pair of 8259 interrupt controllers of the PC: GSI 0 to 15 are the ISA interrupts. A PC has one pair.
 *
 * Source: Intel 8259A data sheet; IBM PC AT Technical Reference, "Interrupts".
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/sync/spinlock.h>

#define I8259_PINS    16
#define I8259_CASCADE 2 /* the master's pin that the slave is wired to */

struct i8259 {
    struct irq_chip chip;

    struct spinlock lock;
    /* guarded by lock: the ports of both chips, because OCW3 and the read after it belong together, and: */
    uint16_t mask;        /* bit n: pin n is masked; the IMRs of both chips */
    uint64_t spurious[2]; /* spurious IR7 and IR15 so far; also read without the lock */
};

/**
 * i8259_init() - move the pair's vectors out of the exceptions' range, and mask all pins.
 * @pair:         filled in; its chip may then be used.
 * @first_vector: multiple of 8, above 31: pin n raises first_vector + n.
 *
 * Needed also where the pair is not used: a pair that firmware left enabled raises vectors of exceptions, and
 * a masked one still raises spurious IR7.
 * Return: STATUS_OK; STATUS_NOT_FOUND when IMR does not read back.
 * Context: interrupts off, once.
 */
status_t i8259_init(struct i8259 *pair, uint8_t first_vector) MUST_CHECK;

/**
 * i8259_read_elcr() - which pins firmware has made level triggered (ELCR1 and ELCR2, in chipsets since EISA).
 *
 * Return: bit n for pin n. 0 where there is no ELCR, which is the case when pins that are always edge
 *         triggered read as level triggered.
 * Context: any.
 */
uint16_t i8259_read_elcr(void);

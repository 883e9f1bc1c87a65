/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The pair of 8259 interrupt controllers of the PC: GSI 0 to 15 are the ISA interrupts. A PC has one pair.
 *
 * Source: Intel, "8259A Programmable Interrupt Controller" data sheet; IBM PC AT Technical Reference,
 * "Interrupts".
 */
#include <ashlar/dev/irqchip.h>

#define I8259_PINS    16
#define I8259_CASCADE 2 /* the input of the first that the second hangs on */

struct i8259 {
    struct irq_chip chip;
    uint16_t mask;        /* bit n: pin n is masked; as the chips have it */
    uint64_t spurious[2]; /* interrupts 7 and 15 that no device had asked for */
};

/**
 * i8259_init() - move the pair's vectors out of the exceptions, and mask all inputs.
 * @pair:         filled in; its chip may then be used.
 * @first_vector: multiple of 8, above 31: pin n raises first_vector + n.
 *
 * To be done also where the pair is not used: a pair that firmware left on raises vectors of exceptions, and
 * a spurious interrupt 7 comes from a masked one, too.
 * Return: STATUS_OK; STATUS_NOT_FOUND when nothing at the ports keeps what is written.
 * Context: interrupts off, once.
 */
status_t i8259_init(struct i8259 *pair, uint8_t first_vector) MUST_CHECK;

/**
 * i8259_read_elcr() - which inputs firmware has made level triggered (the ELCR of chipsets since EISA).
 *
 * Return: bit n for pin n. 0 where there is no such register: what it answers there says that pins are level
 *         triggered that never are.
 */
uint16_t i8259_read_elcr(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The chips whose inputs devices interrupt through: each has a run of GSIs.
 */
#include <ashlar/dev/irqchip.h>
#include <ashlar/status.h>

/**
 * irq_add_chip() - make the lines of a controller available to irq_request().
 * @chip: its gsi_base and pin_count are constant from now on; kept by reference.
 *
 * Return: STATUS_OK; STATUS_EXISTS when an earlier chip has one of its GSIs; STATUS_INVALID when its GSIs
 *         exceed 2^32 - 1.
 * Context: controllers_init().
 */
status_t irq_add_chip(struct irq_chip *chip) MUST_CHECK;

/* The chip after @chip in the order of irq_add_chip(); the first for NULL; NULL after the last.
   Context: any, after controllers_init(). */
struct irq_chip *irq_next_chip(struct irq_chip *chip);

/**
 * irq_chip_of() - the chip that has a GSI.
 * @gsi: 0 .. 2^32 - 1.
 * @pin: receives its pin there; untouched where there is none.
 *
 * Return: NULL when no chip has it.
 * Context: any, after controllers_init().
 */
struct irq_chip *irq_chip_of(uint32_t gsi, uint32_t *pin);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of interrupt controllers' chips, in the order in which they were added. */
#include <irq/chips.h>

#include <irq/line.h>

static struct irq_chip *chips;

status_t irq_add_chip(struct irq_chip *chip)
{
    struct irq_chip **last = &chips;
    if (!line_gsis_are_numbers(chip))
        return STATUS_INVALID;
    for (; *last; last = &(*last)->next)
        if (line_gsis_overlap(*last, chip))
            return STATUS_EXISTS;
    *last = chip;
    return STATUS_OK;
}

struct irq_chip *irq_next_chip(struct irq_chip *chip)
{
    return chip ? chip->next : chips;
}

struct irq_chip *irq_chip_of(uint32_t gsi, uint32_t *pin)
{
    for (struct irq_chip *chip = chips; chip; chip = chip->next)
        if (gsi >= chip->gsi_base && gsi - chip->gsi_base < chip->pin_count) {
            *pin = gsi - chip->gsi_base;
            return chip;
        }
    return NULL;
}

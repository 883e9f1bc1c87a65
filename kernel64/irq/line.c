/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that share a pin, and masking a line whose interrupts are unhandled.
 *
 * The line's lock is held while handlers run, so line_add() and line_remove() wait until they have
 * returned. An interrupt waits for those two, which are short, and for line_resume(), which calls handlers
 * outside of an interrupt: that line may already be routed to another CPU. Because handlers may make
 * cross-calls, every waiter for the lock polls cross-calls.
 */
#include <irq/line.h>

void irq_line_init(struct irq_line *line, struct irq_chip *chip, uint32_t pin)
{
    *line = (struct irq_line){ .chip = chip, .pin = pin };
    SPIN_INIT(&line->lock, "line", LOCK_IRQ_LINE, LINE_LOCK_POLICY);
}

bool line_gsis_are_numbers(const struct irq_chip *chip)
{
    return chip->gsi_base + (uint64_t)chip->pin_count <= 1ULL << 32;
}

bool line_gsis_overlap(const struct irq_chip *one, const struct irq_chip *other)
{
    return one->gsi_base < other->gsi_base + (uint64_t)other->pin_count &&
           other->gsi_base < one->gsi_base + (uint64_t)one->pin_count;
}

static bool can_share(const struct irq_line *line, struct irq_wiring wiring)
{
    return line->wiring.is_level && wiring.is_level && line->wiring.is_active_low == wiring.is_active_low;
}

status_t line_add(struct irq_line *line, struct irq *irq, struct irq_wiring wiring)
{
    status_t status = STATUS_BUSY;
    spin_lock(&line->lock);
    if (!line->handlers || can_share(line, wiring)) {
        struct irq **last = &line->handlers;
        while (*last) {
            CHECK(*last != irq, "irq: a handler is added to its line once");
            last = &(*last)->next;
        }
        irq->line = line;
        irq->next = NULL;
        *last = irq;
        __atomic_store_n(&line->is_storming, false, __ATOMIC_RELAXED);
        line->window = line->window_unhandled = 0;
        line->chip->unmask(line->chip, line->pin);
        status = STATUS_OK;
    }
    spin_unlock(&line->lock);
    return status;
}

bool line_remove(struct irq *irq)
{
    struct irq_line *line = irq->line;
    spin_lock(&line->lock);
    struct irq **at = &line->handlers;
    while (*at != irq) {
        CHECK(*at, "irq: a handler that is removed is in the list of its line");
        at = &(*at)->next;
    }
    *at = irq->next;
    bool is_empty = !line->handlers;
    if (is_empty)
        line->chip->mask(line->chip, line->pin);
    spin_unlock(&line->lock);
    return is_empty;
}

static bool call_handlers(const struct irq_line *line)
{
    bool is_handled = false;
    for (struct irq *irq = line->handlers; irq; irq = irq->next) {
        CHECK(irq->line == line, "irq: a handler in the list of a line names that line");
        is_handled |= irq->handler(irq->context);
    }
    return is_handled;
}

void line_resume(struct irq_line *line)
{
    spin_lock(&line->lock);
    if (line->handlers && !line->is_storming) {
        line->chip->unmask(line->chip, line->pin);
        if (!line->wiring.is_level)
            (void)call_handlers(line);
    }
    spin_unlock(&line->lock);
}

/* Return: whether this interrupt makes it a storm. */
static bool count_outcome(struct irq_line *line, bool is_handled)
{
    bool is_storm = false;
    CHECK(line->window < LINE_WINDOW && line->window_unhandled <= line->window,
          "irq: a line's window of interrupts holds its unhandled ones");
    line->window++;
    if (!is_handled) {
        line->unhandled++;
        line->window_unhandled++;
    }
    if (line->window >= LINE_WINDOW) {
        is_storm = line->window_unhandled >= LINE_STORM;
        line->window = line->window_unhandled = 0;
    }
    return is_storm;
}

enum line_outcome line_handle(struct irq_line *line)
{
    struct irq_chip *chip = line->chip;
    if (chip->begin && !chip->begin(chip, line->pin))
        return LINE_SPURIOUS;
    spin_lock(&line->lock);
    bool is_handled = call_handlers(line);
    bool is_storm = count_outcome(line, is_handled);
    if (is_storm) {
        __atomic_store_n(&line->is_storming, true, __ATOMIC_RELAXED);
        chip->mask(chip, line->pin);
    }
    if (chip->eoi)
        chip->eoi(chip, line->pin);
    spin_unlock(&line->lock);
    if (is_storm)
        return LINE_STORM_MASKED;
    return is_handled ? LINE_HANDLED : LINE_UNHANDLED;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The cost of an interrupt: into a handler and back, through a device's line, and as a self-IPI.
 */
#include <ashlar/bench.h>

#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <cpu/insn.h>
#include <trap/traps.h>
#include <irq/chips.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>

#define OPERATIONS 1000

static volatile unsigned int taken;

/* ---- from the gate to a handler and back ---- */

static void do_nothing(struct trap_frame *frame)
{
    (void)frame;
}

static bool take_vector(void)
{
    traps_set_handler(VECTOR_SELF_TEST, do_nothing);
    return true;
}

static void give_vector(void)
{
    traps_set_handler(VECTOR_SELF_TEST, NULL);
}

static void raise_interrupts(void)
{
    for (unsigned int i = 0; i < OPERATIONS; i++)
        __asm__ volatile("int %0" ::"i"(VECTOR_SELF_TEST) : "memory");
}
BENCH_WITH(irq_entry, "irq.entry", OPERATIONS, take_vector, raise_interrupts, give_vector);

/* ---- a self-IPI ---- */

static void count_ipi(struct trap_frame *frame)
{
    (void)frame;
    lapic_eoi();
    taken++;
}

static bool take_ipis(void)
{
    if (lapic_mode() == LAPIC_NONE)
        return false;
    traps_set_handler(VECTOR_SELF_TEST, count_ipi);
    return true;
}

/* Each one is taken before the next one is sent. */
static void send_to_self(uint8_t vector)
{
    uint32_t self = lapic_id();
    taken = 0;
    for (unsigned int i = 0; i < OPERATIONS; i++) {
        irq_flags_t state = local_irq_save();
        status_t status = lapic_send(self, vector);
        local_irq_restore(state);
        while (status == STATUS_OK && taken <= i)
            cpu_relax();
    }
}

static void send_ipis(void)
{
    send_to_self(VECTOR_SELF_TEST);
}
BENCH_WITH(irq_self_ipi, "irq.self-ipi", OPERATIONS, take_ipis, send_ipis, give_vector);

/* ---- a device's line: a vector that irq_request() gave, raised by an IPI ---- */

static struct irq *line_irq;

static bool claim(void *context)
{
    (void)context;
    taken++;
    return true;
}

static bool take_line(void)
{
    struct irq_chip *chip = irq_next_chip(NULL);
    if (lapic_mode() == LAPIC_NONE || !chip || chip->eoi)
        return false;
    for (uint32_t pin = chip->pin_count; pin-- > 0;)
        if (irq_request(chip->gsi_base + pin, (struct irq_wiring){ false, false }, claim, NULL, "bench",
                        &line_irq) == STATUS_OK)
            return true;
    return false;
}

static void give_line(void)
{
    irq_release(line_irq);
}

static void raise_line(void)
{
    send_to_self(line_irq->line->vector);
}
BENCH_WITH(irq_line, "irq.line", OPERATIONS, take_line, raise_line, give_line);

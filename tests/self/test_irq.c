/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts on the machine's own controllers.
 */
#include <ashlar/ktest.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <irq/chips.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <time/clock.h>
#include <trap/traps.h>

#define TIMEOUT_NS (1 * NS_PER_SECOND)

static volatile unsigned int ipis;
static volatile bool was_in_service;

static void take_ipi(struct trap_frame *frame)
{
    ipis++;
    was_in_service = lapic_isr_is_set((uint8_t)frame->vector);
    lapic_eoi();
}

static bool wait_for_ipis(unsigned int count)
{
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    while (ipis < count && clock_now_ns() < end_ns)
        cpu_relax();
    return ipis == count;
}

static status_t send_to_self(uint8_t vector)
{
    irq_flags_t state = local_irq_save();
    status_t status = lapic_send(lapic_id(), vector);
    local_irq_restore(state);
    return status;
}

KTEST(irq, each_self_ipi_arrives_once)
{
    if (lapic_mode() == LAPIC_NONE)
        SKIP_TEST("no local APIC");
    ipis = 0;
    traps_set_handler(VECTOR_SELF_TEST, take_ipi);
    for (unsigned int i = 1; i <= 100; i++) {
        ASSERT_THAT(send_to_self(VECTOR_SELF_TEST) == STATUS_OK);
        ASSERT_THAT(wait_for_ipis(i));
        EXPECT(was_in_service);
        EXPECT(!lapic_isr_is_set(VECTOR_SELF_TEST));
    }
    traps_set_handler(VECTOR_SELF_TEST, NULL);
}

KTEST(irq, interrupts_stay_pending_until_enabled)
{
    if (lapic_mode() == LAPIC_NONE)
        SKIP_TEST("no local APIC");
    ipis = 0;
    traps_set_handler(VECTOR_SELF_TEST, take_ipi);
    irq_flags_t state = local_irq_save();
    EXPECT(lapic_send(lapic_id(), VECTOR_SELF_TEST) == STATUS_OK);
    uint64_t end_ns = clock_now_ns() + TIMEOUT_NS;
    while (!lapic_irr_is_set(VECTOR_SELF_TEST) && clock_now_ns() < end_ns)
        cpu_relax();
    EXPECT(lapic_irr_is_set(VECTOR_SELF_TEST));
    EXPECT(ipis == 0);
    local_irq_restore(state);
    EXPECT(wait_for_ipis(1));
    traps_set_handler(VECTOR_SELF_TEST, NULL);
}

/* If it were not ended, interrupts of lower priority would never be delivered: the second one shows that. */
KTEST(irq, an_unexpected_interrupt_gets_its_eoi)
{
    if (lapic_mode() == LAPIC_NONE)
        SKIP_TEST("no local APIC");
    const uint8_t unused = VECTOR_SELF_TEST + 1;
    uint64_t before = traps_unexpected_count(unused), end_ns = clock_now_ns() + TIMEOUT_NS;
    ASSERT_THAT(send_to_self(unused) == STATUS_OK);
    while (traps_unexpected_count(unused) == before && clock_now_ns() < end_ns)
        cpu_relax();
    EXPECT(traps_unexpected_count(unused) == before + 1);
    EXPECT(!lapic_isr_is_set(unused));
    ipis = 0;
    traps_set_handler(VECTOR_SELF_TEST, take_ipi);
    EXPECT(send_to_self(VECTOR_SELF_TEST) == STATUS_OK);
    EXPECT(wait_for_ipis(1));
    traps_set_handler(VECTOR_SELF_TEST, NULL);
}

static volatile bool was_ended_by_spurious;

/* The spurious vector while another is in service: acknowledging it would end the other. */
static void raise_spurious(struct trap_frame *frame)
{
    __asm__ volatile("int %0" ::"i"(VECTOR_SPURIOUS));
    was_ended_by_spurious = !lapic_isr_is_set((uint8_t)frame->vector);
    lapic_eoi();
    ipis++;
}

KTEST(irq, spurious_interrupt_is_counted_and_gets_no_eoi)
{
    if (lapic_mode() == LAPIC_NONE)
        SKIP_TEST("no local APIC");
    uint64_t before = traps_taken_count(PERCPU_MINE(cpu_number), VECTOR_SPURIOUS);
    ipis = 0;
    was_ended_by_spurious = true;
    traps_set_handler(VECTOR_SELF_TEST, raise_spurious);
    ASSERT_THAT(send_to_self(VECTOR_SELF_TEST) == STATUS_OK);
    EXPECT(wait_for_ipis(1));
    EXPECT(!was_ended_by_spurious);
    EXPECT(traps_taken_count(PERCPU_MINE(cpu_number), VECTOR_SPURIOUS) == before + 1);
    traps_set_handler(VECTOR_SELF_TEST, NULL);
}

/* ---- lines ---- */

static bool claim_nothing(void *context)
{
    (void)context;
    return false;
}

/* A pin without a handler. Return: false when there is none. */
static bool find_free_gsi(uint32_t *gsi)
{
    struct irq *irq;
    for (struct irq_chip *chip = NULL; (chip = irq_next_chip(chip)) != NULL;)
        for (uint32_t pin = chip->pin_count; pin-- > 0;) {
            *gsi = chip->gsi_base + pin;
            if (irq_request(*gsi, (struct irq_wiring){ false, false }, claim_nothing, NULL, "test", &irq) ==
                STATUS_OK) {
                irq_release(irq);
                return true;
            }
        }
    return false;
}

static void release(struct irq **irq)
{
    if (*irq)
        irq_release(*irq);
    *irq = NULL;
}

KTEST(irq, an_edge_has_one_handler_and_a_level_may_have_many)
{
    static const struct irq_wiring edge = { false, false }, level = { true, false }, low = { true, true };
    struct irq *first = NULL, *second = NULL, *third = NULL;
    uint32_t gsi;
    if (!find_free_gsi(&gsi))
        SKIP_TEST("no input is free");
    ASSERT_THAT(irq_request(gsi, edge, claim_nothing, NULL, "first", &first) == STATUS_OK);
    EXPECT(irq_request(gsi, edge, claim_nothing, NULL, "second", &second) == STATUS_BUSY);
    release(&second);
    release(&first);
    EXPECT(irq_request(gsi, level, claim_nothing, NULL, "first", &first) == STATUS_OK);
    EXPECT(irq_request(gsi, level, claim_nothing, NULL, "second", &second) == STATUS_OK);
    EXPECT(first && second && first->line == second->line);
    EXPECT(irq_request(gsi, low, claim_nothing, NULL, "third", &third) == STATUS_BUSY);
    release(&third);
    release(&second);
    release(&first);
}

KTEST(irq, a_gsi_of_no_controller_is_refused)
{
    struct irq *irq;
    EXPECT(irq_request(100000, (struct irq_wiring){ false, false }, claim_nothing, NULL, "test", &irq) ==
           STATUS_NOT_FOUND);
    EXPECT(irq_request_isa(16, claim_nothing, NULL, "test", &irq) == STATUS_NOT_FOUND);
}

KTEST(irq, vectors_are_freed)
{
    uint32_t gsi;
    if (!find_free_gsi(&gsi))
        SKIP_TEST("no input is free");
    for (unsigned int i = 0; i < 1000; i++) {
        struct irq *irq;
        ASSERT_THAT(irq_request(gsi, (struct irq_wiring){ true, true }, claim_nothing, NULL, "test", &irq) ==
                    STATUS_OK);
        irq_release(irq);
    }
}

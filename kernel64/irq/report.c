/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `irq` of the monitor's report.
 */
#include <ashlar/report.h>

#include <irq/chips.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <irq/lapic.h>

static void report_ioapics(struct json *json)
{
    json_open_list(json, "ioapics");
    for (struct irq_chip *chip = NULL; (chip = irq_next_chip(chip)) != NULL;) {
        const struct ioapic *ioapic = controllers_ioapic_of(chip);
        if (!ioapic)
            continue;
        json_open_object(json, NULL);
        json_number(json, "id", ioapic->ioapic_id);
        json_number(json, "address", ioapic->address.raw);
        json_number(json, "gsi_base", chip->gsi_base);
        json_number(json, "pins", chip->pin_count);
        json_close(json);
    }
    json_close(json);
}

/* Every ISA interrupt that is not wired straight through. */
static void report_overrides(struct json *json)
{
    json_open_list(json, "overrides");
    for (uint8_t isa = 0; isa < ISA_INTERRUPTS; isa++) {
        uint32_t gsi;
        struct irq_wiring wiring;
        if (controllers_isa_input(isa, &gsi, &wiring) != STATUS_OK ||
            (gsi == isa && !wiring.is_level && !wiring.is_active_low))
            continue;
        json_open_object(json, NULL);
        json_number(json, "irq", isa);
        json_number(json, "gsi", gsi);
        json_string(json, "polarity", wiring.is_active_low ? "low" : "high");
        json_string(json, "trigger", wiring.is_level ? "level" : "edge");
        json_close(json);
    }
    json_close(json);
}

static void report_line(void *context, const struct irq_line *line)
{
    struct json *json = context;
    json_open_object(json, NULL);
    json_number(json, "gsi", line->chip->gsi_base + line->pin);
    json_number(json, "vector", line->vector);
    json_number(json, "cpu", line->cpu);
    json_string(json, "polarity", line->wiring.is_active_low ? "low" : "high");
    json_string(json, "trigger", line->wiring.is_level ? "level" : "edge");
    json_open_list(json, "devices");
    for (const struct irq *irq = line->handlers; irq; irq = irq->next)
        json_string(json, NULL, irq->name);
    json_close(json);
    json_close(json);
}

static void report_irq(struct json *json)
{
    static const char *const modes[] = { "none", "xapic", "x2apic" };
    json_string(json, "lapic", modes[lapic_mode()]);
    json_string(json, "lapic_found", modes[lapic_mode_found()]);
    json_bool(json, "i8259", controllers_8259() != NULL);
    report_ioapics(json);
    report_overrides(json);
    json_open_list(json, "lines");
    irq_visit_lines(report_line, json);
    json_close(json);
}
REPORT(irq, report_irq);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `irqs`: lines and vectors, their handlers, and how often each CPU took them.
 */
#include <ashlar/command.h>

#include <cpu/percpu.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <irq/vectors.h>
#include <log/print.h>
#include <trap/traps.h>

static void print_counts(uint8_t vector)
{
    uint64_t total = 0;
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        total += traps_taken_count(cpu, vector);
    print("%12lu", total);
    if (percpu_count() == 1)
        return;
    print(" =");
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        if (traps_taken_count(cpu, vector) > 0)
            print(" cpu%u:%lu", cpu, traps_taken_count(cpu, vector));
}

static void print_line(void *context, const struct irq_line *line)
{
    (void)context;
    print("GSI %-4u %-8s %#5x   %s %-4s", line->chip->gsi_base + line->pin, line->chip->name, line->vector,
          line->wiring.is_level ? "level" : "edge ", line->wiring.is_active_low ? "low" : "high");
    print_counts(line->vector);
    print("  ");
    for (const struct irq *irq = line->handlers; irq; irq = irq->next)
        print("%s%s", irq->name, irq->next ? ", " : "");
    if (line->unhandled > 0)
        print(", %lu unhandled", line->unhandled);
    print("%s\n", line->is_storming ? "; masked: unhandled" : "");
}

static void print_own(const char *name, uint8_t vector)
{
    print("%-17s %#5x             ", name, vector);
    print_counts(vector);
    print("\n");
}

/* Interrupts whose vector has no handler: how many, and which vectors as many as fit into a line. */
static void print_unexpected(void)
{
    uint64_t total = 0;
    unsigned int shown = 0;
    for (unsigned int vector = TRAP_FIRST_INTERRUPT; vector < TRAP_VECTORS; vector++)
        total += traps_unexpected_count((uint8_t)vector);
    print("unexpected                          %12lu ", total);
    for (unsigned int vector = TRAP_FIRST_INTERRUPT; vector < TRAP_VECTORS; vector++)
        if (traps_unexpected_count((uint8_t)vector) > 0 && shown++ < 8)
            print(" %#x", vector);
    print("%s\n", shown > 8 ? " ..." : "");
}

static status_t command_irqs(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_styled(STYLE_HEADLINE, "from             vector   wiring       interrupts  for\n");
    irq_visit_lines(print_line, NULL);
    if (lapic_mode() != LAPIC_NONE) {
        print_own("timer", VECTOR_TIMER);
        if (percpu_count() > 1) {
            print_own("cross-calls", VECTOR_CALL);
            print_own("wake-ups", VECTOR_WAKE);
        }
        print_own("APIC errors", VECTOR_LAPIC_ERROR);
        print_own("APIC spurious", VECTOR_SPURIOUS);
    }
    if (controllers_8259())
        print("8259 spurious                       %12lu\n",
              controllers_8259()->spurious[0] + controllers_8259()->spurious[1]);
    print_unexpected();
    return STATUS_OK;
}
COMMAND_LIST(irqs, command_irqs, .group = GROUP_PROCESSORS, .arguments = "",
             .help = "interrupts: lines and vectors, handlers, counts for each CPU", .example = "irqs",
             .see_also = "timers cpus watch", .words = NULL);

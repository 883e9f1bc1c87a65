/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `storm NAME`, for tests/boot: raises the interrupt of a device's line, without a request of the device,
 * until the line is masked.
 */
#include <ashlar/command.h>
#include <ashlar/sync/irqflags.h>

#include <irq/irq.h>
#include <irq/lapic.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>

struct search {
    const char *name;
    const struct irq_line *line;
};

static void look(void *context, const struct irq_line *line)
{
    struct search *search = context;
    for (const struct irq *irq = line->handlers; irq; irq = irq->next)
        if (strcmp(irq->name, search->name) == 0)
            search->line = line;
}

static void raise_here(uint8_t vector)
{
    irq_flags_t state = local_irq_save();
    (void)!lapic_send(lapic_id(), vector);
    local_irq_restore(state);
}

static status_t command_storm(int argc, char **argv)
{
    struct search search = { .line = NULL };
    if (!arguments_count(argc, argv, 1, 1))
        return STATUS_INVALID;
    search.name = argv[1];
    irq_visit_lines(look, &search);
    if (!search.line) {
        argument_refuse(argv[1], "the name of an interrupt: 'irqs' lists them");
        return STATUS_NOT_FOUND;
    }
    const bool *is_storming = &search.line->is_storming;
    for (unsigned int i = 0; i < 3 * LINE_WINDOW && !__atomic_load_n(is_storming, __ATOMIC_RELAXED); i++)
        raise_here(search.line->vector);
    return __atomic_load_n(is_storming, __ATOMIC_RELAXED) ? STATUS_OK : STATUS_TIMEOUT;
}
COMMAND(storm, command_storm, .group = GROUP_TESTS, .arguments = "NAME",
        .help = "raise the interrupt of a device until its line is masked", .example = "storm keyboard",
        .see_also = "irqs");

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rest of the machine for tests of the clockevent.
 */
#include "clockevent_machine.h"

#include <cpu/errata_cpu.h>
#include <cpu/features.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <log/log.h>
#include <time/clock.h>
#include <trap/traps.h>

bool is_tsc;

bool cpu_has(enum cpu_feature feature)
{
    return feature == CPU_FEATURE_TSC_DEADLINE;
}

bool errata_applies(enum erratum erratum)
{
    (void)erratum;
    return false;
}

enum lapic_mode lapic_mode(void)
{
    return LAPIC_XAPIC;
}

void lapic_eoi(void)
{
}

void traps_set_handler(uint8_t vector, trap_handler_fn *handler)
{
    (void)vector;
    (void)handler;
}

status_t irq_request(uint32_t gsi, struct irq_wiring wiring, irq_handler_fn *handler, void *context,
                     const char *name, struct irq **irq)
{
    (void)gsi, (void)wiring, (void)handler, (void)context, (void)name, (void)irq;
    return STATUS_NOT_FOUND;
}

status_t irq_request_isa(uint8_t isa, irq_handler_fn *handler, void *context, const char *name,
                         struct irq **irq)
{
    (void)isa, (void)handler, (void)context, (void)name, (void)irq;
    return STATUS_NOT_FOUND;
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    (void)level, (void)subsystem, (void)format;
}

uint64_t clock_now_ns(void)
{
    return 1000;
}

bool clock_is_tsc(void)
{
    return is_tsc;
}

bool clock_tsc_rate_is_final(void)
{
    return true;
}

uint64_t clock_tick_of(uint64_t ns)
{
    return ns;
}

uint64_t clock_ticks_per_ns(uint64_t rate_hz)
{
    (void)rate_hz;
    return 1ULL << CLOCK_SHIFT;
}

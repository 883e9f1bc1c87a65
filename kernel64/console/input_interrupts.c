/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts are tested before they are relied on: the prompt must work also on a machine with wrong tables.
 */
#include <console/input_interrupts.h>

#include <ashlar/sync/backoff.h>
#include <cpu/insn.h>
#include <irq/irq.h>
#include <log/log.h>
#include <time/clock.h>

/* Return: whether the count changed within INPUT_WAIT_NS. */
static bool irq_seen(uint32_t (*count)(const void *device), const void *device, uint32_t before)
{
    uint64_t end_ns = clock_now_ns() + INPUT_WAIT_NS;
    while (count(device) == before) {
        if (clock_now_ns() > end_ns)
            return false;
        cpu_relax();
    }
    return true;
}

static void log_polled(const char *name, const char *why)
{
    log_warn("console", "%s polled: %s", name, why);
}

/* ---- serial ---- */

static bool serial_handler(void *context)
{
    return uart16550_interrupt(context);
}

static uint32_t serial_count(const void *uart)
{
    return uart16550_interrupt_count(uart);
}

void serial_start_interrupts(struct uart16550 *uart, int isa)
{
    struct irq *irq;
    status_t status =
        isa < 0 ? STATUS_NOT_FOUND : irq_request_isa((uint8_t)isa, serial_handler, uart, "serial", &irq);
    if (status != STATUS_OK) {
        log_polled("serial port", status_sentence(status));
        return;
    }
    uint32_t before = serial_count(uart);
    uart16550_use_interrupts(uart, true);
    if (irq_seen(serial_count, uart, before)) {
        uart->input.interrupts = true;
        return;
    }
    uart16550_use_interrupts(uart, false);
    irq_release(irq);
    log_polled("serial port", "its interrupt does not arrive");
}

/* ---- keyboard ---- */

static bool keyboard_handler(void *context)
{
    return ps2_interrupt(context);
}

static uint32_t keyboard_count(const void *keyboard)
{
    return ps2_interrupt_count(keyboard);
}

void keyboard_start_interrupts(struct ps2_keyboard *keyboard)
{
    struct irq *irq;
    status_t status = irq_request_isa(PS2_ISA_INTERRUPT, keyboard_handler, keyboard, "keyboard", &irq);
    if (status != STATUS_OK) {
        log_polled("keyboard", status_sentence(status));
        return;
    }
    uint32_t before = keyboard_count(keyboard);
    status = ps2_use_interrupts(keyboard, true);
    if (status == STATUS_OK && irq_seen(keyboard_count, keyboard, before))
        return;
    if (status == STATUS_OK)
        status = ps2_use_interrupts(keyboard, false);
    keyboard->input.interrupts = false;
    irq_release(irq);
    log_polled("keyboard", status == STATUS_OK ? "its interrupt does not arrive" : status_sentence(status));
}

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

static struct uart16550 *serial_port;
static struct irq *serial_irq; /* NULL: polled */

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
        serial_port = uart;
        serial_irq = irq;
        return;
    }
    uart16550_use_interrupts(uart, false);
    irq_release(irq);
    log_polled("serial port", "its interrupt does not arrive");
}

/* ---- keyboard ---- */

static struct ps2_keyboard *ps2;
static struct irq *keyboard_irq; /* NULL: polled */

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
    if (status == STATUS_OK && irq_seen(keyboard_count, keyboard, before)) {
        ps2 = keyboard;
        keyboard_irq = irq;
        return;
    }
    if (status == STATUS_OK)
        status = ps2_use_interrupts(keyboard, false);
    keyboard->input.interrupts = false;
    irq_release(irq);
    log_polled("keyboard", status == STATUS_OK ? "its interrupt does not arrive" : status_sentence(status));
}

/* ---- masked lines ---- */

/* The handlers stay: another device of the line may be the one that is out of order, and go away. */
void input_interrupts_check(void)
{
    static const char why[] = "its interrupt line is masked";
    if (serial_irq && irq_is_storming(serial_irq)) {
        serial_irq = NULL;
        uart16550_use_interrupts(serial_port, false);
        serial_port->input.interrupts = false;
        log_polled("serial port", why);
    }
    if (keyboard_irq && irq_is_storming(keyboard_irq)) {
        keyboard_irq = NULL;
        status_t status = ps2_use_interrupts(ps2, false);
        ps2->input.interrupts = false;
        log_polled("keyboard", status == STATUS_OK ? why : status_sentence(status));
    }
}

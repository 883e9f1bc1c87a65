/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The methods of exit.h, in order. A method may be absent on this machine without an error: it has failed if
 * the CPU still runs some time later. There may be no clock yet, so that time is counted in reads of the POST
 * port, each about a microsecond on a PC's bus and in an emulator.
 */
#include <power/exit.h>

#include <ashlar/check.h>
#include <ashlar/io.h>
#include <ashlar/sync/context.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/option.h>
#include <ashlar/time_units.h>
#include <log/log.h>
#include <lib/machine_ops.h>
#include <lib/parse.h>
#include <power/notifier.h>

#define PORT_POST 0x80 /* reads have no effect on every PC */

/* The serial port sends its last characters: 16 bytes at 9600 baud take 17 ms. */
#define SETTLE_US     (20 * US_PER_MS)
/* Another thread of QEMU carries the exit out, late on a busy host. */
#define DEBUG_EXIT_US (3 * US_PER_SECOND)
/* A reset line acts within microseconds, a power supply takes longer. */
#define METHOD_US     (300 * US_PER_MS)

/* Keyboard controller: "pulse output line 0", which is the CPU's reset.
   Source: IBM PC AT Technical Reference, "8042", command FEh. */
#define PORT_KBC        0x64
#define KBC_INPUT_FULL  0x02
#define KBC_PULSE_RESET 0xfe
#define KBC_WAIT_US     (10 * US_PER_MS)
/* Reset control register: bit 1 chooses a hard reset, bit 2 going from 0 to 1 starts it.
   Source: Intel ICH9 data sheet, "Reset Control Register". */
#define PORT_RESET      0xcf9
#define RESET_HARD      0x02
#define RESET_START     0x04

struct methods {
    power_method_fn *method[POWER_METHODS_MAX];
    unsigned int count;
};

static uint16_t debug_port;
static struct methods off_methods, reboot_methods;

void power_set_debug_exit(uint16_t port)
{
    debug_port = port;
}

static status_t apply_debugexit(const char *value)
{
    uint64_t port;
    if (parse_number(value, &port) != STATUS_OK || port == 0 || port > UINT16_MAX)
        return STATUS_INVALID;
    power_set_debug_exit((uint16_t)port);
    return STATUS_OK;
}
OPTION_EARLY(debugexit, "PORT", "exit by writing the verdict to this I/O port, 1 to 0xffff", apply_debugexit);

bool power_has_debug_exit(void)
{
    return debug_port != 0;
}

static void add_method(struct methods *methods, power_method_fn *method)
{
    VERIFY(methods->count < POWER_METHODS_MAX);
    methods->method[methods->count++] = method;
}

void power_add_off_method(power_method_fn *method)
{
    add_method(&off_methods, method);
}

void power_add_reboot_method(power_method_fn *method)
{
    add_method(&reboot_methods, method);
}

static void wait_about_us(unsigned int us)
{
    while (us-- > 0)
        (void)io_in8(PORT_POST);
}

static void try_methods(const struct methods *methods)
{
    for (unsigned int i = 0; i < methods->count; i++) {
        methods->method[i]();
        wait_about_us(METHOD_US);
    }
}

static void write_debug_port(enum verdict verdict)
{
    static const uint8_t code[] = { [VERDICT_PASS] = 0x10, [VERDICT_FAIL] = 0x11, [VERDICT_PANIC] = 0x12 };

    io_out8(debug_port, code[verdict]);
    wait_about_us(DEBUG_EXIT_US);
}

void power_settle(void)
{
    log_settle();
    wait_about_us(SETTLE_US);
}

void power_exit(enum verdict verdict)
{
    CHECK_NO_LOCK();
    /* A panic has called its own notifiers, or was not able to. */
    if (verdict != VERDICT_PANIC)
        power_notify(POWER_OFF);
    local_irq_disable();
    power_settle();
    if (power_has_debug_exit())
        write_debug_port(verdict);
    try_methods(&off_methods);
    /* Not a reboot: the loader would start this kernel again, and run= would loop. */
    log_error("power", "power-off: %s: halted; switch the machine off by hand",
              off_methods.count > 0 ? "no method worked" : "this machine has no method");
    machine_ops.halt();
}

void power_reboot(void)
{
    power_notify(POWER_REBOOT);
    local_irq_disable();
    power_settle();
    try_methods(&reboot_methods);

    for (unsigned int us = 0; us < KBC_WAIT_US && (io_in8(PORT_KBC) & KBC_INPUT_FULL); us++)
        (void)io_in8(PORT_POST);
    io_out8(PORT_KBC, KBC_PULSE_RESET);
    wait_about_us(METHOD_US);

    io_out8(PORT_RESET, RESET_HARD);
    io_out8(PORT_RESET, RESET_HARD | RESET_START);
    wait_about_us(METHOD_US);

    machine_ops.triple_fault();
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ladder of leave.h. Each rung may be missing on this machine, and nothing says so: a rung has
 * failed when the CPU is still here some time later. There may be no clock yet, so that time is
 * counted in reads of the POST port, each about a microsecond on a PC's bus and in an emulator.
 */
#include <power/exit.h>

#include <ashlar/check.h>
#include <ashlar/io.h>
#include <ashlar/sync/irqflags.h>
#include <log/log.h>
#include <lib/machine_ops.h>

#define PORT_POST 0x80 /* reads answer on every PC, and mean nothing */

/* The last characters leave the serial port: 16 bytes at 9600 baud take 17 ms. */
#define SETTLE_US     20000
/* QEMU's exit is carried out by another thread, on a busy host late. */
#define DEBUG_EXIT_US 3000000
/* A reset line is pulled within microseconds, a power supply takes longer. */
#define RUNG_US       300000

/* Keyboard controller: "pulse output line 0", which is the CPU's reset.
   Source: IBM PC AT Technical Reference, "8042", command FEh. */
#define PORT_KBC        0x64
#define KBC_INPUT_FULL  0x02
#define KBC_PULSE_RESET 0xfe
#define KBC_WAIT_US     10000
/* Reset control register: bit 1 chooses a hard reset, bit 2 going from 0 to 1 starts it.
   Source: Intel ICH9 datasheet, "Reset Control Register". */
#define PORT_RESET      0xcf9
#define RESET_HARD      0x02
#define RESET_START     0x04

struct ways {
    leave_way_fn *way[LEAVE_WAYS_MAX];
    unsigned count;
};

static uint16_t debug_port;
static struct ways power_off_ways, reset_ways;

void leave_set_debug_port(uint16_t port)
{
    debug_port = port;
}

bool leave_has_debug_port(void)
{
    return debug_port != 0;
}

static void add_way(struct ways *ways, leave_way_fn *way)
{
    VERIFY(ways->count < LEAVE_WAYS_MAX);
    ways->way[ways->count++] = way;
}

void leave_add_power_off(leave_way_fn *way)
{
    add_way(&power_off_ways, way);
}

void leave_add_reset(leave_way_fn *way)
{
    add_way(&reset_ways, way);
}

static void wait_about_us(unsigned us)
{
    while (us-- > 0)
        (void)io_in8(PORT_POST);
}

static void try_ways(const struct ways *ways)
{
    for (unsigned i = 0; i < ways->count; i++) {
        ways->way[i]();
        wait_about_us(RUNG_US);
    }
}

static void write_debug_port(enum verdict verdict)
{
    static const uint8_t code[] = { [VERDICT_PASS] = 0x10, [VERDICT_FAIL] = 0x11, [VERDICT_PANIC] = 0x12 };

    io_out8(debug_port, code[verdict]);
    wait_about_us(DEBUG_EXIT_US);
}

void leave(enum verdict verdict)
{
    local_irq_disable();
    log_settle();
    wait_about_us(SETTLE_US);
    if (leave_has_debug_port())
        write_debug_port(verdict);
    try_ways(&power_off_ways);
    /* Not a reset: the loader would start us again, and run= would do it for ever. */
    log_error("leave", "%s; halted, switch the machine off by hand",
              power_off_ways.count > 0 ? "power-off failed" : "no power-off on this machine");
    machine_ops.halt();
}

void leave_by_reset(void)
{
    local_irq_disable();
    log_settle();
    wait_about_us(SETTLE_US);
    try_ways(&reset_ways);

    for (unsigned us = 0; us < KBC_WAIT_US && (io_in8(PORT_KBC) & KBC_INPUT_FULL); us++)
        (void)io_in8(PORT_POST);
    io_out8(PORT_KBC, KBC_PULSE_RESET);
    wait_about_us(RUNG_US);

    io_out8(PORT_RESET, RESET_HARD);
    io_out8(PORT_RESET, RESET_HARD | RESET_START);
    wait_about_us(RUNG_US);

    machine_ops.triple_fault();
}

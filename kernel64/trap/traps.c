/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Dispatches from a gate's stub in traps.asm to a fixup, a registered handler, or a panic.
 */
#include <trap/traps.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/io.h>
#include <cpu/fixup.h>
#include <cpu/gdt.h>
#include <cpu/machine_ops.h>
#include <trap/idt.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <trap/restart.h>
#include <cpu/tlb.h>
#include <trap/trap_report.h>
#include <cpu/wait.h>
#include <log/log.h>
#include <log/print.h>
#include <panic/panic.h>
#include <lib/machine_ops.h>
#include <log/report_head.h>
#include <panic/stacks.h>
#include <panic/symbols.h>
#include <lib/format.h>

#define INTERRUPTS (TRAP_VECTORS - TRAP_FIRST_INTERRUPT)

/* The number of interrupts without a handler that are logged; the rest is only counted. */
#define UNEXPECTED_LINES 8

/*
 * System control port B: why the chipset raised an NMI.
 * Source: Intel ICH9 data sheet, "NMI Status and Control Register".
 */
#define PORT_NMI_STATUS  0x61
#define NMI_IO_CHECK     0x40
#define NMI_SYSTEM_ERROR 0x80
#define NMI_NO_DEVICE    0xff /* an absent port reads as all ones */

/* traps.asm */
void trap_dispatch(struct trap_frame *frame);

/* kernel64.ld; the page below each is its guard. */
extern uint8_t __boot_stack_bottom[], __boot_stack_top[];
extern uint8_t __df_stack_bottom[], __df_stack_top[];
extern uint8_t __nmi_stack_bottom[], __nmi_stack_top[];
extern uint8_t __mc_stack_bottom[], __mc_stack_top[];
extern uint8_t __db_stack_bottom[], __db_stack_top[];

static PERCPU(struct cpu_segments, segments) ALIGNED(16);

static trap_handler_fn *handlers[INTERRUPTS];
static uint64_t unexpected[INTERRUPTS];
static PERCPU_ARRAY(uint64_t, interrupts_taken, INTERRUPTS);
static unsigned int unexpected_lines; /* atomic: logged so far, up to UNEXPECTED_LINES */

void traps_init_cpu(const virt_t *stack_top, unsigned int cpu)
{
    gdt_init_cpu(PERCPU_OF(cpu, segments), stack_top);
    /* Loading the segments has cleared the GS base. */
    cpu_write_msr(MSR_GS_BASE, percpu_distance(cpu));
    idt_init_cpu();
}

static void print_state(const struct trap_frame *frame)
{
    if (frame)
        trap_report(frame);
    else
        trap_report_here();
}

void traps_init(void)
{
#define BOOT_STACK(called, edge)                                                                             \
    {                                                                                                        \
        called, { (uintptr_t)__##edge##_stack_bottom }, { (uintptr_t)__##edge##_stack_top }, NULL            \
    }
    static struct stack stacks[TRAP_STACK_END] = {
        [TRAP_STACK_NONE] = BOOT_STACK("boot", boot),
        [TRAP_STACK_DOUBLE_FAULT] = BOOT_STACK("double fault", df),
        [TRAP_STACK_NMI] = BOOT_STACK("NMI", nmi),
        [TRAP_STACK_MACHINE_CHECK] = BOOT_STACK("machine check", mc),
        [TRAP_STACK_DEBUG] = BOOT_STACK("debug", db),
    };
#undef BOOT_STACK
    virt_t stack_top[TRAP_STACK_END];

    format_set_symbols(symbol_describe);
    machine_ops.print_state = print_state;
    machine_ops.print_headline = trap_report_headline;
    for (unsigned int i = 0; i < TRAP_STACK_END; i++) {
        stack_top[i] = stacks[i].top;
        stacks_add(&stacks[i]);
    }
    restart_init();
    idt_init();
    traps_init_cpu(stack_top, 0);
}

void traps_set_handler(uint8_t vector, trap_handler_fn *handler)
{
    VERIFY(vector >= TRAP_FIRST_INTERRUPT);
    /* Release: what the handler needs is in memory before trap_dispatch() can read its address. */
    __atomic_store_n(&handlers[vector - TRAP_FIRST_INTERRUPT], handler, __ATOMIC_RELEASE);
}

trap_handler_fn *traps_handler(uint8_t vector)
{
    VERIFY(vector >= TRAP_FIRST_INTERRUPT);
    return __atomic_load_n(&handlers[vector - TRAP_FIRST_INTERRUPT], __ATOMIC_ACQUIRE);
}

uint64_t traps_taken_count(unsigned int cpu, uint8_t vector)
{
    VERIFY(vector >= TRAP_FIRST_INTERRUPT);
    return __atomic_load_n(&PERCPU_ARRAY_OF(cpu, interrupts_taken)[vector - TRAP_FIRST_INTERRUPT],
                           __ATOMIC_RELAXED);
}

uint64_t traps_unexpected_count(uint8_t vector)
{
    VERIFY(vector >= TRAP_FIRST_INTERRUPT);
    return __atomic_load_n(&unexpected[vector - TRAP_FIRST_INTERRUPT], __ATOMIC_RELAXED);
}

static bool is_catchable(uint64_t vector)
{
    return vector != TRAP_NMI && vector != TRAP_DOUBLE_FAULT && vector != TRAP_MACHINE_CHECK;
}

/* The number, plus 1, of the only CPU that an NMI does not halt; 0: it halts none. */
static unsigned int sole_cpu;

bool traps_claim_sole_cpu(void)
{
    unsigned int me = PERCPU_MINE(cpu_number) + 1, before = 0;
    return __atomic_compare_exchange_n(&sole_cpu, &before, me, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE) ||
           before == me;
}

static bool is_stopped_by_nmi(void)
{
    unsigned int sole = __atomic_load_n(&sole_cpu, __ATOMIC_ACQUIRE);
    return sole != 0 && sole != PERCPU_MINE(cpu_number) + 1;
}

/* Return: false when a device reports lost data: the machine must not continue. */
static bool survive_nmi(const struct trap_frame *frame)
{
    uint8_t status = io_in8(PORT_NMI_STATUS);
    struct fixup *interrupted;
    struct output_held held;

    if (status != NMI_NO_DEVICE && (status & (NMI_IO_CHECK | NMI_SYSTEM_ERROR)))
        return false;
    /* An operator's or a hypervisor's NMI: the report shows where the CPU was. */
    if (!report_head_begin(&held))
        return true; /* this CPU is printing a report, which shows where it was */
    interrupted = fixup_set_aside();
    trap_report(frame);
    print("  no device reports a cause; continuing\n");
    report_head_end(held);
    fixup_restore(interrupted);
    return true;
}

static void dispatch_interrupt(struct trap_frame *frame)
{
    uint8_t vector = (uint8_t)frame->vector;
    trap_handler_fn *handler = traps_handler(vector);

    PERCPU_MINE_AT(interrupts_taken, vector - TRAP_FIRST_INTERRUPT)++;
    if (handler) {
        /* An exception in the handler must not run the interrupted code's fixup. */
        struct fixup *interrupted = fixup_set_aside();
        handler(frame);
        fixup_restore(interrupted);
        restart_apply(frame);
        return;
    }
    if (machine_ops.take_unexpected)
        machine_ops.take_unexpected(vector);
    __atomic_fetch_add(&unexpected[vector - TRAP_FIRST_INTERRUPT], 1, __ATOMIC_RELAXED);
    /* The load keeps the count from growing, so that it does not wrap. */
    if (__atomic_load_n(&unexpected_lines, __ATOMIC_RELAXED) >= UNEXPECTED_LINES)
        return;
    unsigned int line = __atomic_add_fetch(&unexpected_lines, 1, __ATOMIC_RELAXED);
    if (line <= UNEXPECTED_LINES)
        log_warn("trap", "unexpected interrupt: vector %#x%s", vector,
                 line == UNEXPECTED_LINES ? "; further ones are only counted" : "");
}

static void dispatch(struct trap_frame *frame)
{
    if (frame->vector >= TRAP_FIRST_INTERRUPT) {
        dispatch_interrupt(frame);
        return;
    }
    if (is_catchable(frame->vector) && fixup_apply(frame))
        return;
    if (frame->vector == TRAP_NMI && is_stopped_by_nmi())
        cpu_halt_forever();
    if (frame->vector == TRAP_NMI && survive_nmi(frame))
        return;
    panic_trap(frame);
}

void trap_dispatch(struct trap_frame *frame)
{
    tlb_leave_idle();
    dispatch(frame);
    wait_skip(frame);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `crash KIND`: deliberate faults, to test the reports. Each is made as it happens by accident,
 * hidden from the compiler.
 */
#include <ashlar/command.h>
#include <ashlar/sync/spinlock.h>
#include <cpu/machine_ops.h>
#include <cpu/percpu.h>
#include <log/arguments.h>
#include <log/print.h>
#include <panic/panic.h>
#include <lib/machine_ops.h>
#include <lib/string.h>

/* Read where the compiler must not see the value. */
static volatile uint64_t zero;

static void crash_divide(void)
{
    uint64_t quotient;
    __asm__ volatile("xorl %%edx, %%edx; divq %1" : "=a"(quotient) : "r"(zero), "a"(1ULL) : "rdx", "cc");
}

static NOINLINE void crash_null(void)
{
    struct {
        uint64_t first, second;
    } volatile *nothing = (void *)(uintptr_t)zero;

    nothing->second = 1;
}

/* NOLINTNEXTLINE(misc-no-recursion): overflows the stack on purpose. */
static NOINLINE uint64_t recurse(uint64_t depth)
{
    volatile uint64_t here[16] = { depth };

    /* The sum after the call keeps it from being a jump. */
    return zero != 0 ? depth : recurse(depth + 1) + here[depth % 16];
}

static void crash_stack(void)
{
    zero = recurse(0);
}

static void crash_text(void)
{
    /* NOLINTNEXTLINE(analyzer-write-to-const): faults on purpose. */
    *(volatile uint8_t *)(uintptr_t)crash_text = 0xc3;
}

static void crash_execute(void)
{
    static uint8_t code[] ALIGNED(16) = { 0xc3 }; /* RET */

    ((void (*)(void))(uintptr_t)code)();
}

/* Without a stack, neither the page fault nor a later exception can be delivered on it. */
static void crash_doublefault(void)
{
    /* The builtin makes the function have a frame, which the backtrace needs because RSP is invalid. */
    __asm__ volatile("xorl %%esp, %%esp; pushq $0" ::"r"(__builtin_frame_address(0)) : "memory");
}

static void crash_overrun(void)
{
    char small[16];

    for (volatile unsigned int i = 0; i < 64; i++)
        *(volatile char *)(small + i) = 'A';
}

static void crash_opcode(void)
{
    __asm__ volatile("ud2");
}

static struct spinlock outer = SPINLOCK("crash outer", LOCK_TEST);
/* guarded by outer: nothing. */
static struct spinlock inner = SPINLOCK("crash inner", LOCK_UART);
/* guarded by inner: nothing. */

static void crash_lock(void)
{
    spin_lock(&outer);
    spin_lock(&outer);
    spin_unlock(&outer);
    spin_unlock(&outer);
}

/* Harmless alone; another CPU that takes them in the other order could deadlock with it. */
static void crash_lockorder(void)
{
    spin_lock(&inner);
    spin_lock(&outer);
    spin_unlock(&outer);
    spin_unlock(&inner);
}

static void crash_panic(void)
{
    panic("crash panic: requested by a command");
}

/* As in a thread that a scheduler may migrate. Only a checked build detects it. */
static void crash_percpu(void)
{
    PERCPU_MINE(may_move) = true;
    zero = PERCPU_MINE(cpu_number);
    PERCPU_MINE(may_move) = false;
}

static void (*print_state)(const struct trap_frame *frame);

static void print_state_and_fault(const struct trap_frame *frame)
{
    print_state(frame);
    crash_null();
}

static void crash_twice(void)
{
    print_state = machine_ops.print_state;
    machine_ops.print_state = print_state_and_fault;
    panic("crash twice: the next line is of a fault inside this panic");
}

static const struct {
    const char *name;
    void (*run)(void);
    const char *help; /* description of the fault */
} kinds[] = {
    { "divide", crash_divide, "divide by zero" },
    { "null", crash_null, "write through a null pointer" },
    { "stack", crash_stack, "endless recursion" },
    { "text", crash_text, "write to the kernel's code" },
    { "execute", crash_execute, "execute data" },
    { "doublefault", crash_doublefault, "fault with an invalid stack pointer" },
    { "overrun", crash_overrun, "write past an array on the stack" },
    { "opcode", crash_opcode, "execute an invalid opcode" },
    { "lock", crash_lock, "take a lock twice" },
    { "lockorder", crash_lockorder, "take two locks out of order (found by a checked build)" },
    { "panic", crash_panic, "panic with a message" },
    { "percpu", crash_percpu, "use per-CPU data while free to move (found by a checked build)" },
    { "twice", crash_twice, "fault inside a panic" },
    { "reset", cpu_triple_fault, "triple fault, which cannot be reported" },
};

static status_t command_crash(int argc, char **argv)
{
    if (!arguments_count(argc, argv, 1, 1))
        return STATUS_INVALID;
    for (unsigned int i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(argv[1], kinds[i].name) != 0)
            continue;
        kinds[i].run();
        print("crash %s: still alive: the fault was not detected\n", argv[1]);
        return STATUS_UNSUPPORTED;
    }
    argument_refuse(argv[1], "a kind of fault:");
    for (unsigned int i = 0; i < ARRAY_LEN(kinds); i++)
        print("    %-12s %s\n", kinds[i].name, kinds[i].help);
    return STATUS_INVALID;
}

static const char *crash_words(unsigned int index)
{
    return index < ARRAY_LEN(kinds) ? kinds[index].name : NULL;
}
COMMAND_WITH_WORDS(crash, command_crash, .group = GROUP_TESTS, .arguments = "KIND",
                   .help = "cause a fault on purpose: divide, null, stack, text, execute, doublefault, ...",
                   .example = "crash divide", .see_also = "test", .words = crash_words);

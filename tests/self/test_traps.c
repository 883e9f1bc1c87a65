/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Exceptions and interrupts, raised on purpose and caught again.
 */
#include <ashlar/hw/cpu.h>
#include <ashlar/ktest.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/fixup.h>
#include <trap/traps.h>
#include <panic/stacks.h>
#include <cpu/image.h>

#define FAULT_WRITE_ABSENT    0x02
#define FAULT_WRITE_FORBIDDEN 0x03
#define FAULT_FETCH_FORBIDDEN 0x11

/* In assembly, so that the compiler does not see what the addresses are. */
static void write_byte(void *address)
{
    __asm__ volatile("movb $0x90, (%0)" ::"r"(address) : "memory");
}

static void read_byte(void *address)
{
    __asm__ volatile("movb (%0), %%al" ::"r"(address) : "rax", "memory");
}

static void call_address(void *address)
{
    ((void (*)(void))(uintptr_t)address)();
}

static void raise_breakpoint(void *argument)
{
    (void)argument;
    __asm__ volatile("int3");
}

static void raise_invalid_opcode(void *argument)
{
    (void)argument;
    __asm__ volatile("ud2");
}

static void raise_divide(void *argument)
{
    (void)argument;
    __asm__ volatile("xorl %%ecx, %%ecx; movl $1, %%eax; xorl %%edx, %%edx; divl %%ecx" ::
                         : "rax", "rcx", "rdx", "cc");
}

static void raise_nothing(void *argument)
{
    *(bool *)argument = true;
}

/* Return: whether the attempt ended in @vector; its frame in *caught. */
static bool ends_in(fixup_fn *function, void *argument, uint64_t vector, struct trap_frame *caught)
{
    return !fixup_try(function, argument, caught) && caught->vector == vector;
}

KTEST(traps, breakpoint_is_caught_after_its_instruction)
{
    struct trap_frame caught;

    ASSERT_THAT(ends_in(raise_breakpoint, NULL, TRAP_BREAKPOINT, &caught));
    EXPECT(*(const uint8_t *)(uintptr_t)(caught.rip - 1) == 0xcc);
    EXPECT(caught.error_code == 0);
}

KTEST(traps, invalid_opcode_is_caught_at_its_instruction)
{
    struct trap_frame caught;

    ASSERT_THAT(ends_in(raise_invalid_opcode, NULL, TRAP_INVALID_OPCODE, &caught));
    EXPECT(*(const uint16_t *)(uintptr_t)caught.rip == 0x0b0f);
}

KTEST(traps, division_by_zero_is_caught)
{
    struct trap_frame caught;

    EXPECT(ends_in(raise_divide, NULL, TRAP_DIVIDE, &caught));
}

KTEST(traps, an_access_without_an_exception_returns)
{
    struct trap_frame caught;
    bool has_run = false;

    EXPECT(fixup_try(raise_nothing, &has_run, &caught));
    EXPECT(has_run);
}

static void try_inside(void *argument)
{
    struct trap_frame inner;

    *(bool *)argument = ends_in(raise_invalid_opcode, NULL, TRAP_INVALID_OPCODE, &inner);
    __asm__ volatile("int3");
}

KTEST(traps, fixups_nest)
{
    struct trap_frame outer;
    bool inner_was_caught = false;

    EXPECT(ends_in(try_inside, &inner_was_caught, TRAP_BREAKPOINT, &outer));
    EXPECT(inner_was_caught);
}

KTEST(traps, null_pointers_fault)
{
    struct trap_frame caught;

    ASSERT_THAT(ends_in(write_byte, (void *)16, TRAP_PAGE_FAULT, &caught));
    EXPECT(caught.error_code == FAULT_WRITE_ABSENT);
    EXPECT(cpu_read_cr2() == 16);
}

KTEST(traps, constants_and_code_cannot_be_written)
{
    struct trap_frame caught;
    const uintptr_t targets[] = { (uintptr_t)__rodata_start, (uintptr_t)__rodata_end - 1,
                                  (uintptr_t)__text_start, (uintptr_t)__text_end - 1 };

    for (unsigned int i = 0; i < ARRAY_LEN(targets); i++) {
        const volatile uint8_t *target = (const volatile uint8_t *)targets[i];
        uint8_t before = *target;
        ASSERT_THAT(ends_in(write_byte, (void *)targets[i], TRAP_PAGE_FAULT, &caught));
        EXPECT(caught.error_code == FAULT_WRITE_FORBIDDEN);
        EXPECT(cpu_read_cr2() == targets[i]);
        EXPECT(*target == before);
    }
}

KTEST(traps, data_and_stack_cannot_be_executed)
{
    static uint8_t code[16] = { 0xc3 }; /* RET */
    uint8_t code_on_stack[16] = { 0xc3 };
    uint8_t *const targets[] = { code, code_on_stack };
    struct trap_frame caught;

    if (!cpu_has(CPU_FEATURE_NX))
        SKIP_TEST("this CPU has no NX");
    for (unsigned int i = 0; i < ARRAY_LEN(targets); i++) {
        ASSERT_THAT(ends_in(call_address, targets[i], TRAP_PAGE_FAULT, &caught));
        EXPECT(caught.error_code == FAULT_FETCH_FORBIDDEN);
        EXPECT(caught.rip == (uintptr_t)targets[i]);
    }
}

KTEST(traps, every_stack_has_a_guard)
{
    struct trap_frame caught;
    unsigned int stacks = 0;

    for (const struct stack *stack = stacks_first(); stack; stack = stack->next, stacks++) {
        EXPECT(ends_in(read_byte, virt_to_pointer(virt_sub(stack->bottom, 1)), TRAP_PAGE_FAULT, &caught));
        EXPECT(caught.error_code == 0);
        /* The last word is there: the fault was the guard's. */
        EXPECT(fixup_try(read_byte, virt_to_pointer(stack->bottom), &caught));
    }
    EXPECT(stacks >= 5);
}

KTEST(traps, noncanonical_addresses_fault)
{
    struct trap_frame caught;

    ASSERT_THAT(ends_in(read_byte, (void *)0x0000800000000000, TRAP_PROTECTION, &caught));
    EXPECT(caught.error_code == 0);
}

KTEST(traps, available_protections_are_enabled)
{
    uint64_t cr4 = cpu_read_cr4();

    EXPECT((cpu_read_cr0() & CR0_WP) != 0);
    EXPECT(((cr4 & CR4_SMEP) != 0) == cpu_has(CPU_FEATURE_SMEP));
    EXPECT(((cr4 & CR4_SMAP) != 0) == cpu_has(CPU_FEATURE_SMAP));
    EXPECT(((cr4 & CR4_UMIP) != 0) == cpu_has(CPU_FEATURE_UMIP));
    EXPECT(((cr4 & CR4_PGE) != 0) == cpu_has(CPU_FEATURE_PGE));
    EXPECT(((cpu_read_msr(MSR_EFER) & EFER_NXE) != 0) == cpu_has(CPU_FEATURE_NX));
}

/* INT n; RET, three bytes each, for n = 32 .. 255. */
__asm__(".pushsection .text\n"
        ".type raise_interrupt_stubs, @function\n"
        "raise_interrupt_stubs:\n"
        ".set vector, 32\n"
        ".rept 224\n"
        ".byte 0xcd, vector, 0xc3\n"
        ".set vector, vector + 1\n"
        ".endr\n"
        ".size raise_interrupt_stubs, . - raise_interrupt_stubs\n"
        ".popsection\n");
extern const uint8_t raise_interrupt_stubs[];

static const void *interrupt_stub(unsigned int vector)
{
    return raise_interrupt_stubs + 3 * (vector - TRAP_FIRST_INTERRUPT);
}

static void raise_interrupt(unsigned int vector)
{
    call_address((void *)(uintptr_t)interrupt_stub(vector));
}

KTEST(traps, every_interrupt_without_a_handler_is_counted_once)
{
    for (unsigned int vector = TRAP_FIRST_INTERRUPT; vector < TRAP_VECTORS; vector++) {
        uint64_t before = traps_unexpected_count((uint8_t)vector);

        if (traps_handler((uint8_t)vector))
            continue;
        raise_interrupt(vector);
        EXPECT(traps_unexpected_count((uint8_t)vector) == before + 1);
    }
}

/* The state that a handler saw. One CPU, one test at a time. */
static struct {
    unsigned int count;
    uint64_t vector, rflags, frame_address;
} seen;

static void note(struct trap_frame *frame)
{
    seen.count++;
    seen.vector = frame->vector;
    seen.rflags = cpu_read_rflags();
    seen.frame_address = (uintptr_t)frame;
}

/* Return: the highest unused vector; the tests below borrow it. */
static unsigned int free_vector(void)
{
    unsigned int vector = TRAP_VECTORS - 1;

    while (traps_handler((uint8_t)vector))
        vector--;
    return vector;
}

KTEST(traps, an_interrupt_reaches_its_handler)
{
    unsigned int vector = free_vector();
    uint64_t unexpected = traps_unexpected_count((uint8_t)vector);

    seen.count = 0;
    traps_set_handler((uint8_t)vector, note);
    raise_interrupt(vector);
    traps_set_handler((uint8_t)vector, NULL);
    EXPECT(seen.count == 1);
    EXPECT(seen.vector == vector);
    EXPECT(traps_unexpected_count((uint8_t)vector) == unexpected);
}

KTEST(traps, a_handler_runs_with_clean_flags_on_an_aligned_stack)
{
    unsigned int vector = free_vector();
    const void *stub = interrupt_stub(vector);

    /* Direction and alignment-check flags set, RSP off by one word and then by one byte. */
    static const uint64_t offsets[] = { 8, 1 };

    traps_set_handler((uint8_t)vector, note);
    for (unsigned int i = 0; i < ARRAY_LEN(offsets); i++) {
        seen.count = 0;
        __asm__ volatile("movq %%rsp, %%rbx\n\t"
                         "andq $-16, %%rsp\n\t"
                         "subq %1, %%rsp\n\t"
                         "pushfq\n\t"
                         "orq %2, (%%rsp)\n\t"
                         "popfq\n\t"
                         "call *%0\n\t"
                         "movq %%rbx, %%rsp\n\t"
                         "pushfq\n\t"
                         "andq %3, (%%rsp)\n\t"
                         "popfq"
                         :
                         : "r"(stub), "r"(offsets[i]), "r"((uint64_t)(RFLAGS_DF | RFLAGS_AC)),
                           "r"(~(uint64_t)(RFLAGS_DF | RFLAGS_AC))
                         : "rbx", "memory", "cc");
        EXPECT(seen.count == 1);
        EXPECT((seen.rflags & (RFLAGS_DF | RFLAGS_AC | RFLAGS_IF)) == 0);
        EXPECT(seen.frame_address % 16 == 0);
    }
    traps_set_handler((uint8_t)vector, NULL);
}

/* registers.asm */
void call_with_registers(const uint64_t before[15], uint64_t after[15], const void *target);

/* Writes all registers that an instruction can; the compiler keeps those that are the caller's. */
static void spoil(struct trap_frame *frame)
{
    (void)frame;
    __asm__ volatile("movq $-1, %%rax; movq $-1, %%rbx; movq $-1, %%rcx; movq $-1, %%rdx\n\t"
                     "movq $-1, %%rsi; movq $-1, %%rdi; movq $-1, %%r8; movq $-1, %%r9\n\t"
                     "movq $-1, %%r10; movq $-1, %%r11; movq $-1, %%r12; movq $-1, %%r13\n\t"
                     "movq $-1, %%r14; movq $-1, %%r15" ::
                         : "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
                           "r14", "r15");
}

/* Raises an interrupt with its own value in each register; @after receives what is in them then. */
static void interrupt_with_registers(trap_handler_fn *handler, uint64_t before[15], uint64_t after[15])
{
    unsigned int vector = free_vector();

    for (unsigned int i = 0; i < 15; i++) {
        before[i] = 0x0101010101010101 * (i + 1);
        after[i] = 0;
    }
    traps_set_handler((uint8_t)vector, handler);
    call_with_registers(before, after, interrupt_stub(vector));
    traps_set_handler((uint8_t)vector, NULL);
}

KTEST(traps, an_interrupt_changes_no_register)
{
    uint64_t before[15], after[15];

    interrupt_with_registers(spoil, before, after);
    for (unsigned int i = 0; i < 15; i++)
        EXPECT(after[i] == before[i]);
}

/* The frame's registers in call_with_registers()'s order. */
static void list_registers(struct trap_frame *frame, uint64_t *list[15])
{
    uint64_t *const in_order[15] = { &frame->rax, &frame->rbx, &frame->rcx, &frame->rdx, &frame->rsi,
                                     &frame->rdi, &frame->rbp, &frame->r8,  &frame->r9,  &frame->r10,
                                     &frame->r11, &frame->r12, &frame->r13, &frame->r14, &frame->r15 };

    for (unsigned int i = 0; i < 15; i++)
        list[i] = in_order[i];
}

static uint64_t registers_in_frame[15];

static void negate(struct trap_frame *frame)
{
    uint64_t *list[15];

    list_registers(frame, list);
    for (unsigned int i = 0; i < 15; i++) {
        registers_in_frame[i] = *list[i];
        *list[i] = ~*list[i];
    }
}

KTEST(traps, a_handler_sees_and_changes_the_interrupted_registers)
{
    uint64_t before[15], after[15];

    interrupt_with_registers(negate, before, after);
    for (unsigned int i = 0; i < 15; i++) {
        EXPECT(registers_in_frame[i] == before[i]);
        EXPECT(after[i] == ~before[i]);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The report of an exception. The kernel's state may be corrupt, so it reads memory in two places only: the
 * kernel's code, and the stacks of panic/stacks.h.
 */
#include <trap/trap_report.h>

#include <ashlar/hw/cpu.h>
#include <ashlar/layout.h>
#include <ashlar/mm/paging.h>
#include <ashlar/mm/vrange.h>
#include <cpu/image.h>
#include <cpu/insn.h>
#include <lib/format.h>
#include <lib/machine_ops.h>
#include <lib/string.h>
#include <log/print.h>
#include <panic/backtrace.h>
#include <panic/stacks.h>
#include <cpu/decode.h>
#include <trap/machine_check.h>
#include <cpu/exceptions.h>

/* The width of a screen: three registers a row, and 22 bytes of code; an instruction has at most 15. */
#define ROW_COLUMNS        80
#define REGISTERS_IN_A_ROW 3
#define CODE_BYTES_BEFORE  7
#define CODE_BYTES_FROM    15

/* Never mapped: accesses to members of a struct or elements of an array at NULL are below. */
#define NULL_AREA_END 0x10000

static bool is_in(virt_t address, const uint8_t *start, const uint8_t *end)
{
    return virt_is_in(address, virt_of(start), virt_of(end));
}

static const char *place_in_image(virt_t address)
{
    if (is_in(address, __text_start, __text_end))
        return "the kernel's code";
    if (is_in(address, __rodata_start, __rodata_end))
        return "the kernel's constants";
    if (is_in(address, __data_start, __data_end))
        return "the kernel's data";
    if (is_in(address, __kernel_start, __kernel_end))
        return "between the kernel's segments";
    return "beyond the kernel image";
}

/* The kind of an address, mapped or not. */
static const char *place(virt_t address)
{
    if (virt_is_below(address, virt(NULL_AREA_END)))
        return "null pointer";
    if (!paging_is_canonical(address))
        return "not canonical";
    if (virt_is_below(address, virt(USER_HALF_END)))
        return "the user half, not mapped";
    if (virt_is_in(address, virt(KERNEL_IMAGE_START), virt(KERNEL_IMAGE_END)))
        return place_in_image(address);
#define LAYOUT_PLACE(name, start, end, what)                                                                 \
    if (virt_is_in(address, virt(start), virt(end)))                                                         \
        return what;
    LAYOUT_TABLE(LAYOUT_PLACE)
#undef LAYOUT_PLACE
    return "unused part of the address space";
}

static void print_place(virt_t address)
{
    const struct stack *stack;
    struct vrange_info range;
    bool is_guard;

    if ((stack = stacks_find(address)) != NULL)
        print("the %s stack, %lu of %lu bytes free", stack->name, virt_distance(stack->bottom, address),
              virt_distance(stack->bottom, stack->top));
    else if ((stack = stacks_find_guard(address)) != NULL)
        print("the guard page of the %s stack", stack->name);
    else if (vrange_find(address, &range, &is_guard))
        print("%s %s range %s, at %016lx", is_guard ? "the guard page before the" : "the",
              vrange_kind_words(range.kind), range.name, range.start.raw);
    else
        print("%s", place(address));
}

/*
 * The stack that overflowed, or NULL. A fault in a guard page cannot push its frame onto that stack, and
 * becomes a double fault; CR2 still has the address. It is a page fault if the function accessed memory below
 * the stack before RSP was moved there.
 */
static const struct stack *overflowed_stack(const struct trap_frame *frame)
{
    if (frame->vector != TRAP_PAGE_FAULT && frame->vector != TRAP_DOUBLE_FAULT)
        return NULL;
    return stacks_find_guard(virt(cpu_read_cr2()));
}

void trap_report_headline(const struct trap_frame *frame)
{
    const char *mnemonic = decode_exception_mnemonic(frame->vector);

    print_styled(STYLE_ERROR, "EXCEPTION %lu: %s%s%s%s at %pS\n", frame->vector,
                 decode_exception(frame->vector), *mnemonic ? " (" : "", mnemonic, *mnemonic ? ")" : "",
                 (void *)(uintptr_t)frame->rip);
}

static void print_cause(const struct trap_frame *frame)
{
    const struct stack *stack = overflowed_stack(frame);
    char words[DECODE_MAX];

    if (stack)
        print("  stack overflow: the %s stack grew into its guard page\n", stack->name);
    if (frame->vector < TRAP_FIRST_INTERRUPT && (TRAP_ERROR_CODES >> frame->vector & 1))
        print("  error code 0x%lx: %s\n", frame->error_code,
              decode_error_code(frame->vector, frame->error_code, words, sizeof(words)));
    if (frame->vector == TRAP_PAGE_FAULT || frame->vector == TRAP_DOUBLE_FAULT) {
        print("  %s %016lx: ", frame->vector == TRAP_PAGE_FAULT ? "address" : "last page fault, at",
              cpu_read_cr2());
        print_place(virt(cpu_read_cr2()));
        print("\n");
    }
    if (frame->vector == TRAP_DEBUG)
        print("  dr6 %016lx dr7 %016lx\n", cpu_read_dr6(), cpu_read_dr7());
}

static bool print_register(const char *name, uint64_t value, bool marks)
{
    bool is_odd = marks && !paging_is_canonical(virt(value));
    print("  %-3s %016lx%s", name, value, is_odd ? "!" : "");
    return is_odd;
}

static void print_registers(const struct trap_frame *frame)
{
    const struct {
        const char *name;
        uint64_t value;
    } registers[] = {
        { "rax", frame->rax }, { "rbx", frame->rbx }, { "rcx", frame->rcx }, { "rdx", frame->rdx },
        { "rsi", frame->rsi }, { "rdi", frame->rdi }, { "rbp", frame->rbp }, { "rsp", frame->rsp },
        { "r8", frame->r8 },   { "r9", frame->r9 },   { "r10", frame->r10 }, { "r11", frame->r11 },
        { "r12", frame->r12 }, { "r13", frame->r13 }, { "r14", frame->r14 }, { "r15", frame->r15 },
        { "rip", frame->rip },
    };
    char words[DECODE_MAX];
    bool is_any_odd = false;

    for (unsigned int i = 0; i < ARRAY_LEN(registers); i++) {
        is_any_odd |= print_register(registers[i].name, registers[i].value, frame->vector == TRAP_PROTECTION);
        if (i % REGISTERS_IN_A_ROW == REGISTERS_IN_A_ROW - 1)
            print("\n");
    }
    print("\n");
    if (is_any_odd)
        print("  (! not canonical: the usual cause of this exception)\n");
    print("  rsp is in ");
    print_place(virt(frame->rsp));
    print("\n  rflags %06lx [%s]\n", frame->rflags, decode_rflags(frame->rflags, words, sizeof(words)));
}

/* A register's name, value and decoded bits, in rows of ROW_COLUMNS. */
static void print_words(const char *name, uint64_t value, const char *words)
{
    char start[32];
    size_t column = format_buffer(start, sizeof(start), "  %s %016lx [", name, value);

    print("%s", start);
    while (*words) {
        size_t length = strcspn(words, " ");
        if (column + length + 1 > ROW_COLUMNS) {
            print("\n   ");
            column = 3;
        }
        print(words[length] ? "%.*s " : "%.*s", (int)length, words);
        column += length + 1;
        words += length + (words[length] != '\0');
    }
    print("]\n");
}

static void print_control_registers(void)
{
    char words[DECODE_MAX];

    print_words("cr0", cpu_read_cr0(), decode_cr0(cpu_read_cr0(), words, sizeof(words)));
    print("  cr2 %016lx  cr3 %016lx\n", cpu_read_cr2(), cpu_read_cr3());
    print_words("cr4", cpu_read_cr4(), decode_cr4(cpu_read_cr4(), words, sizeof(words)));
    print_words("efer", cpu_read_msr(MSR_EFER), decode_efer(cpu_read_msr(MSR_EFER), words, sizeof(words)));
}

static void print_segments(uint64_t cs, uint64_t ss)
{
    print("  cs %04lx ss %04lx ds %04x es %04x fs %04x gs %04x\n", cs, ss, cpu_read_ds(), cpu_read_es(),
          cpu_read_fs(), cpu_read_gs());
    print("  fs base %016lx  gs base %016lx\n", cpu_read_msr(MSR_FS_BASE), cpu_read_msr(MSR_GS_BASE));
}

static void print_code(virt_t rip)
{
    if (!is_in(rip, __text_start, __text_end)) {
        print("  code: none, rip is in ");
        print_place(rip);
        print("\n");
        return;
    }
    print("  code:");
    const uint8_t *code = virt_to_pointer(rip);
    for (int at = -CODE_BYTES_BEFORE; at < CODE_BYTES_FROM; at++) {
        if (is_in(virt_of(code + at), __text_start, __text_end))
            print(at == 0 ? " <%02x>" : " %02x", code[at]);
    }
    print("\n");
}

static void print_locks(void)
{
    if (machine_ops.print_locks)
        machine_ops.print_locks();
}

/*
 * At most 24 rows of 80 columns precede the backtrace, so that a screen shows the cause. The cause is
 * repeated after the backtrace, because a long one scrolls it off the screen.
 */
void trap_report(const struct trap_frame *frame)
{
    trap_report_headline(frame);
    print_cause(frame);
    print_registers(frame);
    print_segments(frame->cs, frame->ss);
    print_control_registers();
    print_code(virt(frame->rip));
    backtrace_print_interrupted(virt(frame->rip), virt(frame->rsp), virt(frame->rbp));
    print_locks();
    if (frame->vector == TRAP_MACHINE_CHECK)
        machine_check_report();
    trap_report_headline(frame);
    print_cause(frame);
}

void trap_report_here(void)
{
    print_control_registers();
    backtrace_print(virt_of(__builtin_frame_address(0)));
    print_locks();
}

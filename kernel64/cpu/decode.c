/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of registers, machine checks, exceptions and their error codes.
 *
 * Source of all names: Intel SDM vol. 3A, "Control Registers", "Exception and Interrupt
 * Reference", "Page Attribute Table (PAT)"; vol. 1, "EFLAGS Register"; vol. 4,
 * "Architectural MSRs", IA32_EFER.
 */
#include <cpu/decode.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <cpu/exceptions.h>
#include <cpu/mc_status.h>
#include <lib/format.h>

#include <stdarg.h>

struct bit_name {
    uint64_t bit;
    const char *name;
};

struct text {
    char *buffer;
    size_t size, length;
};

static PRINTF_LIKE(2, 3) void add(struct text *text, const char *format, ...)
{
    va_list arguments;

    if (text->length >= text->size)
        return;
    va_start(arguments, format);
    text->length +=
        format_buffer_v(text->buffer + text->length, text->size - text->length, format, arguments);
    va_end(arguments);
}

static void add_word(struct text *text, const char *word)
{
    add(text, "%s%s", text->length > 0 ? " " : "", word);
}

static const char *name_bits(uint64_t value, const struct bit_name *names, size_t count, char *buffer,
                             size_t size)
{
    struct text text = { buffer, size, 0 };

    if (size > 0)
        buffer[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        if (value & names[i].bit)
            add_word(&text, names[i].name);
        value &= ~names[i].bit;
    }
    if (value)
        add(&text, "%s+0x%lx", text.length > 0 ? " " : "", value);
    return buffer;
}

/* ---- registers ---- */

const char *decode_cr0(uint64_t cr0, char *buffer, size_t size)
{
    static const struct bit_name names[] = {
        { CR0_PG, "PG" }, { CR0_CD, "CD" }, { CR0_NW, "NW" }, { CR0_AM, "AM" },
        { CR0_WP, "WP" }, { CR0_NE, "NE" }, { CR0_ET, "ET" }, { CR0_TS, "TS" },
        { CR0_EM, "EM" }, { CR0_MP, "MP" }, { CR0_PE, "PE" },
    };
    return name_bits(cr0, names, ARRAY_LEN(names), buffer, size);
}

const char *decode_cr4(uint64_t cr4, char *buffer, size_t size)
{
    static const struct bit_name names[] = {
        { BIT(24), "PKS" },        { BIT(23), "CET" },     { BIT(22), "PKE" },   { CR4_SMAP, "SMAP" },
        { CR4_SMEP, "SMEP" },      { BIT(18), "OSXSAVE" }, { BIT(17), "PCIDE" }, { CR4_FSGSBASE, "FSGSBASE" },
        { BIT(14), "SMXE" },       { BIT(13), "VMXE" },    { CR4_LA57, "LA57" }, { CR4_UMIP, "UMIP" },
        { BIT(10), "OSXMMEXCPT" }, { BIT(9), "OSFXSR" },   { BIT(8), "PCE" },    { CR4_PGE, "PGE" },
        { CR4_MCE, "MCE" },        { CR4_PAE, "PAE" },     { CR4_PSE, "PSE" },   { CR4_DE, "DE" },
        { BIT(2), "TSD" },         { BIT(1), "PVI" },      { BIT(0), "VME" },
    };
    return name_bits(cr4, names, ARRAY_LEN(names), buffer, size);
}

const char *decode_efer(uint64_t efer, char *buffer, size_t size)
{
    static const struct bit_name names[] = {
        { BIT(14), "FFXSR" }, { BIT(13), "LMSLE" }, { BIT(12), "SVME" }, { EFER_NXE, "NXE" },
        { EFER_LMA, "LMA" },  { EFER_LME, "LME" },  { EFER_SCE, "SCE" },
    };
    return name_bits(efer, names, ARRAY_LEN(names), buffer, size);
}

const char *decode_rflags(uint64_t rflags, char *buffer, size_t size)
{
    static const struct bit_name names[] = {
        { RFLAGS_ID, "ID" }, { BIT(20), "VIP" },  { BIT(19), "VIF" },  { RFLAGS_AC, "AC" },
        { BIT(17), "VM" },   { BIT(16), "RF" },   { BIT(14), "NT" },   { RFLAGS_DF, "DF" },
        { BIT(11), "OF" },   { RFLAGS_IF, "IF" }, { RFLAGS_TF, "TF" }, { BIT(7), "SF" },
        { BIT(6), "ZF" },    { BIT(4), "AF" },    { BIT(2), "PF" },    { BIT(0), "CF" },
    };
    uint64_t iopl = rflags >> 12 & 3;

    /* Bit 1 is always set; IOPL is a field of two bits. */
    name_bits(rflags & ~(RFLAGS_FIXED | 3 << 12), names, ARRAY_LEN(names), buffer, size);
    if (iopl != 0) {
        struct text text = { buffer, size, 0 };
        while (text.length < size && buffer[text.length] != '\0')
            text.length++;
        add(&text, "%sIOPL=%u", text.length > 0 ? " " : "", (unsigned int)iopl);
    }
    return buffer;
}

const char *decode_pat(uint64_t pat, char *buffer, size_t size)
{
    static const char *const types[8] = { "UC", "WC", "?2", "?3", "WT", "WP", "WB", "UC-" };
    struct text text = { buffer, size, 0 };

    for (unsigned int i = 0; i < 8; i++)
        add_word(&text, types[pat >> (8 * i) & 7]);
    return buffer;
}

/* ---- machine checks ---- */

/* Source: Intel SDM vol. 3B, "Interpreting the MCA Error Codes"; AMD APM vol. 2, "Machine-Check Error
   Codes". */
static const char *machine_check_place(unsigned int code)
{
    static const struct {
        unsigned int mask, value;
        const char *words;
    } places[] = {
        { 0xffff, 0x0000, "no error" },
        { 0xffff, 0x0001, "unclassified error" },
        { 0xffff, 0x0002, "microcode ROM parity error" },
        { 0xffff, 0x0003, "error signalled by another CPU" },
        { 0xffff, 0x0005, "internal parity error" },
        { 0xffff, 0x0400, "internal timer error" },
        { 0xfc00, 0x0400, "internal error" },
        { 0xeffc, 0x000c, "error in the cache hierarchy" },
        { 0xeff0, 0x0010, "error in a translation buffer (TLB)" },
        { 0xef80, 0x0080, "error of the memory controller" },
        { 0xef00, 0x0100, "error in the cache hierarchy" },
        { 0xe800, 0x0800, "error on the bus between CPUs, memory and devices" },
    };

    for (unsigned int i = 0; i < ARRAY_LEN(places); i++) {
        if ((code & places[i].mask) == places[i].value)
            return places[i].words;
    }
    return "error of an unknown kind";
}

const char *decode_machine_check(uint64_t status, char *buffer, size_t size)
{
    struct text text = { buffer, size, 0 };

    add(&text, "%s, %s", machine_check_place((unsigned int)status & 0xffff),
        status & MC_STATUS_UNCORRECTED ? "uncorrected" : "corrected");
    if (status & MC_STATUS_CONTEXT_LOST)
        add(&text, ", processor context corrupt");
    if (status & MC_STATUS_OVERFLOW)
        add(&text, ", overflow: an earlier error is lost");
    return buffer;
}

/* ---- exceptions ---- */

struct exception_name {
    const char *mnemonic, *name;
};

static const struct exception_name exception_names[TRAP_FIRST_INTERRUPT] = {
    [TRAP_DIVIDE] = { "#DE", "divide error" },
    [TRAP_DEBUG] = { "#DB", "debug exception" },
    [TRAP_NMI] = { "NMI", "non-maskable interrupt" },
    [TRAP_BREAKPOINT] = { "#BP", "breakpoint" },
    [TRAP_OVERFLOW] = { "#OF", "overflow" },
    [TRAP_BOUND] = { "#BR", "bound range exceeded" },
    [TRAP_INVALID_OPCODE] = { "#UD", "invalid opcode" },
    [TRAP_NO_FPU] = { "#NM", "floating-point unit not available" },
    [TRAP_DOUBLE_FAULT] = { "#DF", "double fault" },
    [9] = { "", "coprocessor segment overrun" },
    [TRAP_INVALID_TSS] = { "#TS", "invalid TSS" },
    [TRAP_SEGMENT] = { "#NP", "segment not present" },
    [TRAP_STACK_SEGMENT] = { "#SS", "stack-segment fault" },
    [TRAP_PROTECTION] = { "#GP", "general protection fault" },
    [TRAP_PAGE_FAULT] = { "#PF", "page fault" },
    [TRAP_FPU] = { "#MF", "x87 floating-point error" },
    [TRAP_ALIGNMENT] = { "#AC", "alignment check" },
    [TRAP_MACHINE_CHECK] = { "#MC", "machine check" },
    [TRAP_SIMD] = { "#XM", "SIMD floating-point error" },
    [TRAP_VIRTUALIZATION] = { "#VE", "virtualization exception" },
    [TRAP_CONTROL_PROTECTION] = { "#CP", "control protection exception" },
    [TRAP_HYPERVISOR] = { "#HV", "hypervisor injection exception" },
    [TRAP_VMM] = { "#VC", "VMM communication exception" },
    [TRAP_SECURITY] = { "#SX", "security exception" },
};

const char *decode_exception(uint64_t vector)
{
    if (vector >= TRAP_FIRST_INTERRUPT)
        return "interrupt";
    return exception_names[vector].name ? exception_names[vector].name : "reserved exception";
}

const char *decode_exception_mnemonic(uint64_t vector)
{
    if (vector >= TRAP_FIRST_INTERRUPT || !exception_names[vector].mnemonic)
        return "";
    return exception_names[vector].mnemonic;
}

/* Source: Intel SDM vol. 3A, "Interrupt 14-Page-Fault Exception (#PF)". */
#define PAGE_FAULT_PRESENT  BIT(0)
#define PAGE_FAULT_WRITE    BIT(1)
#define PAGE_FAULT_USER     BIT(2)
#define PAGE_FAULT_RESERVED BIT(3)
#define PAGE_FAULT_FETCH    BIT(4)
#define PAGE_FAULT_KEY      BIT(5)
#define PAGE_FAULT_SHADOW   BIT(6)

static void page_fault_text(struct text *text, uint64_t code)
{
    const char *access = code & PAGE_FAULT_FETCH   ? "instruction fetch from"
                         : code & PAGE_FAULT_WRITE ? "write to"
                                                   : "read of";
    const char *page = code & PAGE_FAULT_RESERVED  ? "a page whose tables have a reserved bit set"
                       : code & PAGE_FAULT_PRESENT ? "a page that does not permit it"
                                                   : "a page that is not present";

    add(text, "%s %s, by %s", access, page, code & PAGE_FAULT_USER ? "user code" : "the kernel");
    if (code & PAGE_FAULT_KEY)
        add(text, ", protection key");
    if (code & PAGE_FAULT_SHADOW)
        add(text, ", shadow stack");
}

/* Source: Intel SDM vol. 3A, "Error Code". */
#define SELECTOR_EXTERNAL BIT(0)
#define SELECTOR_IDT      BIT(1)
#define SELECTOR_LDT      BIT(2)

static void selector_words(struct text *text, uint64_t code)
{
    unsigned int entry = (unsigned int)(code >> 3 & 0x1fff);

    if (code == 0)
        add(text, "no selector");
    else if (code & SELECTOR_IDT)
        add(text, "gate of vector %#x in the IDT", entry);
    else
        add(text, "selector 0x%x, entry %u of the %s", entry << 3, entry,
            code & SELECTOR_LDT ? "LDT" : "GDT");
    if (code & SELECTOR_EXTERNAL)
        add(text, ", during delivery of an external event");
}

const char *decode_error_code(uint64_t vector, uint64_t error_code, char *buffer, size_t size)
{
    struct text text = { buffer, size, 0 };

    switch (vector) {
    case TRAP_PAGE_FAULT:
        page_fault_text(&text, error_code);
        break;
    case TRAP_INVALID_TSS:
    case TRAP_SEGMENT:
    case TRAP_STACK_SEGMENT:
    case TRAP_PROTECTION:
        selector_words(&text, error_code);
        break;
    case TRAP_DOUBLE_FAULT:
    case TRAP_ALIGNMENT:
        add(&text, "always 0");
        break;
    case TRAP_CONTROL_PROTECTION:
    case TRAP_VMM:
    case TRAP_SECURITY:
        add(&text, "0x%lx", error_code);
        break;
    default:
        add(&text, "none");
        break;
    }
    return buffer;
}

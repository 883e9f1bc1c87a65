/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands `cpuid`, `msr`, `in` and `out`: registers of the CPU that runs the monitor, and I/O ports.
 *
 * RDMSR and WRMSR raise #GP for a register that the CPU does not have or a value that it refuses, so they run
 * with a fixup. An access to an I/O port never faults in the kernel; a read may have side effects in the
 * device.
 */
#include <ashlar/command.h>
#include <ashlar/io.h>
#include <cpu/features.h>
#include <cpu/fixup.h>
#include <cpu/insn.h>
#include <lib/parse.h>
#include <log/print.h>

/* ---- cpuid ---- */

static void print_leaf(uint32_t leaf, uint32_t subleaf)
{
    struct cpuid_result r = cpu_cpuid(leaf, subleaf);
    const uint32_t words[] = { r.eax, r.ebx, r.ecx, r.edx };
    char text[sizeof(words) + 1];
    for (size_t i = 0; i < sizeof(words); i++) {
        char c = (char)(words[i / 4] >> 8 * (i % 4));
        text[i] = c >= 0x20 && c < 0x7f ? c : '.';
    }
    text[sizeof(words)] = '\0';
    print("%08x %2x  %08x %08x %08x %08x  %s\n", leaf, subleaf, r.eax, r.ebx, r.ecx, r.edx, text);
}

/* Leaves of a range that are shown. */
#define LEAVES_MAX 0x40u

/* The first leaf gives the last one; without the range, it returns a number outside it. */
static void print_range(uint32_t first)
{
    uint32_t last = cpu_cpuid(first, 0).eax;
    for (uint32_t leaf = first; leaf <= last && last - first < 0x10000 && leaf - first < LEAVES_MAX; leaf++)
        print_leaf(leaf, 0);
}

static status_t command_cpuid(int argc, char **argv)
{
    uint64_t leaf, subleaf = 0;
    if (argc > 3 || (argc > 1 && (parse_number(argv[1], &leaf) != STATUS_OK || leaf > UINT32_MAX)) ||
        (argc > 2 && (parse_number(argv[2], &subleaf) != STATUS_OK || subleaf > UINT32_MAX)))
        return STATUS_INVALID;
    print("leaf    sub  eax      ebx      ecx      edx\n");
    if (argc > 1) {
        print_leaf((uint32_t)leaf, (uint32_t)subleaf);
        return STATUS_OK;
    }
    print_range(0);
    if (cpu_has(CPU_FEATURE_HYPERVISOR))
        print_range(0x40000000);
    print_range(0x80000000);
    return STATUS_OK;
}
COMMAND(cpuid, command_cpuid, .group = GROUP_PROCESSORS, .arguments = "[LEAF [SUBLEAF]]",
        .help = "CPUID: all leaves, or one", .example = "cpuid 7 0", .see_also = "cpu msr");

/* ---- msr ---- */

struct msr {
    uint32_t number;
    uint64_t value;
};

static void read_msr(void *argument)
{
    struct msr *msr = argument;
    msr->value = cpu_read_msr(msr->number);
}

static void write_msr(void *argument)
{
    const struct msr *msr = argument;
    cpu_write_msr(msr->number, msr->value);
}

static status_t command_msr(int argc, char **argv)
{
    struct msr msr = { .number = 0 };
    struct trap_frame frame;
    uint64_t number;
    if (argc < 2 || argc > 3 || parse_number(argv[1], &number) != STATUS_OK || number > UINT32_MAX ||
        (argc > 2 && parse_number(argv[2], &msr.value) != STATUS_OK))
        return STATUS_INVALID;
    msr.number = (uint32_t)number;
    if (!fixup_try(argc > 2 ? write_msr : read_msr, &msr, &frame)) {
        print("msr %#x: refused by the CPU or the hypervisor (#GP)\n", msr.number);
        return STATUS_UNSUPPORTED;
    }
    print("msr %#x %s %#018lx\n", msr.number, argc > 2 ? "set to" : "is", msr.value);
    return STATUS_OK;
}
COMMAND(msr, command_msr, .group = GROUP_PROCESSORS, .arguments = "NUMBER [VALUE]",
        .help = "read or write a model-specific register of this CPU", .example = "msr 0x1b",
        .see_also = "regs cpuid in peek");

/* ---- in, out ---- */

static bool parse_port(const char *text, const char *width_text, uint16_t *port, unsigned int *width)
{
    uint64_t number, bytes = 1;
    if (parse_number(text, &number) != STATUS_OK || number > UINT16_MAX ||
        (width_text && parse_number(width_text, &bytes) != STATUS_OK) ||
        (bytes != 1 && bytes != 2 && bytes != 4))
        return false;
    *port = (uint16_t)number;
    *width = (unsigned int)bytes;
    return true;
}

static status_t command_in(int argc, char **argv)
{
    uint16_t port;
    unsigned int width;
    if (argc < 2 || argc > 3 || !parse_port(argv[1], argc > 2 ? argv[2] : NULL, &port, &width))
        return STATUS_INVALID;
    uint32_t value = width == 1 ? io_in8(port) : width == 2 ? io_in16(port) : io_in32(port);
    print("port %#x is %#0*x\n", port, (int)width * 2 + 2, value);
    return STATUS_OK;
}
COMMAND(in, command_in, .group = GROUP_MACHINE, .arguments = "PORT [WIDTH]",
        .help = "read an I/O port, in WIDTH 1, 2 or 4 bytes", .example = "in 0x71",
        .see_also = "out msr peek");

static status_t command_out(int argc, char **argv)
{
    uint16_t port;
    unsigned int width;
    uint64_t value;
    if (argc < 3 || argc > 4 || !parse_port(argv[1], argc > 3 ? argv[3] : NULL, &port, &width) ||
        parse_number(argv[2], &value) != STATUS_OK || value >> 8 * width != 0)
        return STATUS_INVALID;
    if (width == 1)
        io_out8(port, (uint8_t)value);
    else if (width == 2)
        io_out16(port, (uint16_t)value);
    else
        io_out32(port, (uint32_t)value);
    return STATUS_OK;
}
COMMAND(out, command_out, .group = GROUP_MACHINE, .arguments = "PORT VALUE [WIDTH]",
        .help = "write an I/O port, in WIDTH 1, 2 or 4 bytes", .example = "out 0x80 0x42",
        .see_also = "in msr poke");

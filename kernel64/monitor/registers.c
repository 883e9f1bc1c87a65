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
#include <log/arguments.h>
#include <log/print.h>
#include <monitor/address.h>

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

/* Above the last leaf, some CPUs return zeros and others the data of their last basic leaf. The ranges of
   hypervisors, from 0x40000000 on, may have gaps, and are not judged. Source: Intel SDM vol. 2A, "CPUID-CPU
   Identification". */
static void warn_of_unknown(uint32_t leaf)
{
    uint32_t last = cpu_cpuid(leaf & 0x80000000, 0).eax;
    if (!(leaf & 0x40000000) && leaf > last)
        print("leaf %#x is above the last one, %#x: these values mean nothing\n", leaf, last);
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
    if (!arguments_count(argc, argv, 0, 2) ||
        (argc > 1 && !argument_number(argv[1], "a leaf", 0, UINT32_MAX, &leaf)) ||
        (argc > 2 && !argument_number(argv[2], "a subleaf", 0, UINT32_MAX, &subleaf)))
        return STATUS_INVALID;
    print_styled(STYLE_HEADLINE, "leaf    sub  eax      ebx      ecx      edx\n");
    if (argc > 1) {
        print_leaf((uint32_t)leaf, (uint32_t)subleaf);
        warn_of_unknown((uint32_t)leaf);
        return STATUS_OK;
    }
    print_range(0);
    if (cpu_has(CPU_FEATURE_HYPERVISOR))
        print_range(0x40000000);
    print_range(0x80000000);
    return STATUS_OK;
}
COMMAND_LIST(cpuid, command_cpuid, .group = GROUP_PROCESSORS, .arguments = "[LEAF [SUBLEAF]]",
             .help = "CPUID: all leaves, or one", .example = "cpuid 7 0", .see_also = "cpu msr",
             .words = NULL);

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
    if (!arguments_count(argc, argv, 1, 2) ||
        !argument_number(argv[1], "a register's number", 0, UINT32_MAX, &number) ||
        (argc > 2 && !argument_number(argv[2], "a value", 0, UINT64_MAX, &msr.value)))
        return STATUS_INVALID;
    msr.number = (uint32_t)number;
    if (!fixup_try(argc > 2 ? write_msr : read_msr, &msr, &frame)) {
        print_styled(STYLE_ERROR, "msr %#x: refused by the CPU or the hypervisor (#GP)\n", msr.number);
        return STATUS_UNSUPPORTED;
    }
    print("msr %#x %s 0x%016lx\n", msr.number, argc > 2 ? "set to" : "is", msr.value);
    return STATUS_OK;
}
COMMAND(msr, command_msr, .group = GROUP_PROCESSORS, .arguments = "NUMBER [VALUE]",
        .help = "read or write a model-specific register of this CPU", .example = "msr 0x1b",
        .see_also = "regs cpuid in peek");

/* ---- in, out ---- */

static status_t command_in(int argc, char **argv)
{
    uint64_t number;
    unsigned int width = 1;
    if (!arguments_count(argc, argv, 1, 2) || !argument_number(argv[1], "a port", 0, UINT16_MAX, &number) ||
        (argc > 2 && !address_read_width(argv[2], 4, &width)))
        return STATUS_INVALID;
    uint16_t port = (uint16_t)number;
    uint32_t value = width == 1 ? io_in8(port) : width == 2 ? io_in16(port) : io_in32(port);
    print("port %#x is %#0*x\n", port, (int)width * 2 + 2, value);
    return STATUS_OK;
}
COMMAND(in, command_in, .group = GROUP_MACHINE, .arguments = "PORT [WIDTH]",
        .help = "read an I/O port, in WIDTH 1, 2 or 4 bytes", .example = "in 0x71",
        .see_also = "out msr peek");

static status_t command_out(int argc, char **argv)
{
    uint64_t number, value;
    unsigned int width = 1;
    if (!arguments_count(argc, argv, 2, 3) || !argument_number(argv[1], "a port", 0, UINT16_MAX, &number) ||
        (argc > 3 && !address_read_width(argv[3], 4, &width)) || !address_read_value(argv[2], width, &value))
        return STATUS_INVALID;
    uint16_t port = (uint16_t)number;
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

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands `peek` and `poke`. Each access has exactly the width that was asked for, because it may be of
 * a device's register, and may fault.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <cpu/fixup.h>
#include <cpu/trap_frame.h>
#include <log/arguments.h>
#include <log/print.h>
#include <monitor/address.h>

/* Of a row, so that it fits 80 columns with its address. */
#define PEEK_UNITS 8
#define PEEK_ROW   16 /* bytes */

#define PEEK_MAX 65536

struct access {
    uint64_t address; /* virtual */
    unsigned int width;
    uint64_t value;
};

static void read_value(void *argument)
{
    struct access *access = argument;
    const volatile void *at = (const volatile void *)(uintptr_t)access->address;

    switch (access->width) {
    case 1:
        access->value = *(const volatile uint8_t *)at;
        break;
    case 2:
        access->value = *(const volatile uint16_t *)at;
        break;
    case 4:
        access->value = *(const volatile uint32_t *)at;
        break;
    default:
        access->value = *(const volatile uint64_t *)at;
        break;
    }
}

static void write_value(void *argument)
{
    const struct access *access = argument;
    volatile void *at = (volatile void *)(uintptr_t)access->address;

    switch (access->width) {
    case 1:
        *(volatile uint8_t *)at = (uint8_t)access->value;
        break;
    case 2:
        *(volatile uint16_t *)at = (uint16_t)access->value;
        break;
    case 4:
        *(volatile uint32_t *)at = (uint32_t)access->value;
        break;
    default:
        *(volatile uint64_t *)at = access->value;
        break;
    }
}

/* ---- peek ---- */

static unsigned int row_bytes(unsigned int width)
{
    return width * PEEK_UNITS < PEEK_ROW ? width * PEEK_UNITS : PEEK_ROW;
}

/* Prints up to a row of values. @shown: the address in the row's heading. Return: false at the first address
   that cannot be read. */
static bool peek_row(uint64_t address, uint64_t shown, bool is_physical, uint64_t size, unsigned int width)
{
    char text[PEEK_ROW + 1] = "";
    uint64_t done = 0;

    print("%s%016lx ", is_physical ? "P" : "", shown);
    while (done < size) {
        struct access access = { .address = address + done, .width = width };
        struct trap_frame frame;
        if (!fixup_try(read_value, &access, &frame))
            break;
        print(" %0*lx", (int)width * 2, access.value);
        for (unsigned int i = 0; i < width; i++) {
            char c = (char)(access.value >> 8 * i);
            text[done + i] = c >= 0x20 && c < 0x7f ? c : '.';
        }
        done += width;
    }
    text[done] = '\0';
    for (uint64_t i = done; i < row_bytes(width); i += width)
        print(" %*s", (int)width * 2, "");
    print("  %s\n", text);
    return done >= size;
}

static status_t command_peek(int argc, char **argv)
{
    uint64_t shown, end, count = 64;
    unsigned int width = 1;
    struct address_window window = { .mapped = NULL };
    bool is_physical, is_read = true;

    if (!arguments_count(argc, argv, 1, 3) || !address_read(argv[1], &shown, &is_physical) ||
        (argc > 2 && !argument_number(argv[2], "a count of bytes", 1, PEEK_MAX, &count)) ||
        (argc > 3 && !address_read_width(argv[3], 8, &width)))
        return STATUS_INVALID;
    count = align_up(count, width);
    if (!add_fits(shown, count, &end)) {
        argument_refuse(argv[1], "an address with %lu bytes from it on", count);
        return STATUS_INVALID;
    }
    uint64_t address = shown;
    if (is_physical) {
        if (address_map(phys(shown), count, false, &window) != STATUS_OK)
            return STATUS_NOT_FOUND;
        address = (uintptr_t)window.bytes;
    }
    for (uint64_t done = 0; is_read && done < count; done += row_bytes(width)) {
        uint64_t left = count - done, size = left < row_bytes(width) ? left : row_bytes(width);
        is_read = peek_row(address + done, shown + done, is_physical, size, width);
    }
    address_unmap(&window);
    if (!is_read)
        print_styled(STYLE_ERROR, "the next address cannot be read: not mapped, or not canonical%s\n",
                     !is_physical && shown < USER_HALF_END ? "; P0x... is physical" : "");
    return is_read ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND(peek, command_peek, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION [BYTES [WIDTH]]",
        .help = "memory at a virtual address, or a physical one (P0xN), in units of WIDTH 1, 2, 4 or 8",
        .example = "peek P0xffff0 16", .see_also = "poke walk in msr");

/* ---- poke ---- */

static status_t command_poke(int argc, char **argv)
{
    uint64_t address;
    unsigned int width = 1;
    struct address_window window = { .mapped = NULL };
    struct access access;
    struct trap_frame frame;
    bool is_physical;

    if (!arguments_count(argc, argv, 2, 3) || !address_read(argv[1], &address, &is_physical) ||
        (argc > 3 && !address_read_width(argv[3], 8, &width)) ||
        !address_read_value(argv[2], width, &access.value))
        return STATUS_INVALID;
    if (is_physical) {
        if (address_map(phys(address), width, true, &window) != STATUS_OK)
            return STATUS_NOT_FOUND;
        address = (uintptr_t)window.bytes;
    }
    access.address = address;
    access.width = width;
    bool is_written = fixup_try(write_value, &access, &frame);
    address_unmap(&window);
    if (!is_written)
        print_styled(STYLE_ERROR, "%016lx cannot be written: not mapped, read-only, or not canonical\n",
                     address);
    return is_written ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND(poke, command_poke, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION VALUE [WIDTH]",
        .help = "write VALUE to memory, in WIDTH 1, 2, 4 or 8 bytes", .example = "poke P0x100200 0x5a",
        .see_also = "peek walk out msr");

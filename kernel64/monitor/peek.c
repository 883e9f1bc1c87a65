/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The commands `peek` and `poke`. Each access has exactly the width that was asked for, because it may be of
 * a device's register, and may fault.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <cpu/fixup.h>
#include <cpu/trap_frame.h>
#include <lib/parse.h>
#include <log/print.h>
#include <monitor/address.h>

#define PEEK_ROW 16
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

static bool is_width(uint64_t width)
{
    return width <= 8 && is_power_of_two(width);
}

/* ---- peek ---- */

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
    for (uint64_t i = done; i < PEEK_ROW; i += width)
        print(" %*s", (int)width * 2, "");
    print("  %s\n", text);
    return done >= size;
}

static status_t command_peek(int argc, char **argv)
{
    uint64_t shown, end, count = 64, width = 1;
    struct address_window window = { .mapped = NULL };
    bool is_physical, is_read = true;

    if (argc < 2 || argc > 4 || address_read(argv[1], &shown, &is_physical) != STATUS_OK ||
        (argc > 2 && parse_number(argv[2], &count) != STATUS_OK) ||
        (argc > 3 && parse_number(argv[3], &width) != STATUS_OK) || !is_width(width) || count == 0 ||
        count > PEEK_MAX)
        return STATUS_INVALID;
    count = align_up(count, width);
    if (!add_fits(shown, count, &end))
        return STATUS_INVALID;
    uint64_t address = shown;
    if (is_physical) {
        if (address_map(phys(shown), count, false, &window) != STATUS_OK)
            return STATUS_NOT_FOUND;
        address = (uintptr_t)window.bytes;
    }
    for (uint64_t done = 0; is_read && done < count; done += PEEK_ROW) {
        uint64_t left = count - done;
        is_read = peek_row(address + done, shown + done, is_physical, left < PEEK_ROW ? left : PEEK_ROW,
                           (unsigned int)width);
    }
    address_unmap(&window);
    if (!is_read)
        print("the next address cannot be read: not mapped, or not canonical\n");
    return is_read ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND(peek, command_peek, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION [BYTES [WIDTH]]",
        .help = "memory at a virtual address, or a physical one (P0xN), in units of WIDTH 1, 2, 4 or 8",
        .example = "peek P0xffff0 16", .see_also = "poke walk in msr");

/* ---- poke ---- */

static status_t command_poke(int argc, char **argv)
{
    uint64_t address, width = 1;
    struct address_window window = { .mapped = NULL };
    struct access access;
    struct trap_frame frame;
    bool is_physical;

    if (argc < 3 || argc > 4 || address_read(argv[1], &address, &is_physical) != STATUS_OK ||
        parse_number(argv[2], &access.value) != STATUS_OK ||
        (argc > 3 && parse_number(argv[3], &width) != STATUS_OK) || !is_width(width) ||
        (width < 8 && access.value >> 8 * width != 0))
        return STATUS_INVALID;
    if (is_physical) {
        if (address_map(phys(address), width, true, &window) != STATUS_OK)
            return STATUS_NOT_FOUND;
        address = (uintptr_t)window.bytes;
    }
    access.address = address;
    access.width = (unsigned int)width;
    bool is_written = fixup_try(write_value, &access, &frame);
    address_unmap(&window);
    if (!is_written)
        print("%016lx cannot be written: not mapped, read-only, or not canonical\n", address);
    return is_written ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND(poke, command_poke, .group = GROUP_MEMORY, .arguments = "ADDRESS|FUNCTION VALUE [WIDTH]",
        .help = "write VALUE to memory, in WIDTH 1, 2, 4 or 8 bytes", .example = "poke P0x100200 0x5a",
        .see_also = "peek walk out msr");

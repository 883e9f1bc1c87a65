/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For reading, memory is mapped as a table is, so the first MiB and memory of the firmware may be read. For
 * writing, it is mapped as registers are, and must be outside all RAM.
 */
#include <monitor/address.h>

#include <ashlar/bits.h>
#include <ashlar/mm/vrange.h>
#include <boot/machine.h>
#include <cpu/physical.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <panic/symbols.h>
#include <vm/address_space.h>
#include <vm/device_map.h>

#define ADDRESS_DIGITS 16

/* As rows of memory, tables and backtraces have them: 16 hexadecimal digits and no 0x. */
static status_t read_digits(const char *text, uint64_t *number)
{
    char prefixed[] = "0x0123456789abcdef";
    if (strlen(text) != ADDRESS_DIGITS)
        return STATUS_INVALID;
    memcpy(prefixed + 2, text, ADDRESS_DIGITS);
    return parse_number(prefixed, number);
}

static status_t read_address(const char *text, bool is_physical, virt_t *number)
{
    if (read_digits(text, &number->raw) == STATUS_OK)
        return STATUS_OK;
    return is_physical ? parse_number(text, &number->raw) : symbol_read_address(text, number);
}

bool address_read(const char *text, uint64_t *address, bool *is_physical)
{
    virt_t number;
    bool has_prefix = (text[0] == 'P' || text[0] == 'p') && text[1] >= '0' && text[1] <= '9';
    status_t status = read_address(has_prefix ? text + 1 : text, has_prefix, &number);
    if (status != STATUS_OK) {
        argument_refuse(text, "an address: a number, P0x... for a physical one, or a function's name");
        return false;
    }
    *address = number.raw;
    *is_physical = has_prefix;
    return true;
}

bool address_read_width(const char *text, unsigned int most, unsigned int *width)
{
    uint64_t number;
    if (parse_number(text, &number) == STATUS_OK && number <= most && is_power_of_two(number)) {
        *width = (unsigned int)number;
        return true;
    }
    argument_refuse(text, "a width: 1, 2%s bytes", most == 8 ? ", 4 or 8" : " or 4");
    return false;
}

bool address_read_value(const char *text, unsigned int width, uint64_t *value)
{
    static const char *const names[] = {
        [1] = "a value of 1 byte", [2] = "a value of 2 bytes", [4] = "a value of 4 bytes", [8] = "a value"
    };
    return argument_number(text, names[width], 0, UINT64_MAX >> (64 - 8 * width), value);
}

/* Whether the direct map has the address. */
static bool is_ram(phys_t address)
{
    size_t count;
    const struct memmap_range *ranges = machine_map(&count);
    for (size_t i = 0; i < count; i++)
        if (ranges[i].kind <= MEMMAP_LAST_RAM && phys_range_contains(memmap_extent(&ranges[i]), address))
            return phys_is_below(address, address_space_ram_end());
    return false;
}

status_t address_map(phys_t address, size_t size_bytes, bool is_written, struct address_window *window)
{
    window->mapped = NULL;
    if (is_ram(address)) {
        window->bytes = phys_to_pointer(address);
        return STATUS_OK;
    }
    if (is_written)
        window->mapped = device_map(address, size_bytes, PAGE_WRITE | PAGE_UNCACHED, "poke");
    else
        window->mapped = (void *)(uintptr_t)device_map_table(address, size_bytes, "peek");
    window->bytes = window->mapped;
    if (!window->mapped)
        print_styled(STYLE_ERROR,
                     "P%#lx cannot be %s: nothing can be there, or it is not the monitor's to access\n",
                     address.raw, is_written ? "written" : "read");
    return window->mapped ? STATUS_OK : STATUS_NOT_FOUND;
}

void address_unmap(struct address_window *window)
{
    if (window->mapped)
        device_unmap(window->mapped);
}

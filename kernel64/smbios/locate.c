/* SPDX-License-Identifier: BSD-2-Clause */
/* From an address to modules, by handles: type 20 -> 17, or type 19 -> 16 <- 17. */
#include <smbios/locate.h>

#include <ashlar/fmt/smbios.h>
#include <lib/format.h>
#include <smbios/decode.h>

struct found {
    char *text;
    size_t length;
    unsigned int count;
};

static void add(struct found *found, const struct smbios_structure *structure)
{
    struct smbios_device device;
    smbios_read_device(structure, &device);
    if (!device.is_populated)
        return;
    size_t space = SMBIOS_MODULES_TEXT - found->length;
    size_t added = format_buffer(found->text + found->length, space, "%s%s", found->count ? " or " : "",
                                 device.locator[0] ? device.locator : "a module without a name");
    found->length += added < space ? added : space - 1;
    found->count++;
}

/* All devices with @handle, or of the array @handle. */
static void add_devices(const struct smbios_table *table, uint16_t handle, bool is_array, struct found *found)
{
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    while (smbios_next_of(table, SMBIOS_TYPE_MEMORY_DEVICE, &cursor, &structure))
        if ((is_array ? smbios_u16(&structure, SMBIOS_DEVICE_ARRAY) : structure.handle) == handle)
            add(found, &structure);
}

unsigned int smbios_find_modules(const struct smbios_table *table, phys_t address,
                                 char text[SMBIOS_MODULES_TEXT])
{
    struct found found = { .text = text };
    struct smbios_cursor cursor = { 0 };
    struct smbios_structure structure;
    struct smbios_range range;
    text[0] = '\0';
    if (!table)
        return 0;
    while (smbios_next_of(table, SMBIOS_TYPE_MEMORY_MAPPED, &cursor, &structure)) {
        smbios_read_mapped(&structure, &range);
        if (phys_range_contains(range.addresses, address))
            add_devices(table, range.array, false, &found);
    }
    cursor = (struct smbios_cursor){ 0 };
    while (found.count == 0 && smbios_next_of(table, SMBIOS_TYPE_MEMORY_RANGE, &cursor, &structure)) {
        smbios_read_range(&structure, &range);
        if (phys_range_contains(range.addresses, address))
            add_devices(table, range.array, true, &found);
    }
    return found.count;
}

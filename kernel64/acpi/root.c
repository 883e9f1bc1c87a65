/* SPDX-License-Identifier: BSD-2-Clause */
/* Search for the RSDP: the loader's first, then the legacy areas. */
#include <acpi/root.h>

#include <acpi/index.h>
#include <ashlar/fmt/acpi.h>

status_t acpi_root_at(acpi_read_fn *read, phys_t address, struct acpi_root *root)
{
    const void *bytes = read(address, ACPI_RSDP_V2_SIZE);
    return bytes && acpi_parse_root_pointer(bytes, ACPI_RSDP_V2_SIZE, root) == STATUS_OK ? STATUS_OK
                                                                                         : STATUS_NOT_FOUND;
}

status_t acpi_locate_root(const struct boot_info *info, acpi_read_fn *read, struct acpi_root *root)
{
    struct acpi_root found[3];
    size_t count = 0;
    if (info->rsdp.data &&
        acpi_parse_root_pointer(info->rsdp.data, info->rsdp.size_bytes, &found[count]) == STATUS_OK)
        count++;
    if (phys_is_valid(info->rsdp_address) &&
        acpi_root_at(read, info->rsdp_address, &found[count]) == STATUS_OK)
        count++;
    /* The scan is slow, so it is done only if no candidate is good. */
    for (size_t i = 0; i < count; i++) {
        if (!acpi_root_leads_nowhere(read, &found[i])) {
            *root = found[i];
            return STATUS_OK;
        }
    }
    if (acpi_scan_root_pointer(read, &found[count]) == STATUS_OK &&
        (count == 0 || !acpi_root_leads_nowhere(read, &found[count]))) {
        *root = found[count];
        return STATUS_OK;
    }
    if (count == 0)
        return STATUS_NOT_FOUND;
    *root = found[0];
    return STATUS_OK;
}

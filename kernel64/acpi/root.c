/* SPDX-License-Identifier: BSD-2-Clause */
/* The ways to the ACPI root, best first. */
#include <acpi/root.h>

#include <ashlar/fmt/acpi.h>

status_t acpi_root_at(acpi_read_fn *read, phys_t address, struct acpi_root *root)
{
    const void *bytes = read(address, ACPI_RSDP_V2_SIZE);
    return bytes && acpi_parse_root_pointer(bytes, ACPI_RSDP_V2_SIZE, root) == STATUS_OK ? STATUS_OK : STATUS_NOT_FOUND;
}

status_t acpi_locate_root(const struct boot_info *info, acpi_read_fn *read, struct acpi_root *root)
{
    if (info->rsdp.data && acpi_parse_root_pointer(info->rsdp.data, info->rsdp.size_bytes, root) == STATUS_OK)
        return STATUS_OK;
    if (phys_is_valid(info->rsdp_address) && acpi_root_at(read, info->rsdp_address, root) == STATUS_OK)
        return STATUS_OK;
    return acpi_scan_root_pointer(read, root);
}

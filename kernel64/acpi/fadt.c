/* SPDX-License-Identifier: BSD-2-Clause */
/* The FADT, field by field; what is past the table's end reads as 0. */
#include <acpi/fadt.h>
#include <ashlar/fmt/acpi.h>

/* Two fields for one address; the 64-bit one is used where it exists and is not 0. */
static phys_t wide_or_narrow(const struct acpi_view *view, size_t wide, size_t narrow)
{
    uint64_t address = acpi_view_u64(view, wide);
    return phys(address != 0 ? address : acpi_view_u32(view, narrow));
}

status_t fadt_parse(const void *data, size_t size_bytes, struct fadt *fadt)
{
    struct acpi_view view;
    status_t status = acpi_view_table(data, size_bytes, "FACP", ACPI_FADT_MINIMUM_SIZE, &view);
    if (status != STATUS_OK)
        return status;

    *fadt = (struct fadt){
        .view = view,
        .dsdt = wide_or_narrow(&view, ACPI_FADT_X_DSDT, ACPI_FADT_DSDT),
        .facs = wide_or_narrow(&view, ACPI_FADT_X_FACS, ACPI_FADT_FACS),
        .pm_profile = acpi_view_u8(&view, ACPI_FADT_PM_PROFILE),
        .minor_revision = acpi_view_u8(&view, ACPI_FADT_MINOR_REVISION),
        .sci_interrupt = acpi_view_u16(&view, ACPI_FADT_SCI_INTERRUPT),
        .smi_command = acpi_view_u32(&view, ACPI_FADT_SMI_COMMAND),
        .acpi_enable = acpi_view_u8(&view, ACPI_FADT_ACPI_ENABLE),
        .acpi_disable = acpi_view_u8(&view, ACPI_FADT_ACPI_DISABLE),
        .pm1a_event = acpi_view_u32(&view, ACPI_FADT_PM1A_EVENT),
        .pm1b_event = acpi_view_u32(&view, ACPI_FADT_PM1B_EVENT),
        .pm1a_control = acpi_view_u32(&view, ACPI_FADT_PM1A_CONTROL),
        .pm1b_control = acpi_view_u32(&view, ACPI_FADT_PM1B_CONTROL),
        .pm1_event_length = acpi_view_u8(&view, ACPI_FADT_PM1_EVENT_LENGTH),
        .pm1_control_length = acpi_view_u8(&view, ACPI_FADT_PM1_CONTROL_LENGTH),
        .pm_timer = acpi_view_u32(&view, ACPI_FADT_PM_TIMER),
        .pm_timer_length = acpi_view_u8(&view, ACPI_FADT_PM_TIMER_LENGTH),
        .gpe0 = acpi_view_u32(&view, ACPI_FADT_GPE0),
        .gpe1 = acpi_view_u32(&view, ACPI_FADT_GPE1),
        .gpe0_length = acpi_view_u8(&view, ACPI_FADT_GPE0_LENGTH),
        .gpe1_length = acpi_view_u8(&view, ACPI_FADT_GPE1_LENGTH),
        .x_pm1a_event = acpi_view_gas(&view, ACPI_FADT_X_PM1A_EVENT),
        .x_pm1b_event = acpi_view_gas(&view, ACPI_FADT_X_PM1B_EVENT),
        .x_pm1a_control = acpi_view_gas(&view, ACPI_FADT_X_PM1A_CONTROL),
        .x_pm1b_control = acpi_view_gas(&view, ACPI_FADT_X_PM1B_CONTROL),
        .x_gpe0 = acpi_view_gas(&view, ACPI_FADT_X_GPE0),
        .x_gpe1 = acpi_view_gas(&view, ACPI_FADT_X_GPE1),
        .x_pm_timer = acpi_view_gas(&view, ACPI_FADT_X_PM_TIMER),
        .century = acpi_view_u8(&view, ACPI_FADT_CENTURY),
        .boot_flags = acpi_view_u16(&view, ACPI_FADT_BOOT_FLAGS),
        .flags = acpi_view_u32(&view, ACPI_FADT_FLAGS),
        .reset = acpi_view_gas(&view, ACPI_FADT_RESET_REGISTER),
        .reset_value = acpi_view_u8(&view, ACPI_FADT_RESET_VALUE),
        .sleep_control = acpi_view_gas(&view, ACPI_FADT_SLEEP_CONTROL),
        .sleep_status = acpi_view_gas(&view, ACPI_FADT_SLEEP_STATUS),
    };
    fadt->is_hardware_reduced = fadt->flags & ACPI_FADT_FLAG_HARDWARE_REDUCED;
    return STATUS_OK;
}

bool fadt_pm_timer(const struct fadt *fadt, struct fadt_pm_timer *timer)
{
    if (fadt->is_hardware_reduced)
        return false;
    bool has_port = fadt->pm_timer != 0 && fadt->pm_timer <= UINT16_MAX;
    bool has_address = acpi_gas_is_usable(&fadt->x_pm_timer);
    if (!has_port && !has_address)
        return false;
    bool is_in_memory = has_address && fadt->x_pm_timer.space == ACPI_SPACE_MEMORY;
    uint64_t port = has_address && !is_in_memory ? fadt->x_pm_timer.address : has_port ? fadt->pm_timer : 0;
    *timer = (struct fadt_pm_timer){
        .address = is_in_memory ? phys(fadt->x_pm_timer.address) : PHYS_INVALID,
        .port = (uint16_t)port,
        .bits = fadt->flags & ACPI_FADT_FLAG_PM_TIMER_32_BITS ? 32 : 24,
    };
    return true;
}

bool fadt_can_reset(const struct fadt *fadt)
{
    /* Both the register and its value: a table may end between them. */
    bool is_in_pci = fadt->reset.space == ACPI_SPACE_PCI && fadt->reset.address != 0;
    return (fadt->flags & ACPI_FADT_FLAG_RESET_SUPPORTED) &&
           (is_in_pci || acpi_gas_is_usable(&fadt->reset)) &&
           acpi_view_covers(&fadt->view, ACPI_FADT_RESET_VALUE, 1);
}

const char *fadt_profile_name(uint8_t pm_profile)
{
    static const char *const names[] = { "unspecified",
                                         "desktop",
                                         "mobile",
                                         "workstation",
                                         "enterprise server",
                                         "SOHO server",
                                         "appliance",
                                         "performance server",
                                         "tablet" };
    return pm_profile < sizeof(names) / sizeof(names[0]) ? names[pm_profile] : "unknown";
}

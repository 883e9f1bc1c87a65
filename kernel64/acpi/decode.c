/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Tables as text. Firmware's values are shown as stored, followed by what the kernel makes of them where that
 * differs: the PM timer in use, the GSI of an ISA interrupt, the CPUs that can be started.
 */
#include <acpi/decode.h>

#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/madt.h>
#include <acpi/mcfg.h>
#include <acpi/serial_port.h>
#include <acpi/slit.h>
#include <acpi/srat.h>
#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>
#include <lib/string.h>
#include <log/print.h>

static void print_gas(const char *name, const struct acpi_gas *gas)
{
    if (!gas->is_present || gas->address == 0)
        return;
    if (gas->space == ACPI_SPACE_MEMORY)
        print("  %-20s memory P%#lx", name, gas->address);
    else if (gas->space == ACPI_SPACE_IO)
        print("  %-20s port %#lx", name, gas->address);
    else
        print("  %-20s address space %u, %#lx", name, gas->space, gas->address);
    print(", %u bits\n", gas->width_bits);
}

/* @offset: where the iteration over a table's entries ended with @status. */
static void print_end(status_t status, size_t offset)
{
    if (status == STATUS_MALFORMED)
        print("  invalid entry at offset %zu; the rest of the table is ignored\n", offset);
}

static void print_other(const struct acpi_entry *entry)
{
    print("  type %-3u   %u bytes, not decoded\n", entry->type, entry->length);
}

static void print_port(const char *name, uint32_t port)
{
    if (port)
        print("  %-20s port %#x\n", name, port);
}

/* ---- MADT ---- */

static const char *polarity_name(uint8_t polarity)
{
    static const char *const words[] = { "polarity of the bus", "active high", "polarity 2", "active low" };
    return words[polarity & 3];
}

static const char *trigger_name(uint8_t trigger)
{
    static const char *const words[] = { "trigger of the bus", "edge", "trigger 2", "level" };
    return words[trigger & 3];
}

static void print_wiring(const struct madt_wiring *wiring)
{
    print(", %s, %s\n", polarity_name(wiring->polarity), trigger_name(wiring->trigger));
}

static void print_madt_entry(const struct madt_entry *entry)
{
    switch (entry->kind) {
    case MADT_CPU:
        print("  CPU        APIC id %u, uid %u%s, %s\n", entry->cpu.apic_id, entry->cpu.uid,
              entry->cpu.is_x2apic ? ", x2APIC entry" : "",
              entry->cpu.is_enabled          ? "enabled"
              : entry->cpu.is_online_capable ? "hot-pluggable"
                                             : "disabled");
        break;
    case MADT_IOAPIC:
        print("  I/O APIC   id %u at P%#lx, GSIs from %u on\n", entry->ioapic.ioapic_id,
              entry->ioapic.address.raw, entry->ioapic.gsi_base);
        break;
    case MADT_OVERRIDE:
        print("  override   bus %u, interrupt %u is GSI %u", entry->override.bus, entry->override.source,
              entry->override.gsi);
        print_wiring(&entry->override.wiring);
        break;
    case MADT_NMI_SOURCE:
        print("  NMI        GSI %u", entry->nmi_source.gsi);
        print_wiring(&entry->nmi_source.wiring);
        break;
    case MADT_LAPIC_NMI:
        if (entry->lapic_nmi.all_cpus)
            print("  local NMI  LINT%u of all CPUs", entry->lapic_nmi.lint);
        else
            print("  local NMI  LINT%u of uid %u", entry->lapic_nmi.lint, entry->lapic_nmi.uid);
        print_wiring(&entry->lapic_nmi.wiring);
        break;
    case MADT_LAPIC_ADDRESS:
        print("  override   local APICs at P%#lx\n", entry->lapic_address.raw);
        break;
    case MADT_OTHER:
        print_other(&entry->raw);
        break;
    }
}

/* ISA interrupts whose GSI or wiring is not the default. */
static void print_isa_inputs(const struct madt *madt)
{
    for (uint8_t irq = 0; irq < 16; irq++) {
        struct madt_input input = madt_isa_input(madt, irq);
        if (input.gsi != irq || input.is_active_low || input.is_level)
            print("  => ISA interrupt %u is GSI %u, active %s, %s\n", irq, input.gsi,
                  input.is_active_low ? "low" : "high", input.is_level ? "level" : "edge");
    }
}

static status_t print_madt(const void *data, size_t size_bytes)
{
    struct madt madt;
    struct madt_entry entry;
    struct madt_cpu_cursor cpus = { .offset = 0 };
    struct madt_cpu cpu;
    unsigned int count = 0;
    status_t status = madt_parse(data, size_bytes, &madt);
    if (status != STATUS_OK)
        return status;
    print("  local APICs at P%#lx, %s\n", madt.lapic_address.raw,
          madt.has_8259 ? "and a pair of 8259s" : "no 8259s");
    size_t cursor = 0;
    while ((status = madt_next(&madt, &cursor, &entry)) == STATUS_OK)
        print_madt_entry(&entry);
    print_end(status, cursor);
    print_isa_inputs(&madt);
    while (madt_next_cpu(&madt, &cpus, &cpu))
        count++;
    print("  => %u CPU%s can be started\n", count, count == 1 ? "" : "s");
    return STATUS_OK;
}

/* ---- FADT ---- */

static void print_flags(const struct fadt *fadt)
{
    static const struct {
        uint32_t flag;
        bool in_boot_flags;
        const char *words;
    } flags[] = {
        { ACPI_FADT_FLAG_HARDWARE_REDUCED, false, "hardware-reduced: none of ACPI's fixed registers" },
        { ACPI_FADT_FLAG_APIC_PHYSICAL, false, "APICs require physical destination mode" },
        { ACPI_FADT_FLAG_APIC_CLUSTER, false, "APICs require the cluster model" },
        { ACPI_BOOT_FLAG_LEGACY_DEVICES, true, "has legacy devices" },
        { ACPI_BOOT_FLAG_8042, true, "has a keyboard controller" },
        { ACPI_BOOT_FLAG_NO_VGA, true, "has no VGA" },
        { ACPI_BOOT_FLAG_NO_MSI, true, "MSI not supported" },
        { ACPI_BOOT_FLAG_NO_CMOS_RTC, true, "has no CMOS clock" },
    };
    for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
        if ((flags[i].in_boot_flags ? fadt->boot_flags : fadt->flags) & flags[i].flag)
            print("  %s\n", flags[i].words);
    }
}

static status_t print_fadt(const void *data, size_t size_bytes)
{
    struct fadt fadt;
    struct fadt_pm_timer timer;
    status_t status = fadt_parse(data, size_bytes, &fadt);
    if (status != STATUS_OK)
        return status;
    print("  machine type: %s\n", fadt_profile_name(fadt.pm_profile));
    print("  DSDT at P%#lx, FACS at P%#lx\n", fadt.dsdt.raw, fadt.facs.raw);
    if (!fadt.is_hardware_reduced)
        print("  SCI is interrupt %u\n", fadt.sci_interrupt);
    print_port("SMI command", fadt.smi_command);
    if (fadt.smi_command)
        print("  %-20s %#x, off by %#x\n", "ACPI on by", fadt.acpi_enable, fadt.acpi_disable);
    print_port("PM1a event", fadt.pm1a_event);
    print_port("PM1b event", fadt.pm1b_event);
    print_port("PM1a control", fadt.pm1a_control);
    print_port("PM1b control", fadt.pm1b_control);
    if (fadt_pm_timer(&fadt, &timer))
        print("  %-20s %s%#lx, wraps after %u bits\n", "PM timer",
              phys_is_valid(timer.address) ? "memory P" : "port ",
              phys_is_valid(timer.address) ? timer.address.raw : timer.port, timer.bits);
    else
        print("  no PM timer\n");
    print_gas("reset register", &fadt.reset);
    if (fadt_can_reset(&fadt))
        print("  %-20s writing %#x there\n", "resets by", fadt.reset_value);
    else
        print("  reset by that register is not supported\n");
    print_gas("sleep control", &fadt.sleep_control);
    if (fadt.century)
        print("  %-20s CMOS register %#x\n", "century", fadt.century);
    print_flags(&fadt);
    return STATUS_OK;
}

/* ---- HPET, MCFG ---- */

static status_t print_hpet(const void *data, size_t size_bytes)
{
    struct hpet_table hpet;
    status_t status = hpet_table_parse(data, size_bytes, &hpet);
    if (status != STATUS_OK)
        return status;
    print_gas("timer block", &hpet.base);
    print("  %-20s %u, of vendor %04x, hardware revision %u\n", "number", hpet.sequence, hpet.block_id >> 16,
          hpet.block_id & 0xff);
    print("  %-20s %u\n", "minimum tick", hpet.minimum_tick);
    return STATUS_OK;
}

static status_t print_mcfg(const void *data, size_t size_bytes)
{
    struct mcfg mcfg;
    struct mcfg_window window;
    status_t status = mcfg_parse(data, size_bytes, &mcfg);
    if (status != STATUS_OK)
        return status;
    for (size_t cursor = 0; mcfg_next(&mcfg, &cursor, &window);)
        print("  segment %u, buses %u to %u: configuration space at P%#lx\n", window.segment,
              window.start_bus, window.last_bus, window.base.raw);
    return STATUS_OK;
}

/* ---- SRAT, SLIT ---- */

static void print_srat_entry(const struct srat_entry *entry)
{
    switch (entry->kind) {
    case SRAT_CPU:
        print("  CPU        APIC id %u: domain %u%s\n", entry->cpu.apic_id, entry->cpu.domain,
              entry->cpu.is_enabled ? "" : ", disabled");
        break;
    case SRAT_MEMORY:
        print("  memory     P%#lx - P%#lx: domain %u%s%s%s\n", entry->memory.base.raw,
              range_end(entry->memory.base.raw, entry->memory.length), entry->memory.domain,
              entry->memory.is_enabled ? "" : ", disabled",
              entry->memory.is_hot_pluggable ? ", hot-pluggable" : "",
              entry->memory.is_non_volatile ? ", non-volatile" : "");
        break;
    case SRAT_OTHER:
        print_other(&entry->raw);
        break;
    }
}

static status_t print_srat(const void *data, size_t size_bytes)
{
    struct srat srat;
    struct srat_entry entry;
    status_t status = srat_parse(data, size_bytes, &srat);
    if (status != STATUS_OK)
        return status;
    size_t cursor = 0;
    while ((status = srat_next(&srat, &cursor, &entry)) == STATUS_OK)
        print_srat_entry(&entry);
    print_end(status, cursor);
    return STATUS_OK;
}

static status_t print_slit(const void *data, size_t size_bytes)
{
    struct slit slit;
    status_t status = slit_parse(data, size_bytes, &slit);
    if (status != STATUS_OK)
        return status;
    for (uint64_t from = 0; from < slit.count; from++) {
        print("  from domain %-4lu", from);
        for (uint64_t to = 0; to < slit.count; to++)
            print(" %3u", slit_distance(&slit, from, to));
        print("\n");
    }
    return STATUS_OK;
}

/* ---- serial ports ---- */

static void print_serial_port(const struct serial_port *port)
{
    if (!acpi_gas_is_usable(&port->base)) {
        print("  no port\n");
        return;
    }
    print_gas("serial port", &port->base);
    print("  %-20s %#x: %s\n", "UART type", port->interface, serial_interface_name(port->interface));
    if (port->baud_rate)
        print("  %-20s %u baud\n", "speed", port->baud_rate);
    if (port->clock_hz)
        print("  %-20s %u Hz\n", "clock", port->clock_hz);
    if (port->has_irq)
        print("  %-20s %u\n", "ISA interrupt", port->irq);
    if (port->has_gsi)
        print("  %-20s %u\n", "GSI", port->gsi);
}

static status_t print_spcr(const void *data, size_t size_bytes)
{
    struct serial_port port;
    status_t status = spcr_parse(data, size_bytes, &port);
    if (status == STATUS_OK)
        print_serial_port(&port);
    return status;
}

static status_t print_dbg2(const void *data, size_t size_bytes)
{
    struct dbg2 dbg2;
    struct dbg2_cursor cursor = { .offset = 0 };
    struct serial_port port;
    status_t status = dbg2_parse(data, size_bytes, &dbg2);
    if (status != STATUS_OK)
        return status;
    while (dbg2_next_serial(&dbg2, &cursor, &port))
        print_serial_port(&port);
    return STATUS_OK;
}

/* ---- all of them ---- */

static const struct {
    const char *signature;
    status_t (*print)(const void *data, size_t size_bytes);
} kinds[] = {
    { "APIC", print_madt }, { "DBG2", print_dbg2 }, { "FACP", print_fadt }, { "HPET", print_hpet },
    { "MCFG", print_mcfg }, { "SLIT", print_slit }, { "SPCR", print_spcr }, { "SRAT", print_srat },
};

const char *acpi_known_signature(unsigned int index)
{
    return index < ARRAY_LEN(kinds) ? kinds[index].signature : NULL;
}

status_t acpi_print_table(const char *signature, const void *data, size_t size_bytes)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (strcmp(kinds[i].signature, signature) == 0)
            return kinds[i].print(data, size_bytes);
    }
    return STATUS_UNSUPPORTED;
}

/* ---- MP tables ---- */

static void print_mp_interrupt(const struct mp_entry *entry)
{
    static const char *const types[] = { "INT", "NMI", "SMI", "ExtINT" };
    const struct mp_interrupt *interrupt = &entry->interrupt;
    print("  %-10s bus %u, interrupt %u to %s %u, input %u, %s, %s\n",
          interrupt->type < ARRAY_LEN(types) ? types[interrupt->type] : "unknown", interrupt->bus,
          interrupt->source, entry->kind == MP_INTERRUPT ? "I/O APIC" : "local APIC", interrupt->apic_id,
          interrupt->input, polarity_name(interrupt->polarity), trigger_name(interrupt->trigger));
}

static void print_mp_entry(const struct mp_entry *entry)
{
    switch (entry->kind) {
    case MP_CPU:
        print("  CPU        APIC id %u, %s%s\n", entry->cpu.apic_id,
              entry->cpu.is_enabled ? "enabled" : "disabled", entry->cpu.is_bsp ? ", the first" : "");
        break;
    case MP_BUS:
        print("  bus        %u is %s\n", entry->bus.bus, entry->bus.name);
        break;
    case MP_IOAPIC:
        print("  I/O APIC   id %u at P%#lx, %s\n", entry->ioapic.ioapic_id, entry->ioapic.address.raw,
              entry->ioapic.is_enabled ? "enabled" : "disabled");
        break;
    case MP_INTERRUPT:
    case MP_LOCAL_INTERRUPT:
        print_mp_interrupt(entry);
        break;
    }
}

void acpi_print_mp(const struct mp_pointer *pointer, const struct mp_table *table)
{
    struct mp_entry entry;
    size_t cursor = 0;
    status_t status;
    print("MP tables of version 1.%u, pointer at P%#lx, table at P%#lx of %s %s, checksum %s\n",
          pointer->revision, pointer->address.raw, pointer->table.raw, table->oem_id, table->product_id,
          table->checksum_ok ? "good" : "wrong");
    print("  local APICs at P%#lx%s\n", table->lapic_address.raw, pointer->has_imcr ? ", an IMCR" : "");
    while ((status = mp_next(table, &cursor, &entry)) == STATUS_OK)
        print_mp_entry(&entry);
    print_end(status, cursor);
}

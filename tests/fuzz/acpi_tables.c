/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ACPI fuzzer's parsers of one table each: MADT, FADT and DSDT, HPET, SLIT, MCFG, SPCR and DBG2.
 */
#include "fuzz_acpi.h"

#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/madt.h>
#include <acpi/mcfg.h>
#include <acpi/numa.h>
#include <acpi/power.h>
#include <acpi/serial_port.h>
#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>

/* ---- MADT ---- */

/* The entry at @at, read in the plainest way: its length, or 0 where the table's entries end. */
static size_t plain_entry(const struct acpi_view *view, size_t at)
{
    return at + 2 <= view->length && view->bytes[at + 1] >= 2 && at + view->bytes[at + 1] <= view->length
               ? view->bytes[at + 1]
               : 0;
}

/* The CPUs that can be started, each once. */
static size_t plain_cpus(const struct acpi_view *view, uint32_t *ids)
{
    size_t count = 0;
    for (size_t at = ACPI_MADT_SIZE, length; (length = plain_entry(view, at)) != 0; at += length) {
        const uint8_t *entry = view->bytes + at;
        bool is_wide = entry[0] == ACPI_MADT_X2APIC;
        if (!(is_wide && length >= 16) && !(entry[0] == ACPI_MADT_LAPIC && length >= 8))
            continue;
        uint32_t id = is_wide ? number(entry + 4, 4) : entry[3];
        bool is_known = !(number(entry + (is_wide ? 8 : 4), 4) & 1) || id == (is_wide ? UINT32_MAX : 255);
        for (size_t i = 0; i < count; i++)
            is_known |= ids[i] == id;
        if (!is_known)
            ids[count++] = id;
    }
    return count;
}

static void check_cpus(const struct madt *madt)
{
    static uint32_t ids[MOST];
    struct madt_cpu_cursor cursor = { 0 };
    struct madt_cpu cpu;
    size_t expected = plain_cpus(&madt->view, ids), count = 0;
    while (madt_next_cpu(madt, &cursor, &cpu)) {
        insist(count < expected && cpu.apic_id == ids[count] && cpu.is_enabled && !cpu.is_online_capable);
        count++;
    }
    insist(count == expected && !madt_next_cpu(madt, &cursor, &cpu));
}

/* Where an ISA interrupt arrives by the first override of it. */
static uint32_t plain_gsi(const struct acpi_view *view, uint32_t source)
{
    for (size_t at = ACPI_MADT_SIZE, length; (length = plain_entry(view, at)) != 0; at += length) {
        const uint8_t *entry = view->bytes + at;
        if (entry[0] == ACPI_MADT_OVERRIDE && length >= 10 && entry[3] == source)
            return number(entry + 4, 4);
    }
    return source;
}

static size_t complaints;

static void count_complaint(const char *sentence, size_t number_told)
{
    insist(sentence[0] != '\0' && number_told != 0);
    complaints++;
}

static void check_inputs(const struct madt *madt)
{
    for (unsigned int irq = 0; irq < 256; irq++)
        insist(madt_isa_input(madt, (uint8_t)irq).gsi == plain_gsi(&madt->view, irq));
}

void fuzz_madt(const uint8_t *data, size_t size)
{
    struct madt madt;
    struct madt_entry entry, again;
    bool was_address = false;
    if (!check_parsed(madt_parse(data, size, &madt), &madt.view, data, size))
        return;
    status_t status;
    for (size_t cursor = 0, same = 0; (status = madt_next(&madt, &cursor, &entry)) == STATUS_OK;
         same = cursor) {
        insist(madt_next(&madt, &same, &again) == STATUS_OK && same == cursor);
        insist(again.raw.offset == entry.raw.offset && again.kind == entry.kind);
        insist(entry.kind <= MADT_OTHER && entry.raw.offset + entry.raw.length == cursor &&
               cursor <= madt.view.length);
        if (entry.kind == MADT_LAPIC_ADDRESS && !was_address)
            insist(entry.lapic_address.raw == madt.lapic_address.raw);
        was_address |= entry.kind == MADT_LAPIC_ADDRESS;
    }
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);
    complaints = 0;
    insist((madt_report_faults(&madt, count_complaint) != 0) == (status == STATUS_MALFORMED));
    insist(complaints >= (status == STATUS_MALFORMED));
    insist(was_address || madt.lapic_address.raw == number(data + ACPI_MADT_LAPIC_ADDRESS, 4));
    check_cpus(&madt);
    check_inputs(&madt);
}

/* ---- tables without a row of entries ---- */

void fuzz_fadt(const uint8_t *data, size_t size)
{
    struct fadt fadt;
    struct fadt_pm_timer timer;
    struct acpi_power power;
    if (!check_parsed(fadt_parse(data, size, &fadt), &fadt.view, data, size))
        return;
    if (fadt_pm_timer(&fadt, &timer)) {
        insist(!fadt.is_hardware_reduced && (timer.bits == 24 || timer.bits == 32));
        insist(phys_is_valid(timer.address) ? timer.address.raw != 0 : timer.port != 0);
    }
    is_name(fadt_profile_name(fadt.pm_profile), 32);
    acpi_decode_power(&fadt, &power);
    insist(!acpi_can_power_off(&power) && acpi_can_reset(&power) == fadt_can_reset(&fadt));
    for (size_t i = 0; i < ACPI_POWER_REGISTERS; i++) {
        const struct acpi_register *reg = &power.registers[i];
        insist(reg->address == 0 || reg->space != ACPI_SPACE_IO || reg->address <= UINT16_MAX);
        insist(reg->address == 0 || reg->space <= (i == ACPI_RESET ? ACPI_SPACE_PCI : ACPI_SPACE_IO));
        insist(reg->mapped == NULL);
    }
    if (acpi_can_reset(&power))
        insist(fadt.view.length > ACPI_FADT_RESET_VALUE && power.reset_value == data[ACPI_FADT_RESET_VALUE]);
}

/* The input is the DSDT of a machine whose FADT is good. */
void fuzz_power(const uint8_t *data, size_t size)
{
    struct fadt fadt = { .pm1a_control = 0x604 };
    struct acpi_power power, again;
    acpi_decode_power(&fadt, &power);
    acpi_decode_power(&fadt, &again);
    bool has_s5 = acpi_decode_s5(data, size, &power);
    insist(has_s5 == acpi_decode_s5(data, size, &again) && has_s5 == acpi_can_power_off(&power) &&
           !acpi_can_reset(&power));
    if (!has_s5)
        return;
    insist(power.sleep_type_a <= 7 && power.sleep_type_b <= 7);
    insist(again.sleep_type_a == power.sleep_type_a && again.sleep_type_b == power.sleep_type_b);
    bool has_name = false;
    for (size_t at = ACPI_HEADER_SIZE + 1; at + 5 < size; at++)
        has_name |= memcmp(data + at, "_S5_\x12", 5) == 0 || memcmp(data + at, "_S5_\x13", 5) == 0;
    insist(has_name);
}

void fuzz_hpet(const uint8_t *data, size_t size)
{
    struct hpet_table table;
    if (check_parsed(hpet_table_parse(data, size, &table), &table.view, data, size))
        insist(table.base.is_present && table.flags == data[55] &&
               table.minimum_tick == number(data + 53, 2));
}

void fuzz_slit(const uint8_t *data, size_t size)
{
    struct slit slit;
    if (!check_parsed(slit_parse(data, size, &slit), &slit.view, data, size))
        return;
    insist(slit.count <= size && slit.matrix + slit.count * slit.count <= data + slit.view.length);
    for (uint64_t from = 0; from < slit.count; from++)
        for (uint64_t to = 0; to < slit.count; to++)
            insist(slit_distance(&slit, from, to) == data[ACPI_SLIT_SIZE + from * slit.count + to]);
    insist(slit_distance(&slit, slit.count, 0) == 0 && slit_distance(&slit, 0, UINT64_MAX) == 0);
}

/* ---- rows ---- */

void fuzz_mcfg(const uint8_t *data, size_t size)
{
    struct mcfg mcfg;
    struct mcfg_window window;
    size_t cursor = 0, count = 0;
    if (!check_parsed(mcfg_parse(data, size, &mcfg), &mcfg.view, data, size))
        return;
    for (; mcfg_next(&mcfg, &cursor, &window); count++) {
        const uint8_t *at = data + 44 + 16 * count;
        insist(at + 16 <= data + mcfg.view.length && (uint32_t)window.base.raw == number(at, 4));
        insist(window.segment == number(at + 8, 2) && window.start_bus == at[10] &&
               window.last_bus == at[11]);
    }
    insist(count == (mcfg.view.length - 44) / 16);
}

/* Every plan is valid for the driver: registers in range, and none wider than the stride. */
static void check_plan(const struct serial_port *port)
{
    struct uart16550_config config;
    const char *why = serial_port_plan(port, &config);
    if (why) {
        is_name(why, 80);
        return;
    }
    unsigned int stride = config.stride_bytes, access = config.access_bytes;
    insist((stride == 1 || stride == 2 || stride == 4 || stride == 8) &&
           (access == 1 || access == 2 || access == 4));
    insist(access <= stride && SERIAL_PORT_SPAN(&config) == 7 * stride + access);
    insist(port->base.space != ACPI_SPACE_IO || config.port + SERIAL_PORT_SPAN(&config) <= 65536);
    insist(config.baud == 0 || (config.baud == port->baud_rate && config.clock_hz != 0));
}

void fuzz_serial_port(const uint8_t *data, size_t size)
{
    struct serial_port port;
    struct dbg2 dbg2;
    struct dbg2_cursor cursor = { 0 };
    status_t status = spcr_parse(data, size, &port);
    insist(status == STATUS_OK || status == STATUS_TRUNCATED || status == STATUS_MALFORMED);
    if (status == STATUS_OK) {
        insist(port.base.is_present);
        check_plan(&port);
        is_name(serial_interface_name(port.interface), 64);
    }
    if (!check_parsed(dbg2_parse(data, size, &dbg2), &dbg2.view, data, size))
        return;
    for (size_t before = 0; dbg2_next_serial(&dbg2, &cursor, &port); before = cursor.offset) {
        insist(cursor.offset > before && cursor.offset <= dbg2.view.length);
        insist(cursor.count <= number(data + ACPI_DBG2_COUNT, 4) && port.base.is_present);
        insist(!port.has_irq && !port.has_gsi && !port.is_pci);
        check_plan(&port);
    }
    insist(!dbg2_next_serial(&dbg2, &cursor, &port));
}

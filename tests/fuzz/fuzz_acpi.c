/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every parser of ACPI's and MP's tables. The input's first byte picks the parser, the second says what is
 * put right before, to get past it (FIX_...), and all else is the table; for the two that search memory, a
 * piece of it.
 *
 * A table is parsed in a copy that ends where the address sanitizer begins to watch. What the parsers find is
 * held against a plain second reading of the same bytes.
 */
#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/madt.h>
#include <acpi/mcfg.h>
#include <acpi/mp_table.h>
#include <acpi/numa.h>
#include <acpi/power.h>
#include <acpi/root.h>
#include <acpi/serial_port.h>
#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/fmt/mp_table.h>

#include "fuzz.h"

#define FIX_SIGNATURE BIT(0)
#define FIX_LENGTH    BIT(1)
#define FIX_CHECKSUM  BIT(2)
#define PLACE_SHIFT   4

#define MOST 8192 /* of anything in one input */

static uint32_t number(const uint8_t *at, size_t size_bytes)
{
    uint32_t value = 0;
    for (size_t i = size_bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void is_name(const char *name, size_t room)
{
    insist(memchr(name, 0, room));
    for (; *name; name++)
        insist(*name >= 0x20 && *name < 0x7f);
}

/* ---- views ---- */

static void check_header(const struct acpi_view *view)
{
    struct acpi_header header;
    acpi_view_header(view, &header);
    insist(header.length == view->length &&
           header.checksum_ok == acpi_sums_to_zero(view->bytes, view->length));
    is_name(header.signature, sizeof(header.signature));
    is_name(header.oem_id, sizeof(header.oem_id));
    is_name(header.oem_table_id, sizeof(header.oem_table_id));
}

/* What every parser's answer to a bad table is; and a good one's view lies in the copy. */
static bool check_parsed(status_t status, const struct acpi_view *view, const uint8_t *data, size_t size)
{
    insist(status == STATUS_OK || status == STATUS_TRUNCATED || status == STATUS_MALFORMED);
    if (status != STATUS_OK)
        return false;
    insist(view->bytes == data && view->length <= size && view->length >= ACPI_HEADER_SIZE);
    check_header(view);
    return true;
}

static void fuzz_view(const uint8_t *data, size_t size)
{
    struct acpi_view view;
    struct acpi_entry entry;
    char signature[5] = "";
    memcpy(signature, data, size < 4 ? size : 4);
    if (!check_parsed(acpi_view_table(data, size, signature, ACPI_HEADER_SIZE, &view), &view, data, size))
        return;
    for (size_t at = 0; at < view.length + 9; at++) {
        struct acpi_gas gas = acpi_view_gas(&view, at);
        insist(gas.is_present == (at + ACPI_GAS_SIZE <= view.length));
        insist(acpi_gas_is_usable(&gas) <= gas.is_present);
        insist(acpi_view_u8(&view, at) == (at < view.length ? data[at] : 0));
        insist(acpi_view_u16(&view, at) == (at + 2 <= view.length ? number(data + at, 2) : 0));
        insist(acpi_view_u32(&view, at) == (at + 4 <= view.length ? number(data + at, 4) : 0));
        insist((uint32_t)acpi_view_u64(&view, at) == (at + 8 <= view.length ? number(data + at, 4) : 0));
    }
    insist(!acpi_view_covers(&view, SIZE_MAX, 1) && !acpi_view_covers(&view, 1, SIZE_MAX));
    insist(acpi_view_u64(&view, SIZE_MAX - 3) == 0);
    status_t status;
    for (size_t at = ACPI_HEADER_SIZE, before = at;
         (status = acpi_next_entry(&view, &at, &entry)) == STATUS_OK;) {
        insist(entry.offset == before && entry.length >= 2 && at == before + entry.length &&
               at <= view.length);
        insist(entry.bytes == data + before && entry.type == entry.bytes[0] &&
               entry.length == entry.bytes[1]);
        before = at;
    }
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);
}

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

static void fuzz_madt(const uint8_t *data, size_t size)
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
    insist((madt_complain(&madt, count_complaint) != 0) == (status == STATUS_MALFORMED));
    insist(complaints >= (status == STATUS_MALFORMED));
    insist(was_address || madt.lapic_address.raw == number(data + ACPI_MADT_LAPIC_ADDRESS, 4));
    check_cpus(&madt);
    check_inputs(&madt);
}

/* ---- tables without a row of entries ---- */

static void fuzz_fadt(const uint8_t *data, size_t size)
{
    struct fadt fadt;
    struct fadt_pm_timer timer;
    struct acpi_power power;
    if (!check_parsed(fadt_parse(data, size, &fadt), &fadt.view, data, size))
        return;
    if (fadt_pm_timer(&fadt, &timer)) {
        insist(!fadt.is_hardware_reduced && (timer.bits == 24 || timer.bits == 32));
        insist(timer.is_in_memory ? timer.address != 0 : timer.port != 0 && timer.address == 0);
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
static void fuzz_power(const uint8_t *data, size_t size)
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

static void fuzz_hpet(const uint8_t *data, size_t size)
{
    struct hpet_table table;
    if (check_parsed(hpet_table_parse(data, size, &table), &table.view, data, size))
        insist(table.base.is_present && table.flags == data[55] &&
               table.minimum_tick == number(data + 53, 2));
}

static void fuzz_slit(const uint8_t *data, size_t size)
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

static void fuzz_mcfg(const uint8_t *data, size_t size)
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

/* Whatever is planned, the driver can take: registers in range, and none wider than the way to the next. */
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

static void fuzz_serial_port(const uint8_t *data, size_t size)
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

/* ---- SRAT, and nodes out of it ---- */

/* The node that has the page at @page: that of the first entry of memory with it. */
static bool plain_node(const struct numa *numa, uint64_t page, unsigned *node)
{
    struct srat_entry entry;
    for (size_t cursor = 0; srat_next(&numa->srat, &cursor, &entry) == STATUS_OK;) {
        const struct srat_memory *memory = &entry.memory;
        if (entry.kind != SRAT_MEMORY || !memory->is_enabled || memory->is_non_volatile ||
            memory->length == 0 || page < align_down(memory->base, PAGE_SIZE) ||
            page >= align_down(range_end(memory->base, memory->length), PAGE_SIZE))
            continue;
        *node = 0;
        for (unsigned i = 0; i < numa->node_count; i++)
            if (numa->domains[i] == memory->domain)
                *node = i;
        return true;
    }
    return false;
}

static void check_page(const struct numa *numa, const struct buddy_node_range *ranges, size_t count,
                       uint64_t page)
{
    unsigned node = 0, holders = 0;
    bool is_memory = plain_node(numa, page, &node);
    for (size_t i = 0; i < count; i++) {
        if (ranges[i].start.raw <= page && page < ranges[i].end.raw) {
            insist(is_memory && ranges[i].node == node);
            holders++;
        }
    }
    insist(holders == is_memory);
}

/* Every page at which something begins or ends, and the pages beside it. */
static void check_ranges(const struct numa *numa)
{
    static struct buddy_node_range ranges[MOST];
    struct numa_cursor cursor = { 0 };
    struct srat_entry entry;
    size_t count = 0;
    while (numa_next_range(numa, &cursor, &ranges[count])) {
        insist(ranges[count].start.raw < ranges[count].end.raw && ranges[count].node < numa->node_count);
        insist(is_aligned(ranges[count].start.raw | ranges[count].end.raw, PAGE_SIZE));
        insist(++count < MOST);
    }
    insist(!numa_next_range(numa, &cursor, &ranges[count]));
    for (size_t at = 0; srat_next(&numa->srat, &at, &entry) == STATUS_OK;) {
        if (entry.kind != SRAT_MEMORY)
            continue;
        uint64_t start = align_down(entry.memory.base, PAGE_SIZE);
        uint64_t end = align_down(range_end(entry.memory.base, entry.memory.length), PAGE_SIZE);
        check_page(numa, ranges, count, start);
        check_page(numa, ranges, count, start - PAGE_SIZE);
        check_page(numa, ranges, count, end);
        check_page(numa, ranges, count, end - PAGE_SIZE);
    }
}

/* The input is an SRAT, and behind it, where it says so, a SLIT. */
static void fuzz_srat(const uint8_t *data, size_t size)
{
    struct srat srat;
    struct slit slit;
    struct numa numa;
    struct srat_entry entry;
    if (!check_parsed(srat_parse(data, size, &srat), &srat.view, data, size))
        return;
    status_t status;
    for (size_t cursor = 0; (status = srat_next(&srat, &cursor, &entry)) == STATUS_OK;)
        insist(entry.kind <= SRAT_OTHER && entry.raw.offset + entry.raw.length == cursor &&
               cursor <= srat.view.length);
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);

    bool has_slit = slit_parse(data + srat.view.length, size - srat.view.length, &slit) == STATUS_OK;
    status = numa_describe(&srat, has_slit ? &slit : NULL, &numa);
    insist(status == STATUS_OK || (status == STATUS_NOT_FOUND && numa.node_count == 0));
    if (status != STATUS_OK)
        return;
    insist(numa.node_count >= 1 && numa.node_count <= BUDDY_MAX_NODES && numa.has_distances <= has_slit);
    for (unsigned i = 0; i < numa.node_count * numa.node_count && numa.has_distances; i++)
        insist((numa.distances[i] == SLIT_LOCAL) == (i / numa.node_count == i % numa.node_count) &&
               numa.distances[i] >= SLIT_LOCAL);
    for (unsigned id = 0; id < 300; id++)
        insist(numa_node_of_cpu(&numa, id) < numa.node_count);
    check_ranges(&numa);
}

/* ---- pretended memory ---- */

/* The piece of memory that there is, and what a BIOS notes: EBDA segment, KiB of conventional memory. */
static const uint8_t *memory;
static uint64_t memory_start, memory_size;
static const uint64_t places[] = { 0xe0000, 0xf0000, 0x9fc00, 0x98000 };
static uint8_t notes[2][2];
/* Whoever reads past what was asked for is seen. */
static void *reads[4 * MOST];
static size_t read_count;

static const void *keep(const uint8_t *bytes, size_t size)
{
    return reads[read_count++] = exact_copy(bytes, size);
}

static const void *read_memory(phys_t address, size_t size)
{
    if (read_count == ARRAY_LEN(reads))
        return NULL;
    if (size == 2 && (address.raw == 0x40e || address.raw == 0x413))
        return keep(notes[address.raw == 0x413], 2);
    if (address.raw < memory_start || size > memory_size || address.raw - memory_start > memory_size - size)
        return NULL;
    return keep(memory + (address.raw - memory_start), size);
}

static void forget_reads(void)
{
    while (read_count > 0)
        free(reads[--read_count]);
}

static void set_memory(const uint8_t *data, size_t size, unsigned place)
{
    memory = data;
    memory_size = size;
    memory_start = places[place % ARRAY_LEN(places)];
    uint32_t segment = memory_start < 0xa0000 ? (uint32_t)memory_start >> 4 : 0;
    uint32_t kib = (uint32_t)align_down(memory_start + size, 1024) >> 10;
    memcpy(notes[0], &segment, 2);
    memcpy(notes[1], &kib, 2);
}

static void check_table(const struct acpi_table *table)
{
    insist(table->length >= ACPI_HEADER_SIZE && table->address.raw >= memory_start);
    insist(table->address.raw - memory_start + table->length <= memory_size);
    is_name(table->signature, sizeof(table->signature));
}

static void fuzz_tables(const uint8_t *data, size_t size)
{
    static struct boot_info info;
    static struct acpi_index index;
    struct acpi_root root, parsed;
    status_t status = acpi_parse_root_pointer(data, size, &parsed);
    info.rsdp_address = PHYS_INVALID;
    info.rsdp = (struct bytes){ data, size };
    insist((acpi_locate_root(&info, read_memory, &root) == STATUS_OK) >= (status == STATUS_OK));
    if (status == STATUS_OK)
        insist((root.table.raw == parsed.table.raw && root.is_xsdt == parsed.is_xsdt) ||
               acpi_root_leads_nowhere(read_memory, &parsed));
    forget_reads();
    info.rsdp = (struct bytes){ 0 };
    if (acpi_locate_root(&info, read_memory, &root) != STATUS_OK) {
        forget_reads();
        return;
    }
    insist(root.table.raw != 0);
    is_name(root.oem, sizeof(root.oem));
    acpi_index_build(read_memory, &root, &index);
    insist(index.count <= ARRAY_LEN(index.tables) && index.count <= index.listed + 3);
    insist(index.left_out + index.entries_cut <= index.listed);
    insist(index.root.table.raw == root.table.raw || (root.is_xsdt && index.root.table.raw == root.rsdt.raw));
    forget_reads();
    for (size_t i = 0; i < index.count; i++) {
        const struct acpi_table *table = &index.tables[i];
        is_name(table->signature, sizeof(table->signature));
        for (size_t j = 0; j < i && i < 8; j++)
            insist(index.tables[j].address.raw != table->address.raw);
        if (table->status != STATUS_OK)
            continue;
        check_table(table);
        const struct acpi_table *found = acpi_index_find(&index, table->signature, NULL);
        insist(found && found <= table && memcmp(found->signature, table->signature, 4) == 0);
    }
    forget_reads();
}

/* ---- MP tables ---- */

static void walk_mp(const struct mp_table *table)
{
    struct mp_entry entry;
    status_t status;
    insist(table->length >= MP_TABLE_SIZE);
    is_name(table->oem_id, sizeof(table->oem_id));
    is_name(table->product_id, sizeof(table->product_id));
    for (size_t cursor = 0, before = MP_TABLE_SIZE;
         (status = mp_next(table, &cursor, &entry)) == STATUS_OK;) {
        insist(entry.offset == before && cursor == before + (entry.kind == MP_CPU ? 20 : 8) &&
               cursor <= table->length);
        insist((unsigned)entry.kind == table->bytes[before]);
        if (entry.kind == MP_BUS)
            is_name(entry.bus.name, sizeof(entry.bus.name));
        before = cursor;
    }
    insist(status == STATUS_NOT_FOUND || status == STATUS_MALFORMED);
}

static void fuzz_mp(const uint8_t *data, size_t size)
{
    struct mp_table table;
    struct mp_pointer pointer;
    if (mp_table_parse(data, size, &table) == STATUS_OK) {
        insist(table.bytes == data && table.length <= size);
        walk_mp(&table);
    }
    if (mp_find(read_memory, &pointer) == STATUS_OK) {
        insist(is_aligned(pointer.address.raw, 16) && pointer.address.raw >= memory_start);
        insist(pointer.address.raw + MP_POINTER_SIZE <= memory_start + memory_size);
        if (mp_table_read(read_memory, &pointer, &table) == STATUS_OK)
            walk_mp(&table);
    }
    forget_reads();
}

/* ---- the choice ---- */

static const struct parser {
    const char *signature; /* of the table; NULL: not one */
    void (*fuzz)(const uint8_t *data, size_t size);
} parsers[] = {
    { NULL, fuzz_view },    { "APIC", fuzz_madt },        { "FACP", fuzz_fadt },
    { "HPET", fuzz_hpet },  { "MCFG", fuzz_mcfg },        { "SRAT", fuzz_srat },
    { "SLIT", fuzz_slit },  { "SPCR", fuzz_serial_port }, { "DBG2", fuzz_serial_port },
    { "DSDT", fuzz_power }, { "PCMP", fuzz_mp },          { NULL, fuzz_tables },
    { NULL, fuzz_mp },
};

static void fix_sum(uint8_t *bytes, size_t size, size_t at)
{
    uint8_t sum = 0;
    for (size_t i = 0; i < size; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[at] = (uint8_t)(bytes[at] - sum);
}

/* A root pointer or MP pointer at the start becomes one whose sums are right. */
static void fix_pointer(uint8_t *bytes, size_t size)
{
    if (size >= ACPI_RSDP_V2_SIZE && memcmp(bytes, ACPI_RSDP_SIGNATURE, 8) == 0) {
        fix_sum(bytes, ACPI_RSDP_V1_SIZE, 8);
        uint32_t length = number(bytes + ACPI_RSDP_LENGTH, 4);
        if (length >= ACPI_RSDP_V2_SIZE && length <= size)
            fix_sum(bytes, length, 32);
    } else if (size >= MP_POINTER_SIZE && memcmp(bytes, MP_POINTER_SIGNATURE, 4) == 0) {
        fix_sum(bytes, MP_POINTER_SIZE, 10);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || size > MOST)
        return 0;
    const struct parser *parser = &parsers[data[0] % ARRAY_LEN(parsers)];
    unsigned fixes = data[1];
    data += 2, size -= 2;
    uint8_t *copy = exact_copy(data, size);
    if (parser->signature && (fixes & FIX_SIGNATURE) && size >= 4)
        memcpy(copy, parser->signature, 4);
    if (parser->signature && (fixes & FIX_LENGTH) && size >= 8) {
        copy[4] = (uint8_t)size;
        copy[5] = (uint8_t)(size >> 8);
        if (parser->fuzz != fuzz_mp)
            copy[6] = copy[7] = 0;
    }
    if (!parser->signature && (fixes & FIX_CHECKSUM))
        fix_pointer(copy, size);
    set_memory(copy, size, fixes >> PLACE_SHIFT);
    parser->fuzz(copy, size);
    free(copy);
    return 0;
}

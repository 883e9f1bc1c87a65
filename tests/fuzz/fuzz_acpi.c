/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every parser of ACPI's and MP's tables. The input's first byte selects the parser, the second selects
 * what is corrected beforehand, to get past it (FIX_...), and the rest is the table, or, for the two that
 * search memory, the memory.
 */
#include "fuzz_acpi.h"

#include <ashlar/bits.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/fmt/mp_table.h>

#define FIX_SIGNATURE BIT(0)
#define FIX_LENGTH    BIT(1)
#define FIX_CHECKSUM  BIT(2)
#define PLACE_SHIFT   4

uint32_t number(const uint8_t *at, size_t size_bytes)
{
    uint32_t value = 0;
    for (size_t i = size_bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

void is_name(const char *name, size_t limit)
{
    insist(memchr(name, 0, limit));
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

bool check_parsed(status_t status, const struct acpi_view *view, const uint8_t *data, size_t size)
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

/* Gives a root pointer or MP pointer at the start valid checksums. */
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
    unsigned int fixes = data[1];
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

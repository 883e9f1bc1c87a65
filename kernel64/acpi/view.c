/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Access to one table's bytes. A number outside the table reads as 0: that is ACPI's meaning of a field that
 * an older table does not have, and it saves the parsers a length check for each field.
 */
#include <acpi/view.h>
#include <ashlar/fmt/acpi.h>

#include <lib/little_endian.h>
#include <lib/string.h>

/* Every second byte of a word, in lanes of 16 bits: a lane holds SUMMED_AT_ONCE words' pairs of bytes. */
#define LANES          0x00ff00ff00ff00ffULL
#define SUMMED_AT_ONCE 128

static uint8_t sum_words(const uint8_t *bytes, size_t words)
{
    uint64_t lanes = 0;
    for (size_t i = 0; i < words; i++) {
        uint64_t word = get_le64(bytes + 8 * i);
        lanes += (word & LANES) + (word >> 8 & LANES);
    }
    return (uint8_t)(lanes + (lanes >> 16) + (lanes >> 32) + (lanes >> 48));
}

/* By words, because firmware's tables are hundreds of KiB and each is summed during boot. */
bool acpi_sums_to_zero(const void *data, size_t size_bytes)
{
    const uint8_t *bytes = data;
    size_t words = size_bytes / 8, done = 0;
    uint8_t sum = 0;
    while (done < words) {
        size_t now = words - done < SUMMED_AT_ONCE ? words - done : SUMMED_AT_ONCE;
        sum = (uint8_t)(sum + sum_words(bytes + 8 * done, now));
        done += now;
    }
    for (size_t i = 8 * words; i < size_bytes; i++)
        sum = (uint8_t)(sum + bytes[i]);
    return sum == 0;
}

void acpi_copy_name(char *to, const void *from, size_t length)
{
    const uint8_t *bytes = from;
    size_t end = 0;
    while (end < length && bytes[end] != '\0')
        end++;
    while (end > 0 && bytes[end - 1] == ' ')
        end--;
    for (size_t i = 0; i < end; i++)
        to[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    to[end] = '\0';
}

status_t acpi_view_table(const void *data, size_t size_bytes, const char *signature, size_t minimum_bytes,
                         struct acpi_view *view)
{
    if (!data || size_bytes < ACPI_HEADER_SIZE)
        return STATUS_TRUNCATED;
    uint32_t length = get_le32((const uint8_t *)data + ACPI_HEADER_LENGTH);
    if (memcmp(data, signature, 4) != 0 || length < ACPI_HEADER_SIZE)
        return STATUS_MALFORMED;
    if (length > size_bytes || length < minimum_bytes)
        return STATUS_TRUNCATED;
    *view = (struct acpi_view){ .bytes = data, .length = length };
    return STATUS_OK;
}

void acpi_view_header(const struct acpi_view *view, struct acpi_header *header)
{
    acpi_copy_name(header->signature, view->bytes, 4);
    header->length = get_le32(view->bytes + ACPI_HEADER_LENGTH);
    header->revision = view->bytes[ACPI_HEADER_REVISION];
    header->checksum_ok = acpi_sums_to_zero(view->bytes, view->length);
    acpi_copy_name(header->oem_id, view->bytes + ACPI_HEADER_OEM_ID, 6);
    acpi_copy_name(header->oem_table_id, view->bytes + ACPI_HEADER_OEM_TABLE_ID, 8);
    header->oem_revision = get_le32(view->bytes + ACPI_HEADER_OEM_REVISION);
}

bool acpi_view_covers(const struct acpi_view *view, size_t offset, size_t size_bytes)
{
    return offset <= view->length && size_bytes <= view->length - offset;
}

uint8_t acpi_view_u8(const struct acpi_view *view, size_t offset)
{
    return acpi_view_covers(view, offset, 1) ? view->bytes[offset] : 0;
}

uint16_t acpi_view_u16(const struct acpi_view *view, size_t offset)
{
    return acpi_view_covers(view, offset, 2) ? get_le16(view->bytes + offset) : 0;
}

uint32_t acpi_view_u32(const struct acpi_view *view, size_t offset)
{
    return acpi_view_covers(view, offset, 4) ? get_le32(view->bytes + offset) : 0;
}

uint64_t acpi_view_u64(const struct acpi_view *view, size_t offset)
{
    return acpi_view_covers(view, offset, 8) ? get_le64(view->bytes + offset) : 0;
}

struct acpi_gas acpi_view_gas(const struct acpi_view *view, size_t offset)
{
    struct acpi_gas gas = { .is_present = false };
    if (!acpi_view_covers(view, offset, ACPI_GAS_SIZE))
        return gas;
    const uint8_t *bytes = view->bytes + offset;
    gas.is_present = true;
    gas.space = bytes[ACPI_GAS_SPACE];
    gas.width_bits = bytes[ACPI_GAS_WIDTH];
    gas.offset_bits = bytes[ACPI_GAS_BIT_OFFSET];
    gas.access_size = bytes[ACPI_GAS_ACCESS];
    gas.address = get_le64(bytes + ACPI_GAS_ADDRESS);
    return gas;
}

bool acpi_gas_is_usable(const struct acpi_gas *gas)
{
    if (gas->address == 0)
        return false;
    return gas->space == ACPI_SPACE_MEMORY || (gas->space == ACPI_SPACE_IO && gas->address <= UINT16_MAX);
}

status_t acpi_next_entry(const struct acpi_view *view, size_t *offset, struct acpi_entry *entry)
{
    if (*offset >= view->length)
        return STATUS_NOT_FOUND;
    if (!acpi_view_covers(view, *offset, ACPI_ENTRY_HEAD_SIZE))
        return STATUS_MALFORMED;
    const uint8_t *bytes = view->bytes + *offset;
    if (bytes[1] < ACPI_ENTRY_HEAD_SIZE || !acpi_view_covers(view, *offset, bytes[1]))
        return STATUS_MALFORMED;
    *entry = (struct acpi_entry){ .type = bytes[0], .length = bytes[1], .offset = *offset, .bytes = bytes };
    *offset += bytes[1];
    return STATUS_OK;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Iteration over the structures, and two accessors: the number at an offset, and the string of a number. A
 * field past the end of the structure reads as 0, which is no string's number: so a shorter structure of an
 * older version is read as the specification says, without a length check for each field.
 */
#include <smbios/table.h>

#include <ashlar/fmt/smbios.h>
#include <lib/little_endian.h>
#include <lib/string.h>

/* Return: the length of the strings that begin at @offset, without the last NUL; SIZE_MAX when they do not
   end within the table. @end: the offset after them. */
static size_t find_strings_end(const struct smbios_table *table, size_t offset, size_t *end)
{
    size_t start = offset;
    while (offset + 1 < table->length && (table->bytes[offset] != 0 || table->bytes[offset + 1] != 0))
        offset++;
    if (offset + 1 >= table->length)
        return SIZE_MAX;
    *end = offset + 2;
    /* Two NULs directly after the fields: no strings. Else an empty string follows the last one. */
    return offset == start ? 0 : offset + 1 - start;
}

status_t smbios_next(const struct smbios_table *table, struct smbios_cursor *cursor,
                     struct smbios_structure *structure)
{
    size_t offset = cursor->offset, end;
    if (offset >= table->length || (table->count > 0 && cursor->count >= table->count))
        return STATUS_NOT_FOUND;
    const uint8_t *bytes = table->bytes + offset;
    size_t left = table->length - offset;
    if (left < SMBIOS_HEADER_SIZE)
        return STATUS_MALFORMED;
    uint8_t type = bytes[0], length = bytes[SMBIOS_HEADER_LENGTH];
    if (length < SMBIOS_HEADER_SIZE || length > left)
        return STATUS_MALFORMED;
    /* Some tables lack its two NULs, and its content is not used. */
    if (type == SMBIOS_TYPE_END)
        return STATUS_NOT_FOUND;
    size_t strings_length = find_strings_end(table, offset + length, &end);
    if (strings_length == SIZE_MAX)
        return STATUS_MALFORMED;
    *structure = (struct smbios_structure){
        .type = type,
        .length = length,
        .handle = get_le16(bytes + SMBIOS_HEADER_HANDLE),
        .bytes = bytes,
        .strings = bytes + length,
        .strings_length = strings_length,
    };
    cursor->offset = end;
    cursor->count++;
    return STATUS_OK;
}

bool smbios_next_of(const struct smbios_table *table, uint8_t type, struct smbios_cursor *cursor,
                    struct smbios_structure *structure)
{
    struct smbios_structure next;
    while (smbios_next(table, cursor, &next) == STATUS_OK) {
        if (next.type != type)
            continue;
        *structure = next;
        return true;
    }
    return false;
}

static bool covers(const struct smbios_structure *structure, size_t offset, size_t size_bytes)
{
    return offset <= structure->length && size_bytes <= structure->length - offset;
}

uint8_t smbios_u8(const struct smbios_structure *structure, size_t offset)
{
    return covers(structure, offset, 1) ? structure->bytes[offset] : 0;
}

uint16_t smbios_u16(const struct smbios_structure *structure, size_t offset)
{
    return covers(structure, offset, 2) ? get_le16(structure->bytes + offset) : 0;
}

uint32_t smbios_u32(const struct smbios_structure *structure, size_t offset)
{
    return covers(structure, offset, 4) ? get_le32(structure->bytes + offset) : 0;
}

uint64_t smbios_u64(const struct smbios_structure *structure, size_t offset)
{
    return covers(structure, offset, 8) ? get_le64(structure->bytes + offset) : 0;
}

static void copy_text(char *text, const uint8_t *bytes, size_t length)
{
    while (length > 0 && bytes[0] == ' ')
        bytes++, length--;
    while (length > 0 && bytes[length - 1] == ' ')
        length--;
    if (length > SMBIOS_TEXT_MAX)
        length = SMBIOS_TEXT_MAX;
    for (size_t i = 0; i < length; i++)
        text[i] = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '?';
    text[length] = '\0';
}

void smbios_text(const struct smbios_structure *structure, unsigned int number,
                 char text[SMBIOS_TEXT_MAX + 1])
{
    const uint8_t *bytes = structure->strings;
    size_t left = structure->strings_length;
    text[0] = '\0';
    while (number > 0 && left > 0) {
        size_t length = strnlen((const char *)bytes, left);
        if (--number == 0)
            copy_text(text, bytes, length);
        size_t step = length < left ? length + 1 : left;
        bytes += step;
        left -= step;
    }
}

void smbios_field_text(const struct smbios_structure *structure, size_t offset,
                       char text[SMBIOS_TEXT_MAX + 1])
{
    smbios_text(structure, smbios_u8(structure, offset), text);
}

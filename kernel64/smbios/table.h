/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The SMBIOS table as a list of structures, each with fields and strings. Pure, hosted-tested: no byte
 * outside the table, or outside the structure's own fields and strings, is read.
 *
 * Not for finding the table (smbios/entry.h) or for the meaning of fields (smbios/decode.h).
 *
 * Context of all here and in smbios/decode.h: any. They keep pointers into the caller's bytes, allocate no
 * memory, take no lock, and have no state.
 * Source: DMTF DSP0134 3.7.0, "SMBIOS structures" (6.1).
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

struct smbios_table {
    const uint8_t *bytes;
    size_t length;
    unsigned int count; /* of structures; 0: until the end structure */
    uint8_t major, minor;
};

struct smbios_structure {
    uint8_t type;
    uint8_t length; /* of header and fields: SMBIOS_HEADER_SIZE or more */
    uint16_t handle;
    const uint8_t *bytes;   /* @length of them */
    const uint8_t *strings; /* each with its NUL, up to the last one's */
    size_t strings_length;
};

/* A position in the table; all 0 at its start. */
struct smbios_cursor {
    size_t offset;
    unsigned int count;
};

/**
 * smbios_next() - iterate over structures.
 * @table:     any bytes.
 * @cursor:    zeroed to begin with; at a malformed structure it stays there.
 * @structure: filled in; untouched at the end and at a malformed one.
 *
 * The end structure is not returned.
 * Return: STATUS_OK; STATUS_NOT_FOUND at the end; STATUS_MALFORMED at a structure whose length is below 4 or
 *         past the table's end, or whose strings do not end: those after it cannot be found.
 */
status_t smbios_next(const struct smbios_table *table, struct smbios_cursor *cursor,
                     struct smbios_structure *structure) MUST_CHECK;

/**
 * smbios_next_of() - iterate over the structures of one type.
 * @type: SMBIOS_TYPE_...
 *
 * For the rest see smbios_next().
 * Return: false at the end, and where the table is malformed.
 */
bool smbios_next_of(const struct smbios_table *table, uint8_t type, struct smbios_cursor *cursor,
                    struct smbios_structure *structure);

/* The number at @offset of the structure; 0 when the structure is too short to have it. */
uint8_t smbios_u8(const struct smbios_structure *structure, size_t offset);
uint16_t smbios_u16(const struct smbios_structure *structure, size_t offset);
uint32_t smbios_u32(const struct smbios_structure *structure, size_t offset);
uint64_t smbios_u64(const struct smbios_structure *structure, size_t offset);

/* Longest text kept; the specification's limit for a string was 64 characters until version 2.7. */
#define SMBIOS_TEXT_MAX 80

/**
 * smbios_text() - copy a string of a structure.
 * @structure: from smbios_next().
 * @number:    which one, from 1.
 * @text:      receives it, truncated; "" when there is no such string.
 *
 * Blanks around it are removed, and bytes that are not printable ASCII become '?'.
 */
void smbios_text(const struct smbios_structure *structure, unsigned int number,
                 char text[SMBIOS_TEXT_MAX + 1]);

/* smbios_text() of the string whose number is the field at @offset. */
void smbios_field_text(const struct smbios_structure *structure, size_t offset,
                       char text[SMBIOS_TEXT_MAX + 1]);

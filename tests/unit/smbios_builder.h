/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * SMBIOS tables and entry points for tests, written field by field as DSP0134 has them.
 */
#include <ashlar/fmt/smbios.h>

#include <smbios/decode.h>
#include <smbios/entry.h>
#include <stdlib.h>
#include <string.h>

struct smbios_builder {
    uint8_t bytes[4096];
    size_t length;
    unsigned int count;
};

/* Appends a structure of @length zeroed bytes and its strings: "one\0two\0", or "" for none. Return: its
   first byte. */
static inline uint8_t *smbios_put(struct smbios_builder *builder, uint8_t type, uint8_t length,
                                  const char *strings, size_t strings_length)
{
    uint8_t *structure = builder->bytes + builder->length;
    memset(structure, 0, length);
    structure[0] = type;
    structure[1] = length;
    structure[2] = (uint8_t)builder->count;
    structure[3] = 0x12;
    memcpy(structure + length, strings, strings_length);
    structure[length + strings_length] = 0;
    builder->length += length + strings_length + 1;
    if (strings_length == 0)
        builder->bytes[builder->length++] = 0;
    builder->count++;
    return structure;
}

#define SMBIOS_PUT(builder, type, length, strings)                                                           \
    smbios_put(builder, type, length, strings, sizeof(strings) - 1)

static inline void smbios_put16(uint8_t *structure, size_t offset, uint16_t value)
{
    memcpy(structure + offset, &value, 2);
}

static inline void smbios_put32(uint8_t *structure, size_t offset, uint32_t value)
{
    memcpy(structure + offset, &value, 4);
}

static inline void smbios_put64(uint8_t *structure, size_t offset, uint64_t value)
{
    memcpy(structure + offset, &value, 8);
}

static inline void smbios_fix_sum(uint8_t *bytes, size_t length, size_t sum_at)
{
    uint8_t sum = 0;
    bytes[sum_at] = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + bytes[i]);
    bytes[sum_at] = (uint8_t)-sum;
}

static inline void smbios_put_entry32(uint8_t *at, uint32_t table, uint16_t length, uint16_t count)
{
    memcpy(at, "_SM_", 4);
    at[0x05] = 0x1f;
    at[0x06] = 2;
    at[0x07] = 8;
    memcpy(at + 0x10, "_DMI_", 5);
    memcpy(at + 0x16, &length, 2);
    memcpy(at + 0x18, &table, 4);
    memcpy(at + 0x1c, &count, 2);
    smbios_fix_sum(at + 0x10, 0x0f, 5);
    smbios_fix_sum(at, 0x1f, 4);
}

static inline void smbios_put_entry64(uint8_t *at, uint64_t table, uint32_t length)
{
    memcpy(at, "_SM3_", 5);
    at[0x06] = 0x18;
    at[0x07] = 3;
    at[0x08] = 7;
    memcpy(at + 0x0c, &length, 4);
    memcpy(at + 0x10, &table, 8);
    smbios_fix_sum(at, 0x18, 5);
}

static inline void smbios_put_machine(struct smbios_builder *builder)
{
    uint8_t *at = SMBIOS_PUT(builder, 0, 0x1a,
                             "Maker\0 1.2 \0"
                             "01/02/2023\0");
    at[4] = 1, at[5] = 2, at[8] = 3;
    at[9] = 0xff;
    at[0x13] = 1 << 3 | 1 << 4;
    smbios_put16(at, 0x18, 32);
    at = SMBIOS_PUT(builder, 1, 0x1b, "Acme\0Model\tX\0");
    at[4] = 1, at[5] = 2;
    for (uint8_t i = 0; i < 16; i++)
        at[8 + i] = i;
    at = SMBIOS_PUT(builder, 2, 0x0f, "Board Co\0B-1\0");
    at[4] = 1, at[5] = 2;
    at = SMBIOS_PUT(builder, 3, 0x15, "");
    at[5] = 0x89; /* a laptop that is locked */
    at = SMBIOS_PUT(builder, 4, 0x30, "CPU 0\0");
    at[4] = 1, at[0x18] = 0x41, at[0x23] = 0xff, at[0x25] = 0xff;
    smbios_put16(at, 0x16, 3600);
    smbios_put16(at, 0x2a, 300);
    smbios_put16(at, 0x2e, 600);
    at = SMBIOS_PUT(builder, 16, 0x17, "");
    at[5] = 3, at[6] = 6;
    smbios_put32(at, 7, 0x80000000);
    smbios_put16(at, 0x0d, 4);
    smbios_put64(at, 0x0f, 8ULL << 40);
    at = SMBIOS_PUT(builder, 17, 0x5c, "DIMM A1\0BANK 0\0Maker\0P/N\0");
    at[0x10] = 1, at[0x11] = 2, at[0x12] = 0x22, at[0x17] = 3, at[0x1a] = 4;
    smbios_put16(at, 0x0c, 0x7fff);
    smbios_put32(at, 0x1c, 0x80000000 | 65536); /* 64 GiB; the highest bit is reserved */
    smbios_put16(at, 0x15, 0xffff);
    smbios_put32(at, 0x54, 70000);
    smbios_put16(at, 0x20, 5600);
    at = SMBIOS_PUT(builder, 17, 0x28, "DIMM A2\0");
    at[0x10] = 1;
    at = SMBIOS_PUT(builder, 19, 0x1f, "");
    smbios_put32(at, 4, 0xffffffff);
    smbios_put64(at, 0x0f, 1ULL << 32);
    smbios_put64(at, 0x17, (1ULL << 40) - 1);
    SMBIOS_PUT(builder, 127, 4, "");
}

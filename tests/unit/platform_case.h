/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Firmware whose tables a test writes entry by entry, and struct platform made of them.
 *
 * Arrays are allocated to the byte, so that the sanitizer reports an entry that was copied and not counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <platform/tables.h>

#define PLATFORM_CASE(name) cmocka_unit_test_setup_teardown(name, no_firmware, end)

/* ---- a machine's firmware ---- */

#define TABLES_MAX 16
static struct {
    uint8_t bytes[4096];
    size_t size;
} tables[TABLES_MAX];
static unsigned int table_count;

static uint8_t low_memory[0x100000]; /* for the MP tables */
static void *taken[64];
static unsigned int taken_count, refused_takes;
static bool has_memory;
static char complaints[16][160];
static size_t numbers[16];
static unsigned int complaint_count;
static struct platform platform_here;

static const void *find(const char *signature, size_t index, size_t *size_bytes)
{
    for (unsigned int i = 0; i < table_count; i++) {
        if (memcmp(tables[i].bytes, signature, 4) != 0 || index-- > 0)
            continue;
        *size_bytes = tables[i].size;
        return tables[i].bytes;
    }
    return NULL;
}

static const void *read_low(phys_t address, size_t size_bytes)
{
    bool is_there = address.raw < sizeof(low_memory) && size_bytes <= sizeof(low_memory) - address.raw;
    return is_there ? low_memory + address.raw : NULL;
}

static inline void *take(size_t size_bytes, size_t alignment)
{
    assert_true(size_bytes > 0 && alignment <= 16 && taken_count < 64);
    if (!has_memory) {
        refused_takes++;
        return NULL;
    }
    return taken[taken_count++] = malloc(size_bytes);
}

static inline void report_fault(const char *sentence, size_t number)
{
    assert_true(complaint_count < 16);
    numbers[complaint_count] = number;
    strncpy(complaints[complaint_count++], sentence, sizeof(complaints[0]) - 1);
}

static const struct platform_firmware firmware = {
    .find = find, .read = read_low, .take = take, .report_fault = report_fault
};

static inline void give_arrays_back(void)
{
    while (taken_count > 0)
        free(taken[--taken_count]);
}

static inline int no_firmware(void **state)
{
    (void)state;
    memset(tables, 0, sizeof(tables));
    memset(low_memory, 0, sizeof(low_memory));
    table_count = complaint_count = refused_takes = 0;
    has_memory = true;
    return 0;
}

static inline int end(void **state)
{
    (void)state;
    give_arrays_back();
    return 0;
}

static inline const struct platform *read_all(void)
{
    give_arrays_back();
    platform_here = (struct platform){ 0 };
    platform_read_tables(&firmware, &platform_here);
    return &platform_here;
}

static inline void put(uint8_t *at, uint64_t value, size_t size)
{
    memcpy(at, &value, size);
}

/* A table of @size bytes, to which add() appends. */
static inline uint8_t *begin_table(const char *signature, size_t size)
{
    assert_true(table_count < TABLES_MAX);
    uint8_t *bytes = tables[table_count].bytes;
    memcpy(bytes, signature, 4);
    bytes[8] = 3;
    tables[table_count++].size = size;
    put(bytes + 4, size, 4);
    return bytes;
}

static inline uint8_t *add(const void *entry, size_t size)
{
    uint8_t *bytes = tables[table_count - 1].bytes, *at = bytes + tables[table_count - 1].size;
    memcpy(at, entry, size);
    tables[table_count - 1].size += size;
    put(bytes + 4, tables[table_count - 1].size, 4);
    return at;
}

static inline void begin_madt(void)
{
    uint8_t *bytes = begin_table("APIC", 44);
    put(bytes + 36, 0xfee00000, 4);
    bytes[40] = 1;
}

static inline void madt_cpu(uint8_t uid, uint8_t apic_id, bool is_enabled)
{
    add((const uint8_t[8]){ 0, 8, uid, apic_id, is_enabled }, 8);
}

static inline void madt_x2apic(uint32_t uid, uint32_t apic_id)
{
    uint8_t *at = add((const uint8_t[16]){ 9, 16 }, 16);
    put(at + 4, apic_id, 4);
    at[8] = 1;
    put(at + 12, uid, 4);
}

static inline void srat_cpu(uint32_t apic_id, uint32_t domain)
{
    uint8_t *at = add((const uint8_t[24]){ 2, 24 }, 24);
    put(at + 4, domain, 4);
    put(at + 8, apic_id, 4);
    at[12] = 1;
}

static inline void srat_memory(uint32_t domain, uint64_t start, uint64_t size)
{
    uint8_t *at = add((const uint8_t[40]){ 1, 40 }, 40);
    put(at + 2, domain, 4);
    put(at + 8, start, 8);
    put(at + 16, size, 8);
    at[28] = 1;
}

#define MP_TABLE 0xf1000

static size_t mp_length;

static inline void mp_add(const void *entry, size_t size)
{
    memcpy(low_memory + MP_TABLE + mp_length, entry, size);
    mp_length += size;
    put(low_memory + MP_TABLE + 4, mp_length, 2);
}

static inline void begin_mp(void)
{
    uint8_t *pointer = low_memory + 0xf0000;
    memcpy(pointer, "_MP_", 4);
    put(pointer + 4, MP_TABLE, 4);
    pointer[8] = 1;
    pointer[9] = 4;
    pointer[12] = 0x80;
    for (unsigned int i = 0; i < 16; i++)
        pointer[10] = (uint8_t)(pointer[10] - (i == 10 ? 0 : pointer[i]));
    mp_length = 44;
    memcpy(low_memory + MP_TABLE, "PCMP", 4);
    memcpy(low_memory + MP_TABLE + 8, "OEM     PRODUCT     ", 20);
    put(low_memory + MP_TABLE + 36, 0xfee00000, 4);
    mp_add("\x00\x05\x14\x03\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    mp_add("\x00\x06\x14\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);
    mp_add("\x00\x05\x14\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20); /* named twice */
    mp_add("\x00\x07\x14\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20); /* not enabled */
    mp_add("\x01\x03ISA   ", 8);
    mp_add("\x01\x04PCI   ", 8);
    mp_add("\x02\x08\x11\x01\0\0\xc0\xfe", 8);
    mp_add("\x02\x09\x11\x00\0\x10\xc0\xfe", 8); /* not enabled */
    mp_add("\x03\x00\0\0\x03\x00\x08\x02", 8);   /* ISA 0 at pin 2 */
    mp_add("\x03\x00\x0f\0\x03\x09\x08\x14", 8); /* ISA 9 at pin 20, low, level */
    mp_add("\x03\x00\x0f\0\x04\x10\x08\x10", 8); /* a PCI interrupt */
    mp_add("\x03\x03\0\0\x03\x00\x08\x00", 8);   /* the 8259s' output */
}

/* ---- serial ports ---- */

static inline void add_spcr(uint64_t address)
{
    uint8_t *spcr = begin_table("SPCR", 88);
    spcr[40] = 1;
    spcr[41] = 8;
    put(spcr + 44, address, 8);
    put(spcr + 64, 0xffffffff, 4);
}

/* @count ports in memory, one page apart. */
static inline void add_dbg2(unsigned int count)
{
    uint8_t *dbg2 = begin_table("DBG2", 44);
    put(dbg2 + 36, 44, 4);
    put(dbg2 + 40, count, 4);
    for (unsigned int i = 0; i < count; i++) {
        uint8_t *device = add((const uint8_t[38]){ 0 }, 38);
        put(device + 1, 38, 2);
        device[3] = 1;               /* one address */
        put(device + 12, 0x8000, 2); /* a serial port, */
        put(device + 14, 0, 2);      /* a 16550, */
        put(device + 18, 22, 2);     /* its address, */
        put(device + 20, 34, 2);     /* and its size */
        device[23] = 32;
        device[25] = 3;
        put(device + 26, 0xfe000000 + i * 0x1000ULL, 8);
    }
}

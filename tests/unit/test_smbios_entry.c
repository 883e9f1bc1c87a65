/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/smbios/entry.c and kernel64/boot/efi_table.c over an imitated physical memory of 2 MiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/fmt/efi.h>
#include <boot/efi_table.h>

#include "smbios_builder.h"

static uint8_t memory[2 << 20];
static struct boot_info info;

static const void *read_memory(phys_t address, size_t size_bytes)
{
    if (address.raw > sizeof(memory) || size_bytes > sizeof(memory) - address.raw)
        return NULL;
    return memory + address.raw;
}

static int clear(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    memset(&info, 0, sizeof(info));
    info.efi_system_table = PHYS_INVALID;
    return 0;
}

/* ---- entry points ---- */

static void both_entry_points_are_read(void **state)
{
    (void)state;
    struct smbios_entry entry;
    smbios_put_entry32(memory, 0x12345, 500, 7);
    assert_int_equal(smbios_parse_entry(memory, 0x1f, &entry), STATUS_OK);
    assert_int_equal(entry.address.raw, 0x12345);
    assert_int_equal(entry.length, 500);
    assert_int_equal(entry.count, 7);
    assert_int_equal(entry.major * 10 + entry.minor, 28);
    assert_false(entry.is_cut);
    smbios_put_entry64(memory, 0x123456789a, 600);
    assert_int_equal(smbios_parse_entry(memory, 0x18, &entry), STATUS_OK);
    assert_int_equal(entry.address.raw, 0x123456789a);
    assert_int_equal(entry.length, 600);
    assert_int_equal(entry.count, 0);
    assert_int_equal(entry.major * 10 + entry.minor, 37);
}

static void the_length_of_version_2_1_is_accepted(void **state)
{
    (void)state;
    struct smbios_entry entry;
    smbios_put_entry32(memory, 0x12345, 500, 7);
    memory[5] = 0x1e;
    smbios_fix_sum(memory, 0x1e, 4);
    assert_int_equal(smbios_parse_entry(memory, 0x1f, &entry), STATUS_OK);
    memory[5] = 0x1d;
    smbios_fix_sum(memory, 0x1d, 4);
    assert_int_equal(smbios_parse_entry(memory, 0x1f, &entry), STATUS_MALFORMED);
}

/* Each byte of a valid entry point is under a checksum or an anchor. */
static void every_wrong_byte_is_refused(void **state)
{
    (void)state;
    for (int is_64 = 0; is_64 <= 1; is_64++) {
        size_t size = is_64 ? 0x18 : 0x1f;
        uint8_t *exact = malloc(size);
        struct smbios_entry entry = { .length = 77 };
        memset(exact, 0, size);
        if (is_64)
            smbios_put_entry64(exact, 0x5000, 600);
        else
            smbios_put_entry32(exact, 0x5000, 600, 9);
        for (size_t at = 0; at < size; at++) {
            for (unsigned int bit = 0; bit < 8; bit++) {
                exact[at] ^= (uint8_t)(1u << bit);
                status_t status = smbios_parse_entry(exact, size, &entry);
                assert_true(status == STATUS_MALFORMED || status == STATUS_TRUNCATED);
                exact[at] ^= (uint8_t)(1u << bit);
            }
        }
        assert_int_equal(entry.length, 77);
        for (size_t length = 0; length < size; length++)
            assert_int_equal(smbios_parse_entry(exact, length, &entry), STATUS_TRUNCATED);
        free(exact);
    }
}

static void an_empty_table_is_refused_and_a_huge_one_is_cut(void **state)
{
    (void)state;
    struct smbios_entry entry;
    smbios_put_entry32(memory, 0x12345, 0, 7);
    assert_int_equal(smbios_parse_entry(memory, 0x1f, &entry), STATUS_MALFORMED);
    smbios_put_entry64(memory, 0x12345, 0);
    assert_int_equal(smbios_parse_entry(memory, 0x18, &entry), STATUS_MALFORMED);
    smbios_put_entry64(memory, 0x12345, UINT32_MAX);
    assert_int_equal(smbios_parse_entry(memory, 0x18, &entry), STATUS_OK);
    assert_true(entry.is_cut);
    assert_int_equal(entry.length, SMBIOS_TABLE_MAX);
}

/* ---- the search ---- */

static void the_scan_prefers_the_64_bit_entry_point(void **state)
{
    (void)state;
    struct smbios_entry entry;
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
    memcpy(memory + 0xf0000, "_SM3_", 5);
    smbios_put_entry32(memory + 0xf0018, 0x1000, 10, 1); /* not on a boundary */
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
    smbios_put_entry32(memory + 0xf1230, 0x2000, 10, 1);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
    assert_int_equal(entry.source, SMBIOS_FROM_SCAN);
    assert_int_equal(entry.address.raw, 0x2000);
    smbios_put_entry64(memory + 0xffff0 - 16, 0x3000, 10);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
    assert_int_equal(entry.address.raw, 0x3000);
}

static void an_entry_point_across_the_end_of_the_bios_area_is_not_read(void **state)
{
    (void)state;
    struct smbios_entry entry;
    smbios_put_entry64(memory + 0xffff0, 0x3000, 10);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
}

static void the_loader_s_copy_comes_first(void **state)
{
    (void)state;
    struct smbios_entry entry;
    static uint8_t copy[32] = { 1, 4, 0, 0, 0, 0 };
    smbios_put_entry32(memory + 0xf1230, 0x2000, 10, 1);
    info.smbios = (struct bytes){ copy, 6 };
    info.smbios_major = 3;
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
    assert_int_equal(entry.source, SMBIOS_FROM_LOADER);
    assert_false(phys_is_valid(entry.address));
    assert_ptr_equal(entry.copy, copy);
    assert_int_equal(entry.length, 6);
    assert_int_equal(entry.major, 3);
    /* Some loaders copy the entry point. */
    smbios_put_entry64(copy, 0x4000, 20);
    info.smbios.size_bytes = 0x18;
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
    assert_int_equal(entry.source, SMBIOS_FROM_LOADER);
    assert_int_equal(entry.address.raw, 0x4000);
    info.smbios.size_bytes = 0;
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
    assert_int_equal(entry.source, SMBIOS_FROM_SCAN);
}

/* ---- EFI ---- */

static const uint8_t guid_smbios[] = EFI_GUID_SMBIOS, guid_smbios3[] = EFI_GUID_SMBIOS3;

/* A system table at 0x1000 whose configuration table is at 0x2000. */
static void put_efi(uint8_t bits, uint64_t count)
{
    uint64_t tables = 0x2000;
    memcpy(memory + 0x1000, "IBI SYST", 8);
    smbios_put32(memory + 0x1000, 8, 0x00020046);
    if (bits == 64) {
        smbios_put64(memory + 0x1000, 104, count);
        smbios_put64(memory + 0x1000, 112, tables);
    } else {
        smbios_put32(memory + 0x1000, 64, (uint32_t)count);
        smbios_put32(memory + 0x1000, 68, (uint32_t)tables);
    }
    info.efi_system_table = phys(0x1000);
    info.efi_bits = bits;
}

static void put_configuration(uint8_t bits, size_t index, const uint8_t *guid, uint64_t address)
{
    uint8_t *at = memory + 0x2000 + index * (bits == 64 ? 24 : 20);
    memcpy(at, guid, 16);
    memcpy(at + 16, &address, bits == 64 ? 8 : 4);
}

static void efi_tables_of_both_widths_are_found(void **state)
{
    (void)state;
    for (uint8_t bits = 32; bits <= 64; bits += 32) {
        struct smbios_entry entry;
        struct efi_system efi;
        clear(state);
        put_efi(bits, 3);
        assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_OK);
        assert_int_equal(efi.revision, 0x00020046);
        assert_int_equal(efi.table_count, 3);
        put_configuration(bits, 1, guid_smbios, 0x5000);
        smbios_put_entry32(memory + 0x5000, 0x6000, 10, 1);
        assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
        assert_int_equal(entry.source, SMBIOS_FROM_EFI);
        assert_int_equal(entry.address.raw, 0x6000);
        put_configuration(bits, 2, guid_smbios3, 0x5100);
        smbios_put_entry64(memory + 0x5100, 0x7000, 10);
        assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
        assert_int_equal(entry.address.raw, 0x7000);
        /* A bad one of version 3 leaves that of version 2. */
        memory[0x5105]++;
        assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
        assert_int_equal(entry.address.raw, 0x6000);
    }
}

static void a_bad_system_table_is_refused(void **state)
{
    (void)state;
    struct efi_system efi;
    assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_NOT_FOUND);
    put_efi(64, 1);
    memory[0x1000] = 'X';
    assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_MALFORMED);
    info.efi_system_table = phys(sizeof(memory) - 119);
    assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_TRUNCATED);
    info.efi_system_table = phys(UINT64_MAX - 3);
    assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_TRUNCATED);
}

static void wrong_counts_and_addresses_find_nothing(void **state)
{
    (void)state;
    struct efi_system efi;
    struct smbios_entry entry;
    put_efi(64, UINT64_MAX);
    assert_int_equal(efi_read_system(&info, read_memory, &efi), STATUS_OK);
    assert_int_equal(efi.table_count, EFI_TABLES_MAX);
    assert_false(phys_is_valid(efi_find_table(&efi, read_memory, guid_smbios)));
    smbios_put64(memory + 0x1000, 112, UINT64_MAX - 7);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
    put_efi(64, 1);
    put_configuration(64, 0, guid_smbios, UINT64_MAX - 1);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
    /* The BIOS area is not scanned under UEFI. */
    smbios_put_entry32(memory + 0xf0000, 0x6000, 10, 1);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_NOT_FOUND);
}

static void an_entry_point_at_the_end_of_memory_is_read(void **state)
{
    (void)state;
    struct smbios_entry entry;
    put_efi(64, 1);
    put_configuration(64, 0, guid_smbios3, sizeof(memory) - 0x18);
    smbios_put_entry64(memory + sizeof(memory) - 0x18, 0x7000, 10);
    assert_int_equal(smbios_locate(&info, read_memory, &entry), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_entry_points_are_read, clear),
        cmocka_unit_test_setup(the_length_of_version_2_1_is_accepted, clear),
        cmocka_unit_test_setup(every_wrong_byte_is_refused, clear),
        cmocka_unit_test_setup(an_empty_table_is_refused_and_a_huge_one_is_cut, clear),
        cmocka_unit_test_setup(the_scan_prefers_the_64_bit_entry_point, clear),
        cmocka_unit_test_setup(an_entry_point_across_the_end_of_the_bios_area_is_not_read, clear),
        cmocka_unit_test_setup(the_loader_s_copy_comes_first, clear),
        cmocka_unit_test_setup(efi_tables_of_both_widths_are_found, clear),
        cmocka_unit_test_setup(a_bad_system_table_is_refused, clear),
        cmocka_unit_test_setup(wrong_counts_and_addresses_find_nothing, clear),
        cmocka_unit_test_setup(an_entry_point_at_the_end_of_memory_is_read, clear),
    };
    return cmocka_run_group_tests_name("smbios_entry", tests, NULL, NULL);
}

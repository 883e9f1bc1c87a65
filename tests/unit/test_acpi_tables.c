/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/acpi/tables.c and index.c over an imitated physical memory of 2 MiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <acpi/index.h>
#include <acpi/root.h>
#include <acpi/tables.h>
#include <string.h>

static uint8_t memory[2 << 20];

static const void *read_memory(phys_t address, size_t size_bytes)
{
    if (address.raw > sizeof(memory) || size_bytes > sizeof(memory) - address.raw)
        return NULL;
    return memory + address.raw;
}

static int clear_memory(void **state)
{
    (void)state;
    memset(memory, 0, sizeof(memory));
    return 0;
}

static void put32(size_t at, uint32_t value)
{
    memcpy(memory + at, &value, 4);
}

static void put64(size_t at, uint64_t value)
{
    memcpy(memory + at, &value, 8);
}

static void fix_checksum(size_t at, size_t length, size_t checksum_at)
{
    uint8_t sum = 0;
    memory[at + checksum_at] = 0;
    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + memory[at + i]);
    memory[at + checksum_at] = (uint8_t)-sum;
}

static void put_table(size_t at, const char *signature, uint32_t length)
{
    memcpy(memory + at, signature, 4);
    put32(at + 4, length);
    fix_checksum(at, length, 9);
}

static void put_root_pointer(size_t at, uint32_t rsdt, uint64_t xsdt)
{
    memcpy(memory + at, "RSD PTR ", 8);
    memcpy(memory + at + 9, "ASHLAR", 6);
    put32(at + 16, rsdt);
    fix_checksum(at, 20, 8);
    if (xsdt) {
        memory[at + 15] = 2;
        put32(at + 20, 36);
        put64(at + 24, xsdt);
        fix_checksum(at, 20, 8);
        fix_checksum(at, 36, 32);
    }
}

static void the_xsdt_is_preferred(void **state)
{
    (void)state;
    struct acpi_root root;
    put_root_pointer(0x1000, 0x2000, 0x3000);
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 36, &root), STATUS_OK);
    assert_true(root.is_xsdt);
    assert_int_equal(root.table.raw, 0x3000);
    assert_string_equal(root.oem, "ASHLAR");
}

static void a_bad_extended_checksum_falls_back_to_the_rsdt(void **state)
{
    (void)state;
    struct acpi_root root;
    put_root_pointer(0x1000, 0x2000, 0x3000);
    memory[0x1000 + 33] ^= 1;
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 36, &root), STATUS_OK);
    assert_false(root.is_xsdt);
    assert_int_equal(root.table.raw, 0x2000);
    /* Nor is a length accepted that exceeds the readable memory. */
    put_root_pointer(0x1000, 0x2000, 0x3000);
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 20, &root), STATUS_OK);
    assert_false(root.is_xsdt);
}

static void a_root_pointer_with_a_wrong_checksum_is_refused(void **state)
{
    (void)state;
    struct acpi_root root;
    put_root_pointer(0x1000, 0x2000, 0);
    memory[0x1000 + 10] ^= 0x40;
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 20, &root), STATUS_MALFORMED);
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 19, &root), STATUS_TRUNCATED);
}

static void the_scan_finds_the_ebda_first_and_then_the_bios_area(void **state)
{
    (void)state;
    struct acpi_root root;
    assert_int_equal(acpi_scan_root_pointer(read_memory, &root), STATUS_NOT_FOUND);
    put_root_pointer(0xffff0 - 16, 0x5000, 0);
    assert_int_equal(acpi_scan_root_pointer(read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 0x5000);
    memory[0x40e] = 0xc0;
    memory[0x40f] = 0x9f; /* segment 0x9fc0 */
    put_root_pointer(0x9fc00 + 0x3d0, 0x6000, 0);
    assert_int_equal(acpi_scan_root_pointer(read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 0x6000);
}

/* RSDT at an odd address: an FADT that names DSDT and FACS, a null entry, a table beyond memory, and half an
   entry. */
static struct acpi_root put_everything(void)
{
    struct acpi_root root = { .table = phys(0x2001) };
    put32(0x10003 + 36, 0x30000); /* FACS */
    put32(0x10003 + 40, 0x20001); /* DSDT */
    put_table(0x10003, "FACP", 116);
    put_table(0x20001, "DSDT", 100);
    put_table(0x30000, "FACS", 64);
    put_table(0x40000, "APIC", 44);
    memory[0x40000 + 40] ^= 1; /* wrong checksum */
    put32(0x2001 + 36, 0x10003);
    put32(0x2001 + 40, 0);
    put32(0x2001 + 44, 0xfffff000);
    put32(0x2001 + 48, 0x40000);
    put_table(0x2001, "RSDT", 36 + 16 + 2);
    return root;
}

static struct acpi_index tables;

static void expect_table(size_t at, const char *signature, status_t status)
{
    assert_true(at < tables.count);
    assert_string_equal(tables.tables[at].signature, signature);
    assert_int_equal(tables.tables[at].status, status);
}

static void the_index_lists_each_table_once_and_skips_bad_entries(void **state)
{
    (void)state;
    struct acpi_root root = put_everything();
    acpi_index_build(read_memory, &root, &tables);
    assert_int_equal(tables.root_table.status, STATUS_OK);
    assert_int_equal(tables.refused.address.raw, 0);
    assert_int_equal(tables.listed, 4);
    assert_int_equal(tables.count, 5);
    expect_table(0, "FACP", STATUS_OK);
    assert_true(tables.tables[0].checksum_ok);
    expect_table(1, "", STATUS_TRUNCATED);
    assert_int_equal(tables.tables[1].address.raw, 0xfffff000);
    expect_table(2, "APIC", STATUS_OK);
    assert_false(tables.tables[2].checksum_ok);
    expect_table(3, "DSDT", STATUS_OK);
    assert_int_equal(tables.tables[3].address.raw, 0x20001);
    expect_table(4, "FACS", STATUS_OK);
    assert_ptr_equal(acpi_index_find(&tables, "APIC", NULL), &tables.tables[2]);
    assert_null(acpi_index_find(&tables, "APIC", &tables.tables[2]));
    assert_null(acpi_index_find(&tables, "NONE", NULL));
    assert_null(acpi_index_find(&tables, "", NULL));
}

static void a_repeated_address_is_one_table_and_a_repeated_signature_is_two(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x2000) };
    put_table(0x10000, "SSDT", 100);
    put_table(0x11000, "SSDT", 200);
    for (size_t i = 0; i < 100; i++)
        put32(0x2000 + 36 + 4 * i, i % 2 ? 0x11000 : 0x10000);
    put_table(0x2000, "RSDT", 36 + 400);
    acpi_index_build(read_memory, &root, &tables);
    assert_int_equal(tables.count, 2);
    const struct acpi_table *first = acpi_index_find(&tables, "SSDT", NULL);
    assert_int_equal(first->length, 100);
    assert_int_equal(acpi_index_find(&tables, "SSDT", first)->length, 200);
}

/* An RSDP whose XSDT leads to zeros, the RSDT beside it good; and each other way in which an XSDT can be
   bad. */
static void a_bad_xsdt_falls_back_to_the_rsdt(void **state)
{
    enum { ZEROS, UNREADABLE, CHECKSUM, SIGNATURE, EMPTY, LEADS_NOWHERE, KINDS };
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        struct acpi_root root = { .table = phys(0x3000), .is_xsdt = true, .rsdt = phys(0x2000) };
        clear_memory(state);
        put_table(0x10000, "HPET", 56);
        put32(0x2000 + 36, 0x10000);
        put_table(0x2000, "RSDT", 40);
        put64(0x3000 + 36, kind == LEADS_NOWHERE ? 1ULL << 40 : 0x10000);
        put_table(0x3000, kind == SIGNATURE ? "ASDT" : "XSDT", kind == EMPTY ? 36 : 44);
        if (kind == ZEROS)
            memset(memory + 0x3000, 0, 64);
        if (kind == UNREADABLE)
            root.table = phys(1ULL << 54);
        if (kind == CHECKSUM)
            memory[0x3000 + 10] ^= 1;
        acpi_index_build(read_memory, &root, &tables);
        assert_false(tables.root.is_xsdt);
        assert_int_equal(tables.root.table.raw, 0x2000);
        assert_int_equal(tables.refused.address.raw, root.table.raw);
        assert_non_null(acpi_index_find(&tables, "HPET", NULL));
        /* Without an RSDT that is better, the XSDT is what there is. */
        root.rsdt = phys(kind % 2 ? 0 : 0x5000);
        acpi_index_build(read_memory, &root, &tables);
        assert_true(tables.root.is_xsdt);
        assert_int_equal(tables.refused.address.raw, 0);
        assert_int_equal(acpi_index_find(&tables, "HPET", NULL) != NULL, kind == CHECKSUM);
    }
}

static void a_good_xsdt_is_used_and_the_rsdt_not_read(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x3000), .is_xsdt = true, .rsdt = phys(0x2000) };
    put_table(0x10000, "HPET", 56);
    put64(0x3000 + 36, 0x10000);
    put_table(0x3000, "XSDT", 44);
    put_table(0x2000, "RSDT", 36);
    acpi_index_build(read_memory, &root, &tables);
    assert_true(tables.root.is_xsdt);
    assert_int_equal(tables.count, 1);
}

static uint64_t bytes_read, reach = UINT64_MAX;

static const void *read_counting(phys_t address, size_t size_bytes)
{
    bytes_read += size_bytes;
    return address.raw < reach ? read_memory(address, size_bytes) : NULL;
}

static void look_ups_read_no_memory(void **state)
{
    (void)state;
    struct acpi_root root = put_everything();
    acpi_index_build(read_counting, &root, &tables);
    bytes_read = 0;
    for (int i = 0; i < 1000; i++)
        assert_non_null(acpi_index_find(&tables, "APIC", NULL));
    assert_int_equal(bytes_read, 0);
}

static void tables_out_of_reach_at_first_are_found_later(void **state)
{
    (void)state;
    struct acpi_root root = put_everything();
    reach = 0x40000;
    acpi_index_build(read_counting, &root, &tables);
    reach = UINT64_MAX;
    assert_null(acpi_index_find(&tables, "APIC", NULL));
    acpi_index_retry(read_counting, &root, &tables);
    assert_non_null(acpi_index_find(&tables, "APIC", NULL));
    assert_int_equal(tables.count, 5);
    /* The root table itself likewise. */
    reach = 0x2000;
    acpi_index_build(read_counting, &root, &tables);
    reach = UINT64_MAX;
    assert_int_equal(tables.count, 0);
    acpi_index_retry(read_counting, &root, &tables);
    assert_int_equal(tables.count, 5);
    /* What is there already is not read again. */
    memset(memory + 0x2001 + 44, 0, 4);
    fix_checksum(0x2001, 36 + 16 + 2, 9);
    acpi_index_build(read_counting, &root, &tables);
    bytes_read = 0;
    acpi_index_retry(read_counting, &root, &tables);
    assert_int_equal(bytes_read, 0);
}

/* Of 16 000 tables most are counted and not kept, and a signature at the end is still found. */
static void a_root_of_thousands_keeps_the_first_of_each_signature(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x100000), .is_xsdt = true };
    const size_t many = 16000;
    for (size_t i = 0; i < many; i++) {
        put_table(0x1000 + i * 40, i == many - 1 ? "OEM1" : i == many - 2 ? "OEM2" : "SSDT", 40);
        put64(0x100000 + 36 + 8 * i, 0x1000 + i * 40);
    }
    put_table(0x100000, "XSDT", (uint32_t)(36 + 8 * many));
    acpi_index_build(read_memory, &root, &tables);
    assert_int_equal(tables.listed, many);
    assert_int_equal(tables.count, ACPI_TABLES_MAX + 2);
    assert_int_equal(tables.left_out, many - tables.count);
    assert_int_equal(tables.entries_cut, 0);
    assert_int_equal(acpi_index_find(&tables, "OEM1", NULL)->address.raw, 0x1000 + (many - 1) * 40);
    assert_non_null(acpi_index_find(&tables, "OEM2", NULL));
}

/* Kinds that never end do not fill more than their slots. */
static void excess_signatures_are_counted(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x100000), .is_xsdt = true };
    for (size_t i = 0; i < 1000; i++) {
        char name[5] = { (char)('A' + i / 676), (char)('A' + i / 26 % 26), (char)('A' + i % 26), '1', 0 };
        put_table(0x1000 + i * 40, name, 40);
        put64(0x100000 + 36 + 8 * i, 0x1000 + i * 40);
    }
    put_table(0x100000, "XSDT", 36 + 8 * 1000);
    acpi_index_build(read_memory, &root, &tables);
    assert_int_equal(tables.count, ACPI_TABLES_MAX + ACPI_KINDS_MAX);
    assert_int_equal(tables.left_out, 1000 - tables.count);
}

static void an_unreadable_x_dsdt_falls_back_to_dsdt(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x2000) };
    put32(0x10000 + 40, 0x20000);
    put64(0x10000 + 140, 0x30000); /* X_DSDT: zeros */
    put_table(0x10000, "FACP", 244);
    put_table(0x20000, "DSDT", 100);
    put32(0x2000 + 36, 0x10000);
    put_table(0x2000, "RSDT", 40);
    acpi_index_build(read_memory, &root, &tables);
    assert_int_equal(acpi_index_find(&tables, "DSDT", NULL)->address.raw, 0x20000);
    expect_table(1, "", STATUS_MALFORMED);
}

static void wide_checksums_equal_bytewise_checksums(void **state)
{
    (void)state;
    for (size_t size = 0; size < 3000; size += size < 40 ? 1 : 97) {
        uint8_t sum = 0;
        for (size_t i = 0; i < size; i++) {
            memory[i + size % 5] = size % 3 ? 0xff : (uint8_t)(i * 37 + size);
            sum = (uint8_t)(sum + memory[i + size % 5]);
        }
        assert_int_equal(acpi_sums_to_zero(memory + size % 5, size), sum == 0);
        if (size == 0)
            continue;
        memory[size % 5 + size / 2] = (uint8_t)(memory[size % 5 + size / 2] - sum);
        assert_true(acpi_sums_to_zero(memory + size % 5, size));
        memory[size % 5 + size - 1] ^= 0x80;
        assert_false(acpi_sums_to_zero(memory + size % 5, size));
    }
}

static void a_table_too_short_for_its_signature_is_skipped(void **state)
{
    (void)state;
    struct acpi_root root = { .table = phys(0x2000) };
    put_table(0x10000, "APIC", 40);
    put_table(0x11000, "APIC", 44);
    put_table(0x12000, "HPET", 55);
    put32(0x2000 + 36, 0x10000);
    put32(0x2000 + 40, 0x11000);
    put32(0x2000 + 44, 0x12000);
    put_table(0x2000, "RSDT", 48);
    acpi_index_build(read_memory, &root, &tables);
    expect_table(0, "APIC", STATUS_INVALID);
    assert_int_equal(acpi_index_find(&tables, "APIC", NULL)->address.raw, 0x11000);
    assert_null(acpi_index_find(&tables, "HPET", NULL));
}

/* The loader's root pointer is good and leads to zeros; the BIOS's own is as it should be. */
static void an_unreadable_root_pointer_falls_back_to_the_next(void **state)
{
    (void)state;
    static struct boot_info info;
    struct acpi_root root;
    put_root_pointer(0x1000, 0x5000, 0x6000);
    info.rsdp = (struct bytes){ memory + 0x1000, 36 };
    info.rsdp_address = PHYS_INVALID;
    assert_int_equal(acpi_locate_root(&info, read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 0x6000); /* there is no other */
    put_root_pointer(0xf0000, 0x2000, 0);
    put_table(0x2000, "RSDT", 40);
    assert_int_equal(acpi_locate_root(&info, read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 0x2000);
    /* Its RSDT is enough. */
    put_table(0x5000, "RSDT", 40);
    assert_int_equal(acpi_locate_root(&info, read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 0x6000);
    /* What cannot be read yet may be good. */
    memset(memory + 0x5000, 0, 40);
    put_root_pointer(0x1000, 0x5000, 1ULL << 33);
    assert_int_equal(acpi_locate_root(&info, read_memory, &root), STATUS_OK);
    assert_int_equal(root.table.raw, 1ULL << 33);
}

static void a_table_shorter_than_its_header_is_malformed(void **state)
{
    (void)state;
    struct acpi_table table;
    put_table(0x1000, "SSDT", 36);
    put32(0x1004, 35);
    assert_int_equal(acpi_read_table(read_memory, phys(0x1000), &table), STATUS_MALFORMED);
    put32(0x1004, 0xffffffff);
    assert_int_equal(acpi_read_table(read_memory, phys(0x1000), &table), STATUS_MALFORMED);
    put32(0x1004, sizeof(memory));
    assert_int_equal(acpi_read_table(read_memory, phys(0x1000), &table), STATUS_TRUNCATED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_xsdt_is_preferred, clear_memory),
        cmocka_unit_test_setup(a_bad_extended_checksum_falls_back_to_the_rsdt, clear_memory),
        cmocka_unit_test_setup(a_root_pointer_with_a_wrong_checksum_is_refused, clear_memory),
        cmocka_unit_test_setup(the_scan_finds_the_ebda_first_and_then_the_bios_area, clear_memory),
        cmocka_unit_test_setup(the_index_lists_each_table_once_and_skips_bad_entries, clear_memory),
        cmocka_unit_test_setup(a_repeated_address_is_one_table_and_a_repeated_signature_is_two, clear_memory),
        cmocka_unit_test_setup(a_bad_xsdt_falls_back_to_the_rsdt, clear_memory),
        cmocka_unit_test_setup(a_good_xsdt_is_used_and_the_rsdt_not_read, clear_memory),
        cmocka_unit_test_setup(look_ups_read_no_memory, clear_memory),
        cmocka_unit_test_setup(tables_out_of_reach_at_first_are_found_later, clear_memory),
        cmocka_unit_test_setup(a_root_of_thousands_keeps_the_first_of_each_signature, clear_memory),
        cmocka_unit_test_setup(excess_signatures_are_counted, clear_memory),
        cmocka_unit_test_setup(an_unreadable_x_dsdt_falls_back_to_dsdt, clear_memory),
        cmocka_unit_test_setup(wide_checksums_equal_bytewise_checksums, clear_memory),
        cmocka_unit_test_setup(a_table_too_short_for_its_signature_is_skipped, clear_memory),
        cmocka_unit_test_setup(an_unreadable_root_pointer_falls_back_to_the_next, clear_memory),
        cmocka_unit_test_setup(a_table_shorter_than_its_header_is_malformed, clear_memory),
    };
    return cmocka_run_group_tests_name("acpi_tables", tests, NULL, NULL);
}

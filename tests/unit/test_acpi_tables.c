/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/acpi/tables.c and power.c over a pretended physical memory of 2 MiB. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <acpi/power.h>
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

static void a_broken_extended_part_falls_back_to_the_rsdt(void **state)
{
    (void)state;
    struct acpi_root root;
    put_root_pointer(0x1000, 0x2000, 0x3000);
    memory[0x1000 + 33] ^= 1;
    assert_int_equal(acpi_parse_root_pointer(memory + 0x1000, 36, &root), STATUS_OK);
    assert_false(root.is_xsdt);
    assert_int_equal(root.table.raw, 0x2000);
    /* Nor is a length believed that goes past what is there. */
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

/* RSDT at an odd address: an FADT that names DSDT and FACS, a null entry, a table beyond memory, and half an entry. */
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

static void the_walk_yields_each_table_once_and_survives_bad_entries(void **state)
{
    (void)state;
    struct acpi_root root = put_everything();
    struct acpi_table table;
    size_t cursor = 0;
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_OK);
    assert_string_equal(table.signature, "FACP");
    assert_true(table.checksum_ok);
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_TRUNCATED);
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_TRUNCATED);
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_OK);
    assert_string_equal(table.signature, "APIC");
    assert_false(table.checksum_ok);
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_OK);
    assert_string_equal(table.signature, "DSDT");
    assert_int_equal(table.address.raw, 0x20001);
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_OK);
    assert_string_equal(table.signature, "FACS");
    assert_int_equal(acpi_next_table(read_memory, &root, &cursor, &table), STATUS_NOT_FOUND);
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

/* acpi_decode_power() over raw tables; false when the FADT is none. */
static bool decode(uint8_t *bytes, size_t length, const void *dsdt, size_t dsdt_size, struct acpi_power *power)
{
    struct fadt fadt;
    uint32_t stored = (uint32_t)length;
    memcpy(bytes + 4, &stored, 4);
    if (fadt_parse(bytes, length, &fadt) != STATUS_OK)
        return false;
    acpi_decode_power(&fadt, dsdt, dsdt_size, power);
    return true;
}

/* A FADT with PM1a at 0x604 and a reset register at port 0xcf9. */
static void put_fadt(uint8_t *fadt)
{
    memset(fadt, 0, 276);
    memcpy(fadt, "FACP", 4);
    fadt[64] = 0x04;
    fadt[65] = 0x06;
    fadt[113] = 0x04; /* flag bit 10 */
    fadt[116] = 1;    /* I/O space */
    fadt[120] = 0xf9;
    fadt[121] = 0x0c;
    fadt[128] = 0x0f;
}

static void soft_off_is_decoded_from_plain_and_rooted_names(void **state)
{
    (void)state;
    uint8_t fadt[276], dsdt[64] = { 0 };
    const uint8_t plain[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x01, 0x00, 0x00 };
    const uint8_t rooted[] = { 0x08, 0x5c, '_', 'S', '5', '_', 0x12, 0x46, 0x00, 0x02, 0x00, 0x0a, 0x07 };
    struct acpi_power power;
    put_fadt(fadt);
    memcpy(dsdt + 36, plain, sizeof(plain));
    assert_true(decode(fadt, sizeof(fadt), dsdt, sizeof(dsdt), &power));
    assert_true(power.can_power_off);
    assert_int_equal(power.pm1a_control, 0x604);
    assert_int_equal(power.sleep_type_a, 5);
    assert_int_equal(power.sleep_type_b, 1);
    assert_true(power.can_reset);
    assert_int_equal(power.reset_register.raw, 0xcf9);
    assert_int_equal(power.reset_value, 0x0f);

    memcpy(dsdt + 36, rooted, sizeof(rooted));
    assert_true(decode(fadt, sizeof(fadt), dsdt, 36 + sizeof(rooted), &power));
    assert_true(power.can_power_off);
    assert_int_equal(power.sleep_type_a, 0);
    assert_int_equal(power.sleep_type_b, 7);
}

static void soft_off_that_is_cut_or_computed_is_absent(void **state)
{
    (void)state;
    uint8_t fadt[276], dsdt[64] = { 0 };
    const uint8_t s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x05, 0x0a, 0x05 };
    struct acpi_power power;
    put_fadt(fadt);
    memcpy(dsdt + 36, s5, sizeof(s5));
    for (size_t size = 0; size < 36 + sizeof(s5); size++) {
        assert_true(decode(fadt, sizeof(fadt), dsdt, size, &power));
        assert_false(power.can_power_off);
    }
    assert_true(decode(fadt, sizeof(fadt), dsdt, 36 + sizeof(s5), &power));
    assert_true(power.can_power_off);
    dsdt[36] = 0x14; /* a method */
    assert_true(decode(fadt, sizeof(fadt), dsdt, sizeof(dsdt), &power));
    assert_false(power.can_power_off);
    assert_false(decode(fadt, 115, NULL, 0, &power));
}

static void a_fadt_that_ends_early_has_no_reset_register(void **state)
{
    (void)state;
    uint8_t fadt[276];
    struct acpi_power power;
    put_fadt(fadt);
    assert_true(decode(fadt, 128, NULL, 0, &power));
    assert_false(power.can_reset);
    assert_true(decode(fadt, 129, NULL, 0, &power));
    assert_true(power.can_reset);
    fadt[113] = 0; /* not supported, whatever stands in the register */
    assert_true(decode(fadt, 276, NULL, 0, &power));
    assert_false(power.can_reset);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_xsdt_is_preferred, clear_memory),
        cmocka_unit_test_setup(a_broken_extended_part_falls_back_to_the_rsdt, clear_memory),
        cmocka_unit_test_setup(a_root_pointer_with_a_wrong_checksum_is_refused, clear_memory),
        cmocka_unit_test_setup(the_scan_finds_the_ebda_first_and_then_the_bios_area, clear_memory),
        cmocka_unit_test_setup(the_walk_yields_each_table_once_and_survives_bad_entries, clear_memory),
        cmocka_unit_test_setup(a_table_shorter_than_its_header_is_malformed, clear_memory),
        cmocka_unit_test_setup(soft_off_is_decoded_from_plain_and_rooted_names, clear_memory),
        cmocka_unit_test_setup(soft_off_that_is_cut_or_computed_is_absent, clear_memory),
        cmocka_unit_test_setup(a_fadt_that_ends_early_has_no_reset_register, clear_memory),
    };
    return cmocka_run_group_tests_name("acpi_tables", tests, NULL, NULL);
}

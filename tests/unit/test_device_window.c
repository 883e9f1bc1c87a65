/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/boot/device_window.c: each kind of wrong address from firmware, and the valid ones next to it. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <boot/device_window.h>
#include <ashlar/bits.h>
#include <string.h>

/* A PC of 40 address bits. */
static const struct memmap_range ranges[] = {
    { { 0 }, { 0x1000 }, MEMMAP_RESERVED },
    { { 0x1000 }, { 0x9f000 }, MEMMAP_USABLE },
    { { 0x9f000 }, { MIB(1) }, MEMMAP_RESERVED },
    { { MIB(1) }, { MIB(512) }, MEMMAP_USABLE },
    { { MIB(512) }, { MIB(513) }, MEMMAP_ACPI_RECLAIM },
    { { MIB(513) }, { MIB(514) }, MEMMAP_ACPI_NVS },
    { { MIB(514) }, { MIB(515) }, MEMMAP_RUNTIME },
    { { MIB(515) }, { MIB(516) }, MEMMAP_UNUSABLE },
    { { MIB(516) }, { MIB(517) }, MEMMAP_PERSISTENT },
    { { MIB(517) }, { MIB(518) }, MEMMAP_ACPI_TABLE },
    { { MIB(518) }, { MIB(519) }, MEMMAP_MODULE },
    { { MIB(519) }, { MIB(520) }, MEMMAP_SOFT_RESERVED },
    { { 0xe0000000 }, { 0xe1000000 }, MEMMAP_FRAMEBUFFER },
    { { 0xfec00000 }, { 0xfec01000 }, MEMMAP_RESERVED },
    { { 0xfee00000 }, { 0xfee01000 }, MEMMAP_DEVICE },
    { { GIB(4) }, { GIB(5) }, MEMMAP_USABLE },
};

static const struct device_window windows[] = {
    { { { 0xfec00000 }, { 0xfec00020 } }, "I/O APIC", NULL },
    { { { 0xfec80400 }, { 0xfec80420 } }, "I/O APIC", NULL },
};

static const struct device_space space = {
    .address_end = { 1ULL << 40 },
    .lapic = { { 0xfee00000 }, { 0xfee01000 } },
    .kernel = { { { MIB(16) }, { MIB(20) } }, { { MIB(2) }, { MIB(3) } } },
    .ranges = ranges,
    .range_count = ARRAY_LEN(ranges),
    .windows = windows,
    .window_count = ARRAY_LEN(windows),
};

static enum device_fault check(uint64_t address, uint64_t size, enum device_use use)
{
    const struct device_request request = { phys(address), size, use, false };
    return device_check(&space, &request, NULL);
}

static void expect_words(uint64_t address, uint64_t size, const char *words, const char *other)
{
    const struct device_request request = { phys(address), size, DEVICE_REGISTERS, false };
    const char *what = "nothing was written";
    assert_string_equal(device_fault_name(device_check(&space, &request, &what)), words);
    if (other)
        assert_string_equal(what, other);
    else
        assert_null(what);
}

static void each_wrong_address_has_its_own_reason(void **state)
{
    (void)state;
    expect_words(0, 16, "address zero", NULL);
    expect_words(1ULL << 40, 1024, "address out of range", NULL);
    expect_words(1ULL << 54, 16, "address out of range", NULL);
    expect_words((1ULL << 40) - 16, 17, "address out of range", NULL);
    expect_words(UINT64_MAX - 7, 8, "address out of range", NULL);
    expect_words(UINT64_MAX - 3, 8, "address out of range", NULL);
    expect_words(0xfed00000, 0, "address out of range", NULL);
    expect_words(0xfed00002, 1024, "address not aligned", NULL);
    expect_words(0xf0000, 16, "address in the first MiB", NULL);
    expect_words(0xb8000, 16, "address in the first MiB", NULL);
    expect_words(0x500, 16, "address in the first MiB", NULL);
    expect_words(MIB(17), 16, "address in the kernel", NULL);
    expect_words(MIB(16) - 12, 16, "address in the kernel", NULL);
    expect_words(MIB(3) - 4, 16, "address in the kernel", NULL);
    expect_words(0xfee00000, 32, "address of the local APIC", NULL);
    expect_words(0xfee00ff0, 32, "address of the local APIC", NULL);
    expect_words(MIB(300), 32, "address in RAM", "usable");
    expect_words(GIB(5) - 4, 8, "address in RAM", "usable");
    expect_words(0xfec00010, 32, "address of another device", "I/O APIC");
    expect_words(0xfec00000, 32, "address of another device", "I/O APIC");
}

static void memory_of_any_kind_is_rejected_as_a_device(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < 8; n++)
        assert_int_equal(check(MIB(512 + n) + 64, 16, DEVICE_REGISTERS), DEVICE_FAULT_MEMORY);
    assert_int_equal(check(0xe0000000, 16, DEVICE_REGISTERS), DEVICE_FAULT_MEMORY);
    /* From a device into memory, and from memory into a device. */
    assert_int_equal(check(GIB(4) - 8, 16, DEVICE_REGISTERS), DEVICE_FAULT_MEMORY);
    assert_int_equal(check(GIB(5) - 8, 16, DEVICE_REGISTERS), DEVICE_FAULT_MEMORY);
}

static void addresses_on_real_machines_are_accepted(void **state)
{
    (void)state;
    static const struct {
        uint64_t address, size;
    } good[] = {
        { 0xfed00000, 1024 },          /* HPET, in a hole of the map */
        { 0xfec00020, 32 },            /* a reserved page */
        { 0xfec80000, 32 },            /* two I/O APICs in one page */
        { (1ULL << 40) - 4096, 4096 }, /* the last page */
        { GIB(64), MIB(16) },
        { 0xfed80b03, 1 },                /* a register of a byte stands anywhere */
        { MIB(512) - 1 + MIB(8) + 1, 4 }, /* the byte after the last range of memory */
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(check(good[i].address, good[i].size, DEVICE_REGISTERS), DEVICE_FAULT_NONE);
}

static void framebuffers_may_be_at_the_legacy_vga_addresses(void **state)
{
    (void)state;
    assert_int_equal(check(0xb8000, 4000, DEVICE_SCREEN), DEVICE_FAULT_NONE);
    assert_int_equal(check(0xa0000, 0x10000, DEVICE_SCREEN), DEVICE_FAULT_NONE);
    assert_int_equal(check(0xe0000000, MIB(8), DEVICE_SCREEN), DEVICE_FAULT_NONE);
    assert_int_equal(check(0xbf000, 0x2000, DEVICE_SCREEN), DEVICE_FAULT_FIRST_MIB);
    assert_int_equal(check(0x9f000, 0x2000, DEVICE_SCREEN), DEVICE_FAULT_FIRST_MIB);
    assert_int_equal(check(1ULL << 54, MIB(8), DEVICE_SCREEN), DEVICE_FAULT_RANGE);
    assert_int_equal(check(0, MIB(8), DEVICE_SCREEN), DEVICE_FAULT_ZERO);
    assert_int_equal(check(MIB(64), MIB(8), DEVICE_SCREEN), DEVICE_FAULT_MEMORY);
    assert_int_equal(check(MIB(17), MIB(8), DEVICE_SCREEN), DEVICE_FAULT_KERNEL);
    assert_int_equal(check(0xfe800000, MIB(16), DEVICE_SCREEN), DEVICE_FAULT_LAPIC);
}

static void tables_must_be_in_memory_and_not_in_a_device(void **state)
{
    (void)state;
    assert_int_equal(check(MIB(517), 100, DEVICE_TABLE), DEVICE_FAULT_NONE);
    assert_int_equal(check(0xf5a40, 100, DEVICE_TABLE), DEVICE_FAULT_NONE);
    assert_int_equal(check(0, 4096, DEVICE_TABLE), DEVICE_FAULT_NONE);
    assert_int_equal(check(0xfee00000, 36, DEVICE_TABLE), DEVICE_FAULT_LAPIC);
    assert_int_equal(check(0xfec00010, 36, DEVICE_TABLE), DEVICE_FAULT_TAKEN);
    assert_int_equal(check(1ULL << 40, 36, DEVICE_TABLE), DEVICE_FAULT_RANGE);
}

static void the_local_apic_must_be_at_the_address_in_its_msr(void **state)
{
    (void)state;
    struct device_request request = { phys(0xfee00000), 4096, DEVICE_REGISTERS, true };
    assert_int_equal(device_check(&space, &request, NULL), DEVICE_FAULT_NONE);
    request.address = phys(1ULL << 40);
    assert_int_equal(device_check(&space, &request, NULL), DEVICE_FAULT_RANGE);
}

static void reservations_identify_memory_before_the_map_is_built(void **state)
{
    (void)state;
    static const struct memmap_entry entries[] = {
        { 0, GIB(1), MEMMAP_USABLE, 1 },
        { MIB(512), MIB(520), MEMMAP_RESERVED, 2 },
        { MIB(600), MIB(601), MEMMAP_ACPI_TABLE, 0 },
        { GIB(3), GIB(3), MEMMAP_USABLE, 1 },
    };
    assert_true(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(MIB(64), MIB(72))));
    assert_true(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(MIB(519), MIB(521))));
    assert_true(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(GIB(1) - 1, GIB(2))));
    assert_true(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(MIB(600), MIB(601))));
    assert_false(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(MIB(512), MIB(520))));
    assert_false(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(GIB(1), GIB(4))));
    assert_false(device_is_in_memory(entries, ARRAY_LEN(entries), phys_range_of(MIB(64), MIB(64))));
    assert_false(device_is_in_memory(entries, 0, phys_range_of(MIB(64), MIB(72))));
}

static void every_rejection_has_a_description(void **state)
{
    (void)state;
    for (unsigned int fault = 0; fault < DEVICE_FAULT_COUNT; fault++)
        assert_true(strlen(device_fault_name((enum device_fault)fault)) > 4);
    assert_string_equal(device_fault_name(DEVICE_FAULT_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_address_has_its_own_reason),
        cmocka_unit_test(memory_of_any_kind_is_rejected_as_a_device),
        cmocka_unit_test(addresses_on_real_machines_are_accepted),
        cmocka_unit_test(framebuffers_may_be_at_the_legacy_vga_addresses),
        cmocka_unit_test(tables_must_be_in_memory_and_not_in_a_device),
        cmocka_unit_test(the_local_apic_must_be_at_the_address_in_its_msr),
        cmocka_unit_test(reservations_identify_memory_before_the_map_is_built),
        cmocka_unit_test(every_rejection_has_a_description),
    };
    return cmocka_run_group_tests_name("device_window", tests, NULL, NULL);
}

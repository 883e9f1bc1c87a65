/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/smbios/locate.c: the module that an address is in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "smbios_builder.h"

#include <ashlar/bits.h>
#include <smbios/locate.h>

/* smbios_put() numbers structures from this handle on. */
#define HANDLE(n) ((uint16_t)(0x1200 + (n)))

static void put_array(struct smbios_builder *builder)
{
    SMBIOS_PUT(builder, 16, 0x17, "");
}

static void put_device(struct smbios_builder *builder, uint16_t array, uint16_t mib, const char *locator)
{
    uint8_t *device = smbios_put(builder, 17, 0x28, locator, strlen(locator) + 1);
    smbios_put16(device, 0x04, array);
    smbios_put16(device, 0x0c, mib);
    device[0x10] = 1;
}

static void put_range(struct smbios_builder *builder, uint64_t start, uint64_t end, uint16_t array)
{
    uint8_t *range = SMBIOS_PUT(builder, 19, 0x1f, "");
    smbios_put32(range, 0x04, (uint32_t)(start >> 10));
    smbios_put32(range, 0x08, (uint32_t)((end >> 10) - 1));
    smbios_put16(range, 0x0c, array);
}

static void put_mapped(struct smbios_builder *builder, uint64_t start, uint64_t end, uint16_t device)
{
    uint8_t *mapped = SMBIOS_PUT(builder, 20, 0x23, "");
    smbios_put32(mapped, 0x04, UINT32_MAX);
    smbios_put64(mapped, 0x13, start);
    smbios_put64(mapped, 0x1b, end - 1);
    smbios_put16(mapped, 0x0c, device);
}

static unsigned int locate(const struct smbios_builder *builder, uint64_t address, char *text)
{
    struct smbios_table table = { .bytes = builder->bytes, .length = builder->length, .major = 3 };
    return smbios_find_modules(&table, phys(address), text);
}

static void the_device_s_own_addresses_decide(void **state)
{
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_MODULES_TEXT];
    (void)state;
    put_array(&builder);
    put_device(&builder, HANDLE(0), 4096, "DIMM_A1");
    put_device(&builder, HANDLE(0), 4096, "DIMM_B1");
    put_range(&builder, 0, GIB(8), HANDLE(0));
    put_mapped(&builder, 0, GIB(4), HANDLE(1));
    put_mapped(&builder, GIB(4), GIB(8), HANDLE(2));
    assert_int_equal(locate(&builder, GIB(4) - 1, text), 1);
    assert_string_equal(text, "DIMM_A1");
    assert_int_equal(locate(&builder, GIB(4), text), 1);
    assert_string_equal(text, "DIMM_B1");
    assert_int_equal(locate(&builder, GIB(8), text), 0);
    assert_string_equal(text, "");
}

static void interleaved_modules_are_all_named(void **state)
{
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_MODULES_TEXT];
    (void)state;
    put_array(&builder);
    put_device(&builder, HANDLE(0), 4096, "DIMM_A1");
    put_device(&builder, HANDLE(0), 4096, "DIMM_B1");
    put_mapped(&builder, 0, GIB(8), HANDLE(1));
    put_mapped(&builder, 0, GIB(8), HANDLE(2));
    assert_int_equal(locate(&builder, GIB(5), text), 2);
    assert_string_equal(text, "DIMM_A1 or DIMM_B1");
}

static void without_them_the_array_s_populated_modules_are_named(void **state)
{
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_MODULES_TEXT];
    (void)state;
    put_array(&builder);
    put_array(&builder);
    put_device(&builder, HANDLE(0), 0, "empty");
    put_device(&builder, HANDLE(0), 2048, "DIMM 0");
    put_device(&builder, HANDLE(1), 2048, "of the other array");
    put_range(&builder, 0, GIB(2), HANDLE(0));
    assert_int_equal(locate(&builder, MIB(100), text), 1);
    assert_string_equal(text, "DIMM 0");
}

static void many_modules_are_counted_and_their_names_cut(void **state)
{
    struct smbios_builder builder = { .length = 0 };
    char text[SMBIOS_MODULES_TEXT];
    (void)state;
    put_array(&builder);
    for (unsigned int i = 0; i < 12; i++)
        put_device(&builder, HANDLE(0), 2048, "a rather long locator");
    put_range(&builder, 0, GIB(2), HANDLE(0));
    assert_int_equal(locate(&builder, MIB(100), text), 12);
    assert_int_equal(strlen(text), SMBIOS_MODULES_TEXT - 1);
}

static void without_a_table_nothing_is_known(void **state)
{
    char text[SMBIOS_MODULES_TEXT] = "x";
    (void)state;
    assert_int_equal(smbios_find_modules(NULL, phys(0), text), 0);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_device_s_own_addresses_decide),
        cmocka_unit_test(interleaved_modules_are_all_named),
        cmocka_unit_test(without_them_the_array_s_populated_modules_are_named),
        cmocka_unit_test(many_modules_are_counted_and_their_names_cut),
        cmocka_unit_test(without_a_table_nothing_is_known),
    };
    return cmocka_run_group_tests_name("smbios_locate", tests, NULL, NULL);
}

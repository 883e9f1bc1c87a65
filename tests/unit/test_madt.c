/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/acpi/madt.c: tables that contradict themselves or the specification, and what is reported about
   them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <acpi/madt.h>
#include <string.h>

static uint8_t table[256];
static size_t length;

static size_t told[8];
static unsigned int tellings;
static const char *last_sentence;

static void tell(const char *sentence, size_t number)
{
    assert_true(tellings < 8);
    told[tellings++] = number;
    last_sentence = sentence;
}

static void add(const void *entry, size_t size)
{
    memcpy(table + length, entry, size);
    length += size;
    table[4] = (uint8_t)length;
}

static int empty_table(void **state)
{
    (void)state;
    memset(table, 0, sizeof(table));
    memcpy(table, "APIC", 4);
    length = 44;
    tellings = 0;
    return 0;
}

static struct madt parsed(void)
{
    struct madt madt;
    assert_int_equal(madt_parse(table, length, &madt), STATUS_OK);
    return madt;
}

#define CPU      "\0\x08\0\0\x01\0\0\0"
#define IOAPIC   "\x01\x0c\0\0\0\0\xc0\xfe\0\0\0\0"
#define NO_ENTRY "\0\0\0\0\0\0\0\0"

/* A CPU, an entry of type 0 and length 0, an I/O APIC: earlier entries stay valid, the rest of the table is
 * ignored and reported once. */
static void an_entry_of_length_0_ends_the_table_and_is_reported(void **state)
{
    (void)state;
    for (unsigned int bad = 0; bad < 2; bad++) { /* a length of 0, and of 1 */
        struct madt_cpu_cursor cursor = { .offset = 0 };
        struct madt_entry entry;
        struct madt_cpu cpu;
        empty_table(state);
        add(CPU, 8);
        add(NO_ENTRY, 8);
        table[53] = (uint8_t)bad;
        add(IOAPIC, 12);
        struct madt madt = parsed();
        assert_true(madt_next_cpu(&madt, &cursor, &cpu));
        assert_false(madt_next_cpu(&madt, &cursor, &cpu));
        size_t walk = 0, entries = 0;
        while (madt_next(&madt, &walk, &entry) == STATUS_OK)
            entries++;
        assert_int_equal(entries, 1);
        assert_int_equal(madt_report_faults(&madt, tell), 52);
        assert_int_equal(tellings, 1);
        assert_int_equal(told[0], 52);
        assert_non_null(strstr(last_sentence, "the rest of the table is ignored"));
    }
}

static void an_entry_that_extends_past_the_table_is_reported(void **state)
{
    (void)state;
    add(CPU, 8);
    add(IOAPIC, 11);
    struct madt madt = parsed();
    assert_int_equal(madt_report_faults(&madt, tell), 52);
    assert_int_equal(tellings, 1);
}

static void a_valid_table_is_not_reported(void **state)
{
    (void)state;
    add(CPU, 8);
    add(IOAPIC, 12);
    add("\x02\x0a\0\x09\x09\0\0\0\x0d\0", 10);
    add("\x7f\x0c\0\0\0\0\0\0\0\0\0\0", 12);
    struct madt madt = parsed();
    assert_int_equal(madt_report_faults(&madt, tell), 0);
    assert_int_equal(tellings, 0);
}

/* Linux reads the interrupt only (arch/x86/kernel/acpi/boot.c, acpi_parse_int_src_ovr()). */
static void an_override_of_another_bus_counts_as_isa_and_is_reported(void **state)
{
    (void)state;
    add("\x02\x0a\x05\x0a\x14\0\0\0\x0f\0", 10);
    struct madt madt = parsed();
    struct madt_input input = madt_isa_input(&madt, 10);
    assert_int_equal(input.gsi, 20);
    assert_true(input.is_active_low);
    assert_true(input.is_level);
    assert_int_equal(madt_report_faults(&madt, tell), 0);
    assert_int_equal(tellings, 1);
    assert_int_equal(told[0], 5);
    assert_non_null(strstr(last_sentence, "used as ISA's"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_entry_of_length_0_ends_the_table_and_is_reported, empty_table),
        cmocka_unit_test_setup(an_entry_that_extends_past_the_table_is_reported, empty_table),
        cmocka_unit_test_setup(a_valid_table_is_not_reported, empty_table),
        cmocka_unit_test_setup(an_override_of_another_bus_counts_as_isa_and_is_reported, empty_table),
    };
    return cmocka_run_group_tests_name("madt", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decoding of registers and error codes.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <ashlar/hw/cpu.h>
#include <ashlar/hw/paging.h>
#include <lib/format.h>
#include <cpu/decode.h>
#include <trap/traps.h>

/* The formatter has its own tests; here the C library's stands in for it. */
size_t format_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    return (size_t)vsnprintf(buffer, size, format, arguments);
#pragma GCC diagnostic pop
}

static char buffer[DECODE_MAX];

static const char *error_words(uint64_t vector, uint64_t code)
{
    return decode_error_code(vector, code, buffer, sizeof(buffer));
}

static void page_fault_error_code_gives_access_presence_and_privilege(void **state)
{
    (void)state;
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 0), "read of a page that is not present, by the kernel");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 2),
                        "write to a page that is not present, by the kernel");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 3),
                        "write to a page that does not permit it, by the kernel");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 7),
                        "write to a page that does not permit it, by user code");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 0x11),
                        "instruction fetch from a page that does not permit it, by the kernel");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 9),
                        "read of a page whose tables have a reserved bit set, by the kernel");
    assert_string_equal(error_words(TRAP_PAGE_FAULT, 0x25),
                        "read of a page that does not permit it, by user code, protection key");
}

static void selector_error_code_names_table_and_entry(void **state)
{
    (void)state;
    assert_string_equal(error_words(TRAP_PROTECTION, 0), "no selector");
    assert_string_equal(error_words(TRAP_PROTECTION, 0x28), "selector 0x28, entry 5 of the GDT");
    assert_string_equal(error_words(TRAP_SEGMENT, 0x2c), "selector 0x28, entry 5 of the LDT");
    assert_string_equal(error_words(TRAP_PROTECTION, 0x80 * 8 + 2), "gate of vector 0x80 in the IDT");
    assert_string_equal(error_words(TRAP_INVALID_TSS, 0x19),
                        "selector 0x18, entry 3 of the GDT, during delivery of an external event");
}

static void exceptions_without_an_error_code_have_none(void **state)
{
    (void)state;
    assert_string_equal(error_words(TRAP_DIVIDE, 0), "none");
    assert_string_equal(error_words(200, 0), "none");
    for (unsigned int vector = 0; vector < TRAP_FIRST_INTERRUPT; vector++) {
        bool has_code = (TRAP_ERROR_CODES >> vector & 1) != 0;
        assert_true(has_code == (strcmp(error_words(vector, 0), "none") != 0));
    }
}

static void rflags_are_named_without_the_reserved_bit(void **state)
{
    (void)state;
    assert_string_equal(decode_rflags(0x2, buffer, sizeof(buffer)), "");
    assert_string_equal(decode_rflags(0x202, buffer, sizeof(buffer)), "IF");
    assert_string_equal(decode_rflags(0x246, buffer, sizeof(buffer)), "IF ZF PF");
    assert_string_equal(decode_rflags(0x3002, buffer, sizeof(buffer)), "IOPL=3");
    assert_string_equal(decode_rflags(0x40403, buffer, sizeof(buffer)), "AC DF CF");
    assert_string_equal(decode_rflags(0x1202, buffer, sizeof(buffer)), "IF IOPL=1");
}

static void control_registers_are_named_bit_by_bit(void **state)
{
    (void)state;
    assert_string_equal(decode_cr0(0x80010033, buffer, sizeof(buffer)), "PG WP NE ET MP PE");
    assert_string_equal(decode_cr4(0x3008e8, buffer, sizeof(buffer)), "SMAP SMEP UMIP PGE MCE PAE DE");
    assert_string_equal(decode_efer(0xd00, buffer, sizeof(buffer)), "NXE LMA LME");
}

static void an_unnamed_bit_is_shown_as_a_number(void **state)
{
    (void)state;
    assert_string_equal(decode_cr0(CR0_PE | BIT(40), buffer, sizeof(buffer)), "PE +0x10000000000");
    assert_string_equal(decode_efer(BIT(63), buffer, sizeof(buffer)), "+0x8000000000000000");
}

static void our_pat_has_write_combining_at_its_index(void **state)
{
    (void)state;
    assert_string_equal(decode_pat(PAT_VALUE, buffer, sizeof(buffer)), "WB WT UC- UC WC WT UC- UC");
    assert_int_equal(PAT_VALUE >> (8 * PAT_INDEX_WC) & 0xff, 1);
    assert_int_equal(PAT_VALUE >> (8 * PAT_INDEX_WB) & 0xff, 6);
    assert_int_equal(PAT_VALUE >> (8 * PAT_INDEX_UC) & 0xff, 0);
}

static void every_text_fits_and_a_short_buffer_truncates(void **state)
{
    char small[8];

    (void)state;
    memset(buffer, 'x', sizeof(buffer));
    decode_cr4(UINT64_MAX, buffer, sizeof(buffer));
    assert_true(strlen(buffer) < sizeof(buffer) - 1);
    decode_rflags(UINT64_MAX, buffer, sizeof(buffer));
    assert_true(strlen(buffer) < sizeof(buffer) - 1);
    error_words(TRAP_PAGE_FAULT, UINT64_MAX);
    assert_true(strlen(buffer) < sizeof(buffer) - 1);

    assert_string_equal(decode_cr0(0x80010033, small, sizeof(small)), "PG WP N");
    assert_string_equal(decode_rflags(0x3246, small, sizeof(small)), "IF ZF P");
    small[0] = 'x';
    decode_cr0(0x80010033, small, 0);
    assert_int_equal(small[0], 'x');
}

static void machine_check_status_gives_bank_and_severity(void **state)
{
    (void)state;
    assert_string_equal(decode_machine_check(0xb200000000000005, buffer, sizeof(buffer)),
                        "internal parity error, uncorrected, processor context corrupt");
    assert_string_equal(decode_machine_check(0x8c0000000000009f, buffer, sizeof(buffer)),
                        "error of the memory controller, corrected");
    assert_string_equal(decode_machine_check(0xf000000000001135, buffer, sizeof(buffer)),
                        "error in the cache hierarchy, uncorrected, overflow: an earlier error is lost");
    assert_string_equal(decode_machine_check(0xa000000000000e0b, buffer, sizeof(buffer)),
                        "error on the bus between CPUs, memory and devices, uncorrected");
    assert_string_equal(decode_machine_check(0x8000000000000016, buffer, sizeof(buffer)),
                        "error in a translation buffer (TLB), corrected");
    assert_string_equal(decode_machine_check(0x8000000000002000, buffer, sizeof(buffer)),
                        "error of an unknown kind, corrected");
    decode_machine_check(UINT64_MAX, buffer, sizeof(buffer));
    assert_true(strlen(buffer) < sizeof(buffer) - 1);
}

static void any_vector_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(decode_exception(TRAP_PAGE_FAULT), "page fault");
    assert_string_equal(decode_exception_mnemonic(TRAP_PAGE_FAULT), "#PF");
    assert_string_equal(decode_exception(15), "reserved exception");
    assert_string_equal(decode_exception_mnemonic(15), "");
    assert_string_equal(decode_exception(UINT64_MAX), "interrupt");
    assert_string_equal(decode_exception_mnemonic(255), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(page_fault_error_code_gives_access_presence_and_privilege),
        cmocka_unit_test(selector_error_code_names_table_and_entry),
        cmocka_unit_test(exceptions_without_an_error_code_have_none),
        cmocka_unit_test(rflags_are_named_without_the_reserved_bit),
        cmocka_unit_test(control_registers_are_named_bit_by_bit),
        cmocka_unit_test(an_unnamed_bit_is_shown_as_a_number),
        cmocka_unit_test(our_pat_has_write_combining_at_its_index),
        cmocka_unit_test(every_text_fits_and_a_short_buffer_truncates),
        cmocka_unit_test(machine_check_status_gives_bank_and_severity),
        cmocka_unit_test(any_vector_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

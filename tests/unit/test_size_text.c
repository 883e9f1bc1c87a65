/* SPDX-License-Identifier: BSD-2-Clause */
/* kernel64/lib/size_text.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/bits.h>
#include <lib/size_text.h>
#include <string.h>

static void a_size_has_a_unit_and_at_most_three_digits_of_a_fraction(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *text;
    } cases[] = {
        { 0, "0 B" },
        { 1023, "1023 B" },
        { 1024, "1 KiB" },
        { 1025, "1.00 KiB" },
        { KIB(640), "640 KiB" },
        { MIB(2) - 1, "1.99 MiB" },
        { MIB(511) + KIB(900), "511 MiB" },
        { GIB(10) - 1, "9.99 GiB" },
        { GIB(10) + MIB(512), "10.5 GiB" },
        { GIB(16) - KIB(1), "15.9 GiB" },
        { MIB(100) - 1, "99.9 MiB" },
        { MIB(100) + KIB(512), "100 MiB" },
        { GIB(1) + MIB(512), "1.50 GiB" },
        { TIB(64), "64 TiB" },
        { UINT64_MAX, "15.9 EiB" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[SIZE_TEXT_MAX];
        assert_ptr_equal(size_text(cases[i].bytes, text), text);
        assert_string_equal(text, cases[i].text);
    }
}

static void every_size_fits_its_text(void **state)
{
    (void)state;
    for (unsigned int bit = 0; bit < 64; bit++) {
        for (int step = -1; step <= 1; step++) {
            char text[SIZE_TEXT_MAX];
            assert_true(strlen(size_text(BIT(bit) + (uint64_t)step, text)) <= 8);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_size_has_a_unit_and_at_most_three_digits_of_a_fraction),
        cmocka_unit_test(every_size_fits_its_text),
    };
    return cmocka_run_group_tests_name("size_text", tests, NULL, NULL);
}

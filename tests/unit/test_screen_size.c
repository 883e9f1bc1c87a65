/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which consoles decide for which size the monitor lays its output out. The consoles stay attached from test
 * to test.
 */
#include <log_machine.h>

static void expect_size(size_t rows, size_t columns)
{
    size_t found_rows, found_columns;
    output_screen(&found_rows, &found_columns);
    assert_int_equal(found_rows, rows);
    assert_int_equal(found_columns, columns);
}

static void without_a_screen_it_is_a_terminals(void **state)
{
    (void)state;
    expect_size(24, 80);
    (void)attach("serial");
    expect_size(24, 80);
}

static void a_serial_port_counts_once_it_is_typed_at(void **state)
{
    (void)state;
    struct fake *serial = attach("serial"), *screen = attach("screen");
    screen->console.rows = 67;
    screen->console.columns = 240;
    expect_size(67, 240);
    serial->console.is_typed_at = true;
    expect_size(24, 80);
    serial->console.is_typed_at = false;
    /* The smallest of two screens. */
    struct fake *other = attach("other");
    other->console.rows = 48;
    other->console.columns = 320;
    expect_size(48, 240);
}

static void a_screen_is_spared_if_there_is_another_console(void **state)
{
    (void)state;
    struct fake *serial = attach("serial"), *screen = attach("screen");
    screen->console.is_screen = true;
    output_set_screens(false);
    print("record\n");
    output_set_screens(true);
    print("text\n");
    assert_string_equal(serial->text, "record\ntext\n");
    assert_string_equal(screen->text, "text\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(without_a_screen_it_is_a_terminals),
        TEST(a_serial_port_counts_once_it_is_typed_at),
        TEST(a_screen_is_spared_if_there_is_another_console),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

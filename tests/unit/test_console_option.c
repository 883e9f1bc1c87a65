/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Valid and invalid values of console=.
 */
#include <console/option.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

static struct console_choice only_choice_of(const char *option)
{
    struct console_choice choice, none;
    size_t cursor = 0;
    assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
    assert_int_equal(choice.word_length, strlen(option));
    assert_int_equal(console_option_next(option, &cursor, &none), STATUS_NOT_FOUND);
    return choice;
}

static void expect_serial(const char *option, uint16_t port, uint32_t baud)
{
    struct console_choice choice = only_choice_of(option);
    assert_int_equal(choice.kind, CONSOLE_SERIAL);
    assert_int_equal(choice.port, port);
    assert_int_equal(choice.baud, baud);
}

static void each_console_has_its_name(void **state)
{
    (void)state;
    assert_int_equal(only_choice_of("vga").kind, CONSOLE_VGA);
    assert_int_equal(only_choice_of("fb").kind, CONSOLE_FRAMEBUFFER);
    assert_int_equal(only_choice_of("debugcon").kind, CONSOLE_DEBUGCON);
    expect_serial("serial", 0x3f8, 115200);
}

static void serial_takes_a_port_and_a_speed(void **state)
{
    (void)state;
    expect_serial("serial:0x2f8", 0x2f8, 115200);
    expect_serial("serial:0x2f8:9600", 0x2f8, 9600);
    expect_serial("serial:1016:38400", 0x3f8, 38400);
    expect_serial("serial:com1", 0x3f8, 115200);
    expect_serial("serial:com2:57600", 0x2f8, 57600);
    expect_serial("serial:com3", 0x3e8, 115200);
    expect_serial("serial:com4", 0x2e8, 115200);
    expect_serial("serial::19200", 0x3f8, 19200);
    expect_serial("serial:", 0x3f8, 115200);
    expect_serial("serial:com2:", 0x2f8, 115200);
    expect_serial("serial:0xfff8", 0xfff8, 115200);
}

static void several_consoles_keep_their_order(void **state)
{
    (void)state;
    const char *option = "serial:com2,fb,vga";
    struct console_choice choice;
    size_t cursor = 0;
    assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
    assert_int_equal(choice.kind, CONSOLE_SERIAL);
    assert_int_equal(choice.port, 0x2f8);
    assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
    assert_int_equal(choice.kind, CONSOLE_FRAMEBUFFER);
    assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
    assert_int_equal(choice.kind, CONSOLE_VGA);
    for (int i = 0; i < 3; i++)
        assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_NOT_FOUND);
}

static void an_empty_list_selects_no_console(void **state)
{
    (void)state;
    static const char *const options[] = { "", ",", ",,," };
    struct console_choice choice;
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        size_t cursor = 0;
        assert_int_equal(console_option_next(options[i], &cursor, &choice), STATUS_NOT_FOUND);
    }
}

static void an_unknown_console_is_reported_and_skipped(void **state)
{
    (void)state;
    static const char *const words[] = {
        "tty0",
        "Serial",
        "serial2",
        "vga:1",
        "debugcon:1",
        "debugco",
        "fb:",
        "serial:com5",
        "serial:0",
        "serial:0xfff9",
        "serial:0x10000",
        "serial:com1:0",
        "serial:com1:x",
        "serial:com1:9600:8",
        "serial:-1",
        "serial:com1:0x100000000",
        "serial:0x000000000000000000000000000000003f8",
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        char option[128] = ",";
        strcat(option, words[i]);
        strcat(option, ",fb");
        struct console_choice choice;
        size_t cursor = 0;
        assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_INVALID);
        assert_int_equal(choice.word_length, strlen(words[i]));
        assert_memory_equal(choice.word, words[i], choice.word_length);
        assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
        assert_int_equal(choice.kind, CONSOLE_FRAMEBUFFER);
    }
}

/* No part of it is used, which would be another port. */
static void a_word_of_more_than_32_characters_is_invalid_whole(void **state)
{
    (void)state;
    static const size_t lengths[] = { 31, 32, 33, 34, 64, 127, 1000 };
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        char option[1024] = "serial:0x";
        size_t length = lengths[i];
        memset(option + 9, '0', length - 12);
        strcpy(option + length - 3, "2f8,fb");
        struct console_choice choice;
        size_t cursor = 0;
        assert_int_equal(console_option_next(option, &cursor, &choice),
                         length <= 32 ? STATUS_OK : STATUS_INVALID);
        assert_ptr_equal(choice.word, option);
        assert_int_equal(choice.word_length, length);
        if (length <= 32)
            assert_int_equal(choice.port, 0x2f8);
        assert_int_equal(console_option_next(option, &cursor, &choice), STATUS_OK);
        assert_int_equal(choice.kind, CONSOLE_FRAMEBUFFER);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_console_has_its_name),
        cmocka_unit_test(serial_takes_a_port_and_a_speed),
        cmocka_unit_test(several_consoles_keep_their_order),
        cmocka_unit_test(an_empty_list_selects_no_console),
        cmocka_unit_test(an_unknown_console_is_reported_and_skipped),
        cmocka_unit_test(a_word_of_more_than_32_characters_is_invalid_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

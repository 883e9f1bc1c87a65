/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding the device, setting it up, and polling it.
 */
#include <uart16550_model.h>

static void an_empty_port_is_detected(void **state)
{
    (void)state;
    device.is_present = false;
    assert_int_equal(init_at(115200), STATUS_NOT_FOUND);
    device.absent_reads = 0;
    assert_int_equal(init_at(115200), STATUS_NOT_FOUND);
}

static void a_bus_that_echoes_its_last_byte_is_rejected(void **state)
{
    (void)state;
    device.is_present = false;
    device.is_echo = true;
    assert_int_equal(init_at(115200), STATUS_NOT_FOUND);
}

static void a_uart_without_scratch_register_is_found_by_loopback(void **state)
{
    (void)state;
    device.has_scratch = false;
    init();
    device.has_loopback = false;
    assert_int_equal(init_at(115200), STATUS_NOT_FOUND);
}

static void a_uart_without_loopback_is_found_by_scratch_register(void **state)
{
    (void)state;
    device.has_loopback = false;
    init();
}

static void a_dlab_bit_left_set_does_not_hide_the_uart(void **state)
{
    (void)state;
    device.line_control = 0x83;
    device.divisor = 0x0101;
    device.interrupt_enable = 0x05;
    init();
    assert_int_equal(device.interrupt_enable, 0);
    assert_int_equal(device.divisor, 1);
}

static void the_line_is_8n1_at_the_speed_asked_for(void **state)
{
    (void)state;
    static const struct {
        uint32_t baud;
        uint16_t divisor;
    } speeds[] = { { 115200, 1 }, { 57600, 2 },  { 38400, 3 }, { 19200, 6 }, { 9600, 12 },
                   { 300, 384 },  { 110, 1047 }, { 134, 860 }, { 2, 57600 } };
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++) {
        assert_int_equal(init_at(speeds[i].baud), STATUS_OK);
        assert_int_equal(device.divisor, speeds[i].divisor);
        assert_int_equal(device.line_control, 0x03);
        assert_int_equal(device.interrupt_enable, 0);
        assert_int_equal(device.modem_control & 0x13, 0x03);
    }
}

static void a_speed_the_hardware_cannot_make_is_refused(void **state)
{
    (void)state;
    static const uint32_t speeds[] = { 1, 118000, 230400, 100000, 80000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++)
        assert_int_equal(init_at(speeds[i]), STATUS_INVALID);
}

/* As for SPCR's speed 0: firmware's console has that speed. */
static void without_a_speed_the_divisor_is_kept(void **state)
{
    (void)state;
    static const uint16_t divisors[] = { 12, 1, 0x0180, 0xffff };
    for (size_t i = 0; i < ARRAY_LEN(divisors); i++) {
        device.divisor = divisors[i];
        assert_int_equal(init_at(0), STATUS_OK);
        assert_int_equal(device.divisor, divisors[i]);
        assert_int_equal(device.divisor_writes, 0);
        assert_int_equal(device.line_control, 0x03);
    }
}

static void a_divisor_of_0_becomes_the_default(void **state)
{
    (void)state;
    device.divisor = 0;
    assert_int_equal(init_at(0), STATUS_OK);
    assert_int_equal(device.divisor, 1);
}

/* A high-speed UART: 48 MHz / 16 / 3000000 = 1; and the 44.2368 MHz of Intel's LPSS: 24 for 115200. */
static void the_divisor_follows_the_clock(void **state)
{
    (void)state;
    static const struct {
        uint32_t clock_hz, baud;
        uint16_t divisor; /* 0: none comes within 2 % */
    } cases[] = { { 48000000, 3000000, 1 }, { 44236800, 115200, 24 }, { 25000000, 115200, 0 },
                  { 7372800, 921600, 0 },   { 14745600, 921600, 1 },  { 1843200, 921600, 0 },
                  { 4294967295u, 2400, 0 }, { 0, 115200, 0 },         { 24000000, 115200, 13 } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct uart16550_config config = uart16550_isa(PORT, cases[i].baud);
        config.clock_hz = cases[i].clock_hz;
        status_t status = uart16550_init(&uart, &config);
        assert_int_equal(status, cases[i].divisor ? STATUS_OK : STATUS_INVALID);
        if (status == STATUS_OK)
            assert_int_equal(device.divisor, cases[i].divisor);
    }
}

/* If the speed is kept, the clock need not be known. */
static void an_unknown_clock_does_not_matter_if_the_speed_is_kept(void **state)
{
    (void)state;
    struct uart16550_config config = uart16550_isa(PORT, 0);
    config.clock_hz = 0;
    device.divisor = 26;
    assert_int_equal(uart16550_init(&uart, &config), STATUS_OK);
    assert_int_equal(device.divisor, 26);
    device.divisor = 0;
    assert_int_equal(uart16550_init(&uart, &config), STATUS_OK);
    assert_int_equal(device.divisor, 0);
}

static void every_register_is_accessed_at_its_stride_and_width(void **state)
{
    static const struct {
        bool is_memory;
        uint8_t stride, access;
    } places[] = { { false, 1, 1 }, { false, 4, 1 }, { false, 4, 4 }, { false, 2, 2 },
                   { true, 1, 1 },  { true, 2, 2 },  { true, 4, 4 },  { true, 4, 1 },
                   { true, 4, 2 },  { true, 8, 4 },  { true, 8, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        plug_in(state);
        device.is_memory = places[i].is_memory;
        device.stride = places[i].stride;
        device.access = places[i].access;
        struct uart16550_config config = uart16550_isa(PORT, 9600);
        config.registers = places[i].is_memory ? uart_model_window : NULL;
        config.stride_bytes = places[i].stride;
        config.access_bytes = places[i].access;
        assert_int_equal(uart16550_init(&uart, &config), STATUS_OK);
        assert_int_equal(device.divisor, 12);
        write_text("hello\n");
        expect_sent("hello\r\n");
        receive("k");
        assert_int_equal(uart.input.poll(&uart.input), 'k');
        assert_int_equal(device.odd_accesses, 0);
    }
}

static void registers_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint16_t port;
        uint8_t stride, access;
    } places[] = { { 0xfff9, 1, 1 }, { 0xffe8, 4, 1 }, { 0xffe1, 4, 4 }, { PORT, 0, 1 }, { PORT, 3, 1 },
                   { PORT, 16, 1 },  { PORT, 1, 0 },   { PORT, 1, 2 },   { PORT, 8, 8 }, { PORT, 4, 3 } };
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct uart16550_config config = uart16550_isa(places[i].port, 9600);
        config.stride_bytes = places[i].stride;
        config.access_bytes = places[i].access;
        assert_int_equal(uart16550_init(&uart, &config), STATUS_INVALID);
    }
    assert_int_equal(device.accesses, 0);
}

static void the_loaders_output_drains_before_the_speed_changes(void **state)
{
    (void)state;
    device.in_transmitter = 1;
    device.reads_left = 100;
    init();
    assert_int_equal(device.divisor_changes_in_flight, 0);
}

static void lines_end_in_cr_lf_and_only_ascii_is_sent(void **state)
{
    (void)state;
    init();
    write_text("one\ntwo\r\b\t~");
    expect_sent("one\r\ntwo\r\b\t~");
    device.sent_count = 0;
    write_text("\f\x1b[31m\x7f\x80\xff\a");
    expect_sent("\r\n?[31m????");
}

static void a_style_is_a_sequence_around_the_text(void **state)
{
    (void)state;
    init();
    uart.console.style = STYLE_ERROR;
    write_text("no\x1b\n");
    expect_sent("\x1b[31mno?\r\n\x1b[0m");
    device.sent_count = 0;
    uart.console.style = STYLE_PLAIN;
    write_text("yes");
    expect_sent("yes");
}

static void a_working_fifo_takes_sixteen_bytes_per_status_read(void **state)
{
    (void)state;
    device.reads_to_empty = 1;
    init();
    device.status_reads = 0;
    write_text("0123456789abcdef0123456789abcdef");
    expect_sent("0123456789abcdef0123456789abcdef");
    assert_int_equal(device.status_reads, 2);
}

static void without_a_working_fifo_each_byte_waits(void **state)
{
    for (int broken = 0; broken < 2; broken++) {
        plug_in(state);
        device.has_fifo = false;
        device.has_broken_fifo = broken;
        device.reads_to_empty = 5;
        init();
        write_text("hello, world, hello, world\n");
        expect_sent("hello, world, hello, world\r\n");
        assert_false(device.fifo_enabled);
    }
}

static void a_transmitter_that_never_empties_costs_one_wait(void **state)
{
    (void)state;
    init();
    device.never_empties = true;
    write_text("a");
    device.status_reads = 0;
    write_text("bcd");
    unsigned int first = device.status_reads;
    assert_in_range(first, 1, 4000000);
    device.status_reads = 0;
    for (int i = 0; i < 100; i++)
        write_text("bcd");
    assert_in_range(device.status_reads, 1, 300);
}

static void a_transmitter_that_recovers_is_used_again(void **state)
{
    (void)state;
    init();
    device.never_empties = true;
    write_text("abc");
    write_text("lost");
    device.never_empties = false;
    device.in_transmitter = 0;
    device.sent_count = 0;
    device.reads_to_empty = 3;
    write_text("0123456789abcdef 0123456789abcdef");
    expect_sent("0123456789abcdef 0123456789abcdef");
}

static void received_bytes_become_keys(void **state)
{
    (void)state;
    init();
    assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
    receive("a\x1b[A\r\n");
    assert_int_equal(uart.input.poll(&uart.input), 'a');
    assert_int_equal(uart.input.poll(&uart.input), KEY_UP);
    assert_int_equal(uart.input.poll(&uart.input), '\r');
    assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
}

static void bytes_received_in_error_are_dropped(void **state)
{
    (void)state;
    static const uint8_t errors[] = { 0x04, 0x08, 0x10 };
    init();
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        receive_byte('x', errors[i]);
        receive_byte('y', 0);
        assert_int_equal(uart.input.poll(&uart.input), 'y');
        assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
    }
    receive_byte('x', 0x02); /* an overrun lost other bytes, not this one */
    assert_int_equal(uart.input.poll(&uart.input), 'x');
}

/* Reading LSR clears the error bits, also when it is read for THRE. */
static void writing_does_not_clear_a_receive_error(void **state)
{
    (void)state;
    init();
    receive_byte('x', 0x08);
    receive_byte('y', 0);
    write_text("hello");
    assert_int_equal(uart.input.poll(&uart.input), 'y');
    assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
}

static void a_removed_uart_types_nothing(void **state)
{
    (void)state;
    init();
    device.is_present = false;
    assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
    write_text("into the void");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_port_is_detected),
        TEST(a_bus_that_echoes_its_last_byte_is_rejected),
        TEST(a_uart_without_scratch_register_is_found_by_loopback),
        TEST(a_uart_without_loopback_is_found_by_scratch_register),
        TEST(a_dlab_bit_left_set_does_not_hide_the_uart),
        TEST(the_line_is_8n1_at_the_speed_asked_for),
        TEST(a_speed_the_hardware_cannot_make_is_refused),
        TEST(without_a_speed_the_divisor_is_kept),
        TEST(a_divisor_of_0_becomes_the_default),
        TEST(the_divisor_follows_the_clock),
        TEST(an_unknown_clock_does_not_matter_if_the_speed_is_kept),
        TEST(every_register_is_accessed_at_its_stride_and_width),
        TEST(registers_out_of_range_are_refused),
        TEST(the_loaders_output_drains_before_the_speed_changes),
        TEST(lines_end_in_cr_lf_and_only_ascii_is_sent),
        TEST(a_style_is_a_sequence_around_the_text),
        TEST(a_working_fifo_takes_sixteen_bytes_per_status_read),
        TEST(without_a_working_fifo_each_byte_waits),
        TEST(a_transmitter_that_never_empties_costs_one_wait),
        TEST(a_transmitter_that_recovers_is_used_again),
        TEST(received_bytes_become_keys),
        TEST(bytes_received_in_error_are_dropped),
        TEST(writing_does_not_clear_a_receive_error),
        TEST(a_removed_uart_types_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

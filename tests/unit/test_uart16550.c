/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver against a model of the device at one port; every other port reads as nothing.
 */
#include <ashlar/dev/uart16550.h>
#include <ashlar/io.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <string.h>

#define PORT 0x2f8

static struct {
    /* what kind of UART */
    bool is_present, has_scratch, has_loopback, has_fifo, has_broken_fifo;
    uint8_t absent_reads; /* what an empty port returns; 0 with is_echo: the last byte written */
    bool is_echo;
    unsigned int reads_to_empty; /* status reads until the transmitter is empty; 0: at once */
    bool never_empties;

    /* its registers */
    uint8_t interrupt_enable, line_control, modem_control, scratch, last_written;
    uint16_t divisor;
    bool fifo_enabled;
    unsigned int in_transmitter, reads_left;

    /* what was seen */
    char sent[4096];
    size_t sent_count;
    unsigned int status_reads, overruns, divisor_changes_in_flight;

    uint8_t received[64];
    uint8_t received_errors; /* status bits that come with every received byte */
    size_t received_head, received_tail;
} device;

static uint8_t line_status(void)
{
    device.status_reads++;
    if (device.reads_left > 0 && !device.never_empties && --device.reads_left == 0)
        device.in_transmitter = 0;
    bool has_data = device.received_head < device.received_tail;
    return (uint8_t)((device.in_transmitter == 0 ? 0x60 : 0) | (has_data ? 1 | device.received_errors : 0));
}

/* In loopback RTS comes back as CTS, and OUT2 as DCD. */
static uint8_t modem_status(void)
{
    if (device.has_loopback && (device.modem_control & 0x10))
        return (uint8_t)((device.modem_control & 2) << 3 | (device.modem_control & 8) << 4);
    return 0xb0;
}

uint8_t io_in8(uint16_t port)
{
    if (port < PORT || port > PORT + 7 || !device.is_present)
        return device.is_echo ? device.last_written : device.absent_reads;
    bool shows_divisor = device.line_control & 0x80;
    switch (port - PORT) {
    case 0:
        if (shows_divisor)
            return (uint8_t)device.divisor;
        return device.received_head < device.received_tail ? device.received[device.received_head++] : 0;
    case 1:
        return shows_divisor ? (uint8_t)(device.divisor >> 8) : device.interrupt_enable;
    case 2:
        return (uint8_t)(1 | (device.fifo_enabled ? (device.has_broken_fifo ? 0x80 : 0xc0) : 0));
    case 3:
        return device.line_control;
    case 4:
        return device.modem_control;
    case 5:
        return line_status();
    case 6:
        return modem_status();
    default:
        return device.has_scratch ? device.scratch : 0xff;
    }
}

static void transmit(uint8_t value)
{
    unsigned int capacity = device.fifo_enabled && !device.has_broken_fifo ? 16 : 1;
    if (device.in_transmitter >= capacity) {
        device.overruns++;
        return;
    }
    assert_true(device.sent_count < sizeof(device.sent));
    device.sent[device.sent_count++] = (char)value;
    if (device.reads_to_empty > 0 || device.never_empties) {
        device.in_transmitter++;
        device.reads_left = device.reads_to_empty;
    }
}

void io_out8(uint16_t port, uint8_t value)
{
    device.last_written = value;
    if (port < PORT || port > PORT + 7 || !device.is_present)
        return;
    bool shows_divisor = device.line_control & 0x80;
    switch (port - PORT) {
    case 0:
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff00) | value);
        else
            transmit(value);
        break;
    case 1:
        if (shows_divisor)
            device.divisor = (uint16_t)((device.divisor & 0xff) | value << 8);
        else
            device.interrupt_enable = value & 0x0f;
        break;
    case 2:
        device.fifo_enabled = (device.has_fifo || device.has_broken_fifo) && (value & 1);
        break;
    case 3:
        if ((value & 0x80) && device.in_transmitter > 0)
            device.divisor_changes_in_flight++;
        device.line_control = value;
        break;
    case 4:
        device.modem_control = value;
        break;
    case 7:
        device.scratch = value;
        break;
    default:
        break;
    }
}

static struct uart16550 uart;

static int plug_in(void **state)
{
    (void)state;
    memset(&device, 0, sizeof(device));
    device.absent_reads = 0xff;
    device.is_present = device.has_scratch = device.has_loopback = device.has_fifo = true;
    return 0;
}

static void init(void)
{
    assert_int_equal(uart16550_init(&uart, PORT, 115200), STATUS_OK);
}

static void write_text(const char *text)
{
    uart.console.write(&uart.console, text, strlen(text));
}

static void expect_sent(const char *text)
{
    assert_int_equal(device.sent_count, strlen(text));
    assert_memory_equal(device.sent, text, device.sent_count);
    assert_int_equal(device.overruns, 0);
}

static void an_empty_port_is_noticed(void **state)
{
    (void)state;
    device.is_present = false;
    assert_int_equal(uart16550_init(&uart, PORT, 115200), STATUS_NOT_FOUND);
    device.absent_reads = 0;
    assert_int_equal(uart16550_init(&uart, PORT, 115200), STATUS_NOT_FOUND);
}

static void a_bus_that_remembers_its_last_byte_is_no_uart(void **state)
{
    (void)state;
    device.is_present = false;
    device.is_echo = true;
    assert_int_equal(uart16550_init(&uart, PORT, 115200), STATUS_NOT_FOUND);
}

static void a_uart_without_scratch_register_is_found_by_loopback(void **state)
{
    (void)state;
    device.has_scratch = false;
    init();
    device.has_loopback = false;
    assert_int_equal(uart16550_init(&uart, PORT, 115200), STATUS_NOT_FOUND);
}

static void a_uart_without_loopback_is_found_by_scratch_register(void **state)
{
    (void)state;
    device.has_loopback = false;
    init();
}

static void a_divisor_left_showing_does_not_hide_the_uart(void **state)
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
        assert_int_equal(uart16550_init(&uart, PORT, speeds[i].baud), STATUS_OK);
        assert_int_equal(device.divisor, speeds[i].divisor);
        assert_int_equal(device.line_control, 0x03);
        assert_int_equal(device.interrupt_enable, 0);
        assert_int_equal(device.modem_control & 0x13, 0x03);
    }
}

static void a_speed_the_hardware_cannot_make_is_refused(void **state)
{
    (void)state;
    static const uint32_t speeds[] = { 0, 1, 115201, 230400, 100000, 80000, UINT32_MAX };
    for (size_t i = 0; i < ARRAY_LEN(speeds); i++)
        assert_int_equal(uart16550_init(&uart, PORT, speeds[i]), STATUS_INVALID);
}

static void the_loaders_last_words_leave_before_the_speed_changes(void **state)
{
    (void)state;
    device.in_transmitter = 1;
    device.reads_left = 100;
    init();
    assert_int_equal(device.divisor_changes_in_flight, 0);
}

static void lines_end_in_cr_lf_and_only_ascii_goes_out(void **state)
{
    (void)state;
    init();
    write_text("one\ntwo\r\b\t~");
    expect_sent("one\r\ntwo\r\b\t~");
    device.sent_count = 0;
    write_text("\f\x1b[31m\x7f\x80\xff\a");
    expect_sent("\r\n?[31m????");
}

static void a_working_fifo_takes_sixteen_bytes_a_look(void **state)
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

static void a_line_that_never_empties_costs_one_wait(void **state)
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

static void a_line_that_recovers_is_used_again(void **state)
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

static void receive(const char *text)
{
    memcpy(device.received, text, strlen(text));
    device.received_head = 0;
    device.received_tail = strlen(text);
}

static void what_is_typed_comes_as_keys(void **state)
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
        device.received_errors = errors[i];
        receive("x");
        assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
        assert_int_equal(device.received_head, 1);
    }
    device.received_errors = 0x02; /* an overrun lost other bytes, not this one */
    receive("x");
    assert_int_equal(uart.input.poll(&uart.input), 'x');
}

static void a_uart_that_was_pulled_out_types_nothing(void **state)
{
    (void)state;
    init();
    device.is_present = false;
    assert_int_equal(uart.input.poll(&uart.input), KEY_NONE);
    write_text("into the void");
}

#define TEST(claim) cmocka_unit_test_setup(claim, plug_in)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_port_is_noticed),
        TEST(a_bus_that_remembers_its_last_byte_is_no_uart),
        TEST(a_uart_without_scratch_register_is_found_by_loopback),
        TEST(a_uart_without_loopback_is_found_by_scratch_register),
        TEST(a_divisor_left_showing_does_not_hide_the_uart),
        TEST(the_line_is_8n1_at_the_speed_asked_for),
        TEST(a_speed_the_hardware_cannot_make_is_refused),
        TEST(the_loaders_last_words_leave_before_the_speed_changes),
        TEST(lines_end_in_cr_lf_and_only_ascii_goes_out),
        TEST(a_working_fifo_takes_sixteen_bytes_a_look),
        TEST(without_a_working_fifo_each_byte_waits),
        TEST(a_line_that_never_empties_costs_one_wait),
        TEST(a_line_that_recovers_is_used_again),
        TEST(what_is_typed_comes_as_keys),
        TEST(bytes_received_in_error_are_dropped),
        TEST(a_uart_that_was_pulled_out_types_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

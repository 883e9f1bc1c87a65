/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port by interrupts: receiving.
 */
#include <uart16550_driven.h>

static void received_bytes_become_keys_in_order(void **state)
{
    (void)state;
    start();
    assert_int_equal(poll_key(), KEY_NONE);
    receive("ab\x1b[A");
    assert_int_equal(poll_key(), KEY_NONE); /* an interrupt receives it, the port is not polled */
    assert_true(deliver());
    receive("c");
    assert_true(deliver());
    assert_int_equal(poll_key(), 'a');
    assert_int_equal(poll_key(), 'b');
    assert_int_equal(poll_key(), KEY_UP);
    assert_int_equal(poll_key(), 'c');
    assert_int_equal(poll_key(), KEY_NONE);
    assert_int_equal(uart.lost, 0);
}

/* A script types characters only, and must not get escape sequences back. */
static void a_peer_that_sends_an_escape_sequence_is_a_terminal(void **state)
{
    (void)state;
    start();
    assert_false(uart.console.is_typed_at);
    receive("help\r\x03\x1b");
    run_on();
    while (poll_key() != KEY_NONE)
        ;
    assert_false(uart.console.is_terminal);
    assert_true(uart.console.is_typed_at);
    receive("[A");
    run_on();
    assert_int_equal(poll_key(), KEY_UP);
    assert_true(uart.console.is_terminal);
}

static void garbled_bytes_are_dropped_and_counted(void **state)
{
    (void)state;
    start();
    receive_byte('a', 0);
    receive_byte('x', 0x04);
    receive_byte('x', 0x08);
    receive_byte(0, 0x10);
    receive_byte('b', 0);
    run_on();
    assert_int_equal(poll_key(), 'a');
    assert_int_equal(poll_key(), 'b');
    assert_int_equal(poll_key(), KEY_NONE);
    assert_int_equal(uart.lost, 3);
}

/* The n-th received byte: each letter determines its neighbours. */
static uint8_t typed(unsigned int n)
{
    return (uint8_t)('a' + n % 23);
}

/* A virtual line: its sender waits while the UART's FIFO is full. */
static void with_flow_control_a_late_reader_loses_nothing(void **state)
{
    (void)state;
    seed_from_environment();
    start();
    unsigned int sent = 0, read = 0;
    const unsigned int count = 20000;
    for (unsigned int i = 0; read < count; i++) {
        assert_true(i < 100 * count);
        bool is_late = i / 2000 % 2;
        while (sent < count && device.received_count < FIFO_SIZE && seed_below(8))
            receive_byte(typed(sent++), 0);
        deliver();
        if (is_late && sent < count && seed_below(64))
            continue;
        int key = poll_key();
        if (key != KEY_NONE)
            assert_int_equal(key, typed(read++));
    }
    assert_int_equal(uart.lost, 0);
}

static void an_overflow_is_counted_and_not_fatal(void **state)
{
    (void)state;
    start();
    const unsigned int capacity = UART16550_RECEIVED_MAX + FIFO_SIZE;
    for (unsigned int i = 0; i < 2 * capacity; i++) {
        receive_byte(typed(i), 0);
        deliver();
    }
    assert_false(device.is_asserted); /* or a reader that is slow would be interrupted for ever */
    for (unsigned int i = 0; i < capacity; i++) {
        assert_int_equal(poll_key(), typed(i));
        deliver();
    }
    assert_int_equal(poll_key(), KEY_NONE);
    assert_in_range(uart.lost, 1, capacity);
    receive("z");
    assert_true(deliver());
    assert_int_equal(poll_key(), 'z');
}

static void settling_loses_no_received_byte(void **state)
{
    (void)state;
    start();
    receive("ab");
    run_on();
    uart.console.settle(&uart.console);
    receive("c");
    assert_int_equal(poll_key(), 'a');
    assert_int_equal(poll_key(), 'b');
    assert_int_equal(poll_key(), 'c');
}

static void receiving_and_sending_lose_no_interrupt_edge(void **state)
{
    seed_from_environment();
    for (unsigned int round = 0; round < ROUNDS; round++) {
        unsigned int received = 0, read = 0;
        plug_in_any(state);
        for (unsigned int i = 0; i < 200; i++) {
            happen();
            while (device.received_count < FIFO_SIZE && seed_below(3) == 0)
                receive_byte(typed(received++), 0);
            int key = seed_below(2) ? poll_key() : KEY_NONE;
            if (key != KEY_NONE)
                assert_int_equal(key, typed(read++));
        }
        run_on();
        for (int key = poll_key(); key != KEY_NONE; key = poll_key())
            assert_int_equal(key, typed(read++));
        assert_int_equal(read, received);
        expect_all_sent();
        expect_sender_is_quiet();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(received_bytes_become_keys_in_order),
        TEST(a_peer_that_sends_an_escape_sequence_is_a_terminal),
        TEST(garbled_bytes_are_dropped_and_counted),
        TEST(with_flow_control_a_late_reader_loses_nothing),
        TEST(an_overflow_is_counted_and_not_fatal),
        TEST(settling_loses_no_received_byte),
        TEST(receiving_and_sending_lose_no_interrupt_edge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The serial port by interrupts: sending, and back to polling.
 */
#include <uart16550_driven.h>

/* ---- sending ---- */

static void the_first_interrupt_arrives_at_once(void **state)
{
    (void)state;
    init();
    assert_int_equal(uart16550_interrupt_count(&uart), 0);
    uart16550_use_interrupts(&uart, true);
    assert_true(deliver());
    assert_int_equal(uart16550_interrupt_count(&uart), 1);
    expect_sender_is_quiet();
    assert_false(deliver());
}

static void order_is_kept_whenever_the_interrupt_arrives(void **state)
{
    seed_from_environment();
    for (unsigned int round = 0; round < ROUNDS; round++) {
        plug_in_any(state);
        for (unsigned int i = seed_below(60); i > 0; i--) {
            happen();
            assert_memory_equal(device.sent, text, device.sent_count);
        }
        run_on();
        expect_all_sent();
        expect_sender_is_quiet();
    }
}

/* A UART that sends at once could make an edge for each byte. */
static void no_interrupt_is_superfluous(void **state)
{
    (void)state;
    start();
    clear_text();
    for (unsigned int i = 0; i < 20; i++) {
        write_some(1 + i * 13);
        run_on();
    }
    expect_all_sent();
    assert_int_equal(device.unclaimed, 0);
}

static void a_full_ring_sends_its_oldest_bytes_and_loses_none(void **state)
{
    for (int has_fifo = 0; has_fifo < 2; has_fifo++) {
        plug_in(state);
        device.has_fifo = has_fifo;
        device.reads_to_empty = 3;
        start();
        clear_text();
        write_some(UART16550_WAITING_MAX);
        assert_int_equal(device.sent_count, 0);
        write_some(1);
        assert_int_equal(device.sent_count, uart.burst);
        write_some(10000);
        assert_in_range(text_length - device.sent_count, UART16550_WAITING_MAX - FIFO_SIZE,
                        UART16550_WAITING_MAX);
        assert_memory_equal(device.sent, text, device.sent_count);
        run_on();
        expect_all_sent();
        expect_sender_is_quiet();
    }
}

static void a_transmitter_that_never_empties_does_not_block_its_writer(void **state)
{
    (void)state;
    start();
    clear_text();
    device.never_empties = true;
    write_some(UART16550_WAITING_MAX + 1000);
    device.status_reads = 0;
    write_some(1000);
    assert_in_range(device.status_reads, 1, 2000);
    device.never_empties = false;
    transmitter_empties();
    clear_text();
    run_on();
    expect_sender_is_quiet();
    clear_text();
    write_some(100);
    run_on();
    expect_all_sent();
}

/* ---- back to polling ---- */

static void settling_at_any_moment_loses_nothing(void **state)
{
    seed_from_environment();
    for (unsigned int round = 0; round < ROUNDS; round++) {
        plug_in_any(state);
        for (unsigned int i = seed_below(30); i > 0; i--)
            happen();
        uart.console.settle(&uart.console);
        expect_all_sent();
        write_some(300);
        expect_all_sent();
        assert_int_equal(device.interrupt_enable, 0);
        assert_false(uart.input.interrupts);
        /* An edge may have been on its way. */
        unsigned int claimed = device.claimed;
        run_on();
        assert_int_equal(device.claimed, claimed);
        uart.console.settle(&uart.console);
        expect_all_sent();
    }
}

static void text_is_sent_although_the_interrupted_code_holds_the_lock(void **state)
{
    (void)state;
    start();
    clear_text();
    write_text("what waits\n");
    spin_lock(&uart.lock);
    write_text("panic\n");
    expect_sent("panic\r\n");
    uart.console.settle(&uart.console);
    expect_sent("panic\r\nwhat waits\r\n");
    write_text("report\n");
    expect_sent("panic\r\nwhat waits\r\nreport\r\n");
    spin_unlock(&uart.lock);
}

/* Another CPU drains the ring at the same time: it has the lock, and the wait for it was given up. */
static void take_one_more(void)
{
    uart.waiting_start++;
}

static void settling_without_the_lock_is_bounded(void **state)
{
    (void)state;
    start();
    clear_text();
    write_some(101);
    spin_lock(&uart.lock);
    device.on_sent = take_one_more;
    uart.console.settle(&uart.console);
    assert_in_range(device.sent_count, 50, UART16550_WAITING_MAX);
    spin_unlock(&uart.lock);
}

static void switching_to_polling_sends_pending_bytes(void **state)
{
    (void)state;
    device.reads_to_empty = 2;
    start();
    clear_text();
    write_some(1000);
    uart16550_use_interrupts(&uart, false);
    expect_all_sent();
    assert_int_equal(device.interrupt_enable, 0);
    write_some(50);
    expect_all_sent();
    uart16550_use_interrupts(&uart, true);
    write_some(50);
    run_on();
    expect_all_sent();
}

static void endless_interrupts_are_given_up(void **state)
{
    static const uint8_t causes[] = { 0x00, 0x02, 0x04, 0x06, 0x0c };
    for (size_t i = 0; i < ARRAY_LEN(causes); i++) {
        plug_in(state);
        start();
        clear_text();
        write_some(500);
        receive_byte('k', 0);
        device.claims_always = true;
        device.always_cause = causes[i];
        device.accesses = 0;
        assert_true(uart16550_interrupt(&uart));
        assert_in_range(device.accesses, 1, 5000);
        assert_int_equal(device.interrupt_enable, 0);
        assert_false(uart.input.interrupts);
        expect_all_sent();
        write_some(10);
        expect_all_sent();
        assert_int_equal(poll_key(), 'k');
        /* Not handled any more, so that a level that stays is masked as unhandled. */
        assert_false(uart16550_interrupt(&uart));
    }
}

/* ---- other sources of interrupts ---- */

static void an_interrupt_of_another_device_is_not_claimed(void **state)
{
    (void)state;
    start();
    uint32_t count = uart16550_interrupt_count(&uart);
    assert_false(uart16550_interrupt(&uart));
    assert_int_equal(uart16550_interrupt_count(&uart), count);
    device.is_present = false; /* it was removed: all ones mean that nothing is pending */
    assert_false(uart16550_interrupt(&uart));
}

static void pcs_give_serial_ports_two_interrupts(void **state)
{
    (void)state;
    assert_int_equal(uart16550_isa_interrupt(0x3f8), 4);
    assert_int_equal(uart16550_isa_interrupt(0x2f8), 3);
    assert_int_equal(uart16550_isa_interrupt(0x3e8), 4);
    assert_int_equal(uart16550_isa_interrupt(0x2e8), 3);
    assert_int_equal(uart16550_isa_interrupt(0x3f0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_first_interrupt_arrives_at_once),
        TEST(order_is_kept_whenever_the_interrupt_arrives),
        TEST(no_interrupt_is_superfluous),
        TEST(a_full_ring_sends_its_oldest_bytes_and_loses_none),
        TEST(a_transmitter_that_never_empties_does_not_block_its_writer),
        TEST(settling_at_any_moment_loses_nothing),
        TEST(text_is_sent_although_the_interrupted_code_holds_the_lock),
        TEST(settling_without_the_lock_is_bounded),
        TEST(switching_to_polling_sends_pending_bytes),
        TEST(endless_interrupts_are_given_up),
        TEST(an_interrupt_of_another_device_is_not_claimed),
        TEST(pcs_give_serial_ports_two_interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

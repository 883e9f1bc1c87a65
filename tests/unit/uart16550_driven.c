/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The driver by interrupts on the model: see uart16550_driven.h.
 */
#include <uart16550_driven.h>

/* ---- the machine ---- */

bool deliver(void)
{
    if (!device.has_edge)
        return false;
    device.has_edge = false;
    if (uart16550_interrupt(&uart))
        device.claimed++;
    else
        device.unclaimed++;
    return true;
}

void run_on(void)
{
    for (unsigned int i = 0; i < 100000; i++) {
        bool has_sent = device.in_transmitter > 0 && !device.never_empties;
        if (has_sent)
            transmitter_empties();
        if (!deliver() && !has_sent)
            return;
    }
    fail_msg("interrupts without end");
}

void start(void)
{
    init();
    uart16550_use_interrupts(&uart, true);
    uart.input.interrupts = true;
    run_on();
}

int poll_key(void)
{
    return uart.input.poll(&uart.input);
}

void expect_sender_is_quiet(void)
{
    assert_int_equal(device.interrupt_enable & 2, 0);
    assert_false(device.is_asserted);
}

/* ---- what a test writes ---- */

char text[TEXT_MAX + 1];
size_t text_length;

void write_some(size_t length)
{
    size_t start = text_length;
    for (; length > 0 && text_length < TEXT_MAX; length--, text_length++)
        text[text_length] = (char)('!' + text_length * 7 % 89);
    text[text_length] = 0;
    write_text(text + start);
}

void clear_text(void)
{
    text_length = 0;
    text[0] = 0;
    device.sent_count = 0;
}

void expect_all_sent(void)
{
    assert_int_equal(device.sent_count, text_length);
    assert_memory_equal(device.sent, text, text_length);
    assert_int_equal(device.overruns, 0);
}

void plug_in_any(void **state)
{
    plug_in(state);
    device.has_fifo = seed_below(3) > 0;
    device.reads_to_empty = seed_below(2) ? 0 : 1 + seed_below(20);
    start();
    clear_text();
}

void happen(void)
{
    switch (seed_below(4)) {
    case 0:
        write_some(seed_below(seed_below(8) ? 40 : 3000));
        break;
    case 1:
        if (device.in_transmitter > 0)
            transmitter_empties();
        break;
    default:
        deliver();
        break;
    }
}

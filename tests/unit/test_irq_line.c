/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Handlers that share an input: dispatch, sharing, and storms.
 */
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>

#include <irq/line.h>
#include <lib/machine_ops.h>

#include "expect_death.h"

static const struct irq_wiring edge = { false, false }, level = { true, false }, level_low = { true, true };

static struct {
    bool is_masked, is_real;
    unsigned int ends;
} input;

static void mask(struct irq_chip *chip, uint32_t pin)
{
    (void)chip;
    assert_int_equal(pin, 3);
    input.is_masked = true;
}

static void unmask(struct irq_chip *chip, uint32_t pin)
{
    (void)chip;
    assert_int_equal(pin, 3);
    input.is_masked = false;
}

static bool begin(struct irq_chip *chip, uint32_t pin)
{
    (void)chip;
    (void)pin;
    return input.is_real;
}

static void eoi(struct irq_chip *chip, uint32_t pin)
{
    (void)chip;
    (void)pin;
    input.ends++;
}

static struct irq_chip chip = {
    .name = "model", .pin_count = 4, .mask = mask, .unmask = unmask, .begin = begin, .eoi = eoi
};
static struct irq_line line;

struct device {
    struct irq irq;
    unsigned int calls;
    bool asks;
};

static bool handle(void *context)
{
    struct device *device = context;
    device->calls++;
    return device->asks;
}

static struct device first, second;

static int fresh_line(void **state)
{
    (void)state;
    input = (typeof(input)){ .is_masked = true, .is_real = true };
    irq_line_init(&line, &chip, 3);
    line.wiring = level;
    first = (struct device){ .irq = { .handler = handle, .context = &first } };
    second = (struct device){ .irq = { .handler = handle, .context = &second } };
    return 0;
}

static void a_line_is_unmasked_while_it_has_handlers(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    assert_false(input.is_masked);
    assert_int_equal(line_add(&line, &second.irq, level), STATUS_OK);
    assert_false(line_remove(&first.irq));
    assert_false(input.is_masked);
    assert_true(line_remove(&second.irq));
    assert_true(input.is_masked);
}

static void all_handlers_of_a_shared_line_are_called_and_one_claim_is_enough(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    assert_int_equal(line_add(&line, &second.irq, level), STATUS_OK);
    first.asks = true;
    assert_int_equal(line_handle(&line), LINE_HANDLED);
    first.asks = false;
    second.asks = true;
    assert_int_equal(line_handle(&line), LINE_HANDLED);
    second.asks = false;
    assert_int_equal(line_handle(&line), LINE_UNHANDLED);
    assert_int_equal(first.calls, 3);
    assert_int_equal(second.calls, 3);
    assert_int_equal(line.unhandled, 1);
    assert_int_equal(input.ends, 3);
}

static void edge_triggered_or_differently_wired_lines_are_not_shared(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    assert_int_equal(line_add(&line, &second.irq, edge), STATUS_BUSY);
    assert_int_equal(line_add(&line, &second.irq, level_low), STATUS_BUSY);
    assert_true(line_remove(&first.irq));
    line.wiring = edge;
    assert_int_equal(line_add(&line, &first.irq, edge), STATUS_OK);
    assert_int_equal(line_add(&line, &second.irq, edge), STATUS_BUSY);
    assert_int_equal(line_add(&line, &second.irq, level), STATUS_BUSY);
    line_handle(&line);
    assert_int_equal(second.calls, 0);
}

static void a_removed_handler_is_not_called(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    assert_int_equal(line_add(&line, &second.irq, level), STATUS_OK);
    assert_false(line_remove(&first.irq));
    line_handle(&line);
    assert_int_equal(first.calls, 0);
    assert_int_equal(second.calls, 1);
}

static void a_spurious_interrupt_reaches_no_handler_and_gets_no_eoi(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    input.is_real = false;
    assert_int_equal(line_handle(&line), LINE_SPURIOUS);
    assert_int_equal(first.calls, 0);
    assert_int_equal(input.ends, 0);
    assert_int_equal(line.unhandled, 0);
}

static void a_level_that_no_handler_deasserts_is_masked(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    for (unsigned int i = 1; i < LINE_WINDOW; i++)
        assert_int_equal(line_handle(&line), LINE_UNHANDLED);
    assert_false(input.is_masked);
    assert_int_equal(line_handle(&line), LINE_STORM_MASKED);
    assert_true(input.is_masked);
    assert_true(line.is_storming);
    assert_int_equal(input.ends, LINE_WINDOW);

    /* A handler that is added now may be the right one. */
    assert_int_equal(line_add(&line, &second.irq, level), STATUS_OK);
    assert_false(input.is_masked);
    assert_false(line.is_storming);
}

static void a_line_that_is_sometimes_claimed_stays_unmasked(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    for (unsigned int i = 0; i < 20 * LINE_WINDOW; i++) {
        first.asks = i % 80 == 0;
        assert_int_not_equal(line_handle(&line), LINE_STORM_MASKED);
    }
    assert_false(input.is_masked);
}

static void an_edge_that_arrived_while_masked_is_checked_for(void **state)
{
    (void)state;
    line.wiring = edge;
    assert_int_equal(line_add(&line, &first.irq, edge), STATUS_OK);
    input.is_masked = true;
    line_resume(&line);
    assert_false(input.is_masked);
    assert_int_equal(first.calls, 1);
    assert_int_equal(line.unhandled, 0);
    assert_int_equal(input.ends, 0);
}

static void a_level_still_asserted_interrupts_again(void **state)
{
    (void)state;
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    input.is_masked = true;
    line_resume(&line);
    assert_false(input.is_masked);
    assert_int_equal(first.calls, 0);
}

static void a_line_without_handlers_and_one_in_a_storm_stay_masked(void **state)
{
    (void)state;
    line_resume(&line);
    assert_true(input.is_masked);
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    for (unsigned int i = 0; i < LINE_WINDOW; i++)
        line_handle(&line);
    assert_true(line.is_storming);
    line_resume(&line);
    assert_true(input.is_masked);
}

/* ---- a waiter for a line polls cross-calls, because its handler may be calling ---- */

static bool is_held, is_served;

static void serve(void)
{
    __atomic_store_n(&is_served, true, __ATOMIC_RELEASE);
}

/* As a handler that waits for the CPU that waits for it. */
static void *hold_until_served(void *unused)
{
    spin_lock(&line.lock);
    __atomic_store_n(&is_held, true, __ATOMIC_RELEASE);
    while (!__atomic_load_n(&is_served, __ATOMIC_ACQUIRE))
        cpu_relax();
    spin_unlock(&line.lock);
    return unused;
}

static pthread_t start_holder(void)
{
    pthread_t holder;
    is_held = is_served = false;
    assert_int_equal(pthread_create(&holder, NULL, hold_until_served, NULL), 0);
    while (!__atomic_load_n(&is_held, __ATOMIC_ACQUIRE))
        cpu_relax();
    return holder;
}

static void waiters_for_a_line_poll_cross_calls(void **state)
{
    (void)state;
    pthread_t holder;
    machine_ops.poll_calls = serve;
    machine_ops.is_guest = false;
    holder = start_holder();
    assert_int_equal(line_add(&line, &first.irq, level), STATUS_OK);
    pthread_join(holder, NULL);
    holder = start_holder();
    line_resume(&line);
    pthread_join(holder, NULL);
    holder = start_holder();
    line_handle(&line);
    pthread_join(holder, NULL);
    holder = start_holder();
    assert_true(line_remove(&first.irq));
    pthread_join(holder, NULL);
}

static void chips_do_not_share_a_gsi(void **state)
{
    (void)state;
    static const struct {
        uint32_t base, pins, other_base, other_pins;
        bool overlap;
    } cases[] = {
        { 0, 24, 24, 24, false },
        { 24, 24, 0, 24, false },
        { 0, 24, 23, 24, true },
        { 0, 24, 0, 24, true },
        { 0, 240, 8, 8, true },
        { 8, 8, 0, 240, true },
        { UINT32_MAX - 23, 24, 0, 24, false },
        { UINT32_MAX - 22, 24, 0, 24, false },
        { UINT32_MAX - 22, 24, UINT32_MAX, 1, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct irq_chip one = { .gsi_base = cases[i].base, .pin_count = cases[i].pins };
        const struct irq_chip other = { .gsi_base = cases[i].other_base, .pin_count = cases[i].other_pins };
        assert_int_equal(line_gsis_overlap(&one, &other), cases[i].overlap);
    }
    const struct irq_chip last = { .gsi_base = UINT32_MAX - 23, .pin_count = 24 };
    const struct irq_chip beyond = { .gsi_base = UINT32_MAX - 22, .pin_count = 24 };
    assert_true(line_gsis_are_numbers(&last));
    assert_false(line_gsis_are_numbers(&beyond));
}

/* ---- checks ---- */

static void handler_is_added_twice(void)
{
    (void)!line_add(&line, &first.irq, level);
    (void)!line_add(&line, &first.irq, level);
}

static void handler_that_was_never_added_is_removed(void)
{
    first.irq.line = &line;
    (void)line_remove(&first.irq);
}

static void handler_is_in_the_list_of_another_line(void)
{
    (void)!line_add(&line, &first.irq, level);
    first.irq.line = NULL;
    (void)line_handle(&line);
}

static void window_is_over_long(void)
{
    line.window = LINE_WINDOW;
    (void)line_handle(&line);
}

static void broken_lines_are_noticed(void **state)
{
    (void)state;
    expect_death(handler_is_added_twice, "irq: a handler is added to its line once");
    expect_death(handler_that_was_never_added_is_removed, "irq: a handler that is removed");
    expect_death(handler_is_in_the_list_of_another_line, "irq: a handler in the list of a line");
    expect_death(window_is_over_long, "irq: a line's window");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_is_unmasked_while_it_has_handlers, fresh_line),
        cmocka_unit_test_setup(all_handlers_of_a_shared_line_are_called_and_one_claim_is_enough, fresh_line),
        cmocka_unit_test_setup(edge_triggered_or_differently_wired_lines_are_not_shared, fresh_line),
        cmocka_unit_test_setup(a_removed_handler_is_not_called, fresh_line),
        cmocka_unit_test_setup(a_spurious_interrupt_reaches_no_handler_and_gets_no_eoi, fresh_line),
        cmocka_unit_test_setup(a_level_that_no_handler_deasserts_is_masked, fresh_line),
        cmocka_unit_test_setup(a_line_that_is_sometimes_claimed_stays_unmasked, fresh_line),
        cmocka_unit_test_setup(an_edge_that_arrived_while_masked_is_checked_for, fresh_line),
        cmocka_unit_test_setup(a_level_still_asserted_interrupts_again, fresh_line),
        cmocka_unit_test_setup(a_line_without_handlers_and_one_in_a_storm_stay_masked, fresh_line),
        cmocka_unit_test_setup(waiters_for_a_line_poll_cross_calls, fresh_line),
        cmocka_unit_test(chips_do_not_share_a_gsi),
        cmocka_unit_test_setup(broken_lines_are_noticed, fresh_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

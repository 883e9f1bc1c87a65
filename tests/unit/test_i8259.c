/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pair of 8259s against a model of it: initialization words in sequence, masks, in-service bits.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/dev/i8259.h>
#include <ashlar/io.h>

struct chip {
    uint8_t mask, in_service, vector, cascade, mode;
    unsigned int words_due; /* of an initialization; 0: DATA is the mask */
    bool reads_service;
};

static struct {
    bool is_there;
    struct chip chips[2];
    uint16_t elcr;
} machine;

static struct chip *chip_at(uint16_t port)
{
    assert_true((port & ~1) == 0x20 || (port & ~1) == 0xa0);
    return &machine.chips[port >= 0xa0];
}

uint8_t io_in8(uint16_t port)
{
    if (port == 0x4d0 || port == 0x4d1)
        return (uint8_t)(machine.elcr >> 8 * (port & 1));
    if (!machine.is_there)
        return 0xff;
    struct chip *chip = chip_at(port);
    if (port & 1)
        return chip->mask;
    assert_true(chip->reads_service);
    return chip->in_service;
}

void io_out8(uint16_t port, uint8_t value)
{
    struct chip *chip = chip_at(port);
    if (port & 1) {
        switch (chip->words_due) {
        case 3:
            chip->vector = value;
            break;
        case 2:
            chip->cascade = value;
            break;
        case 1:
            chip->mode = value;
            break;
        default:
            chip->mask = value;
            return;
        }
        chip->words_due--;
    } else if (value & 0x10) {
        assert_int_equal(value, 0x11);
        *chip = (struct chip){ .words_due = 3 };
    } else if (value & 0x08) {
        chip->reads_service = (value & 3) == 3;
    } else {
        assert_int_equal(value & 0xe0, 0x60);
        chip->in_service &= (uint8_t) ~(1u << (value & 7));
    }
}

static struct i8259 pair;

static int fresh_machine(void **state)
{
    (void)state;
    machine = (typeof(machine)){ .is_there = true };
    assert_int_equal(i8259_init(&pair, 0x20), STATUS_OK);
    return 0;
}

static void starts_masked_with_vectors_above_the_exceptions(void **state)
{
    (void)state;
    for (unsigned int i = 0; i < 2; i++) {
        assert_int_equal(machine.chips[i].mask, 0xff);
        assert_int_equal(machine.chips[i].vector, 0x20 + 8 * i);
        assert_int_equal(machine.chips[i].mode, 1);
        assert_int_equal(machine.chips[i].words_due, 0);
    }
    assert_int_equal(machine.chips[0].cascade, 4);
    assert_int_equal(machine.chips[1].cascade, 2);
}

static void ports_that_retain_no_value_are_rejected(void **state)
{
    (void)state;
    machine.is_there = false;
    assert_int_equal(i8259_init(&pair, 0x20), STATUS_NOT_FOUND);
}

static void the_cascade_is_unmasked_while_a_pin_of_the_second_chip_is(void **state)
{
    (void)state;
    pair.chip.unmask(&pair.chip, 1);
    assert_int_equal(machine.chips[0].mask, 0xfd);
    pair.chip.unmask(&pair.chip, 12);
    assert_int_equal(machine.chips[0].mask, 0xf9);
    assert_int_equal(machine.chips[1].mask, 0xef);
    pair.chip.unmask(&pair.chip, 8);
    pair.chip.mask(&pair.chip, 12);
    assert_int_equal(machine.chips[0].mask, 0xf9);
    assert_int_equal(machine.chips[1].mask, 0xfe);
    pair.chip.mask(&pair.chip, 8);
    assert_int_equal(machine.chips[0].mask, 0xfd);
}

static void an_eoi_clears_its_pin_only(void **state)
{
    (void)state;
    machine.chips[0].in_service = 0x06;
    machine.chips[1].in_service = 0x11;
    pair.chip.eoi(&pair.chip, 12);
    assert_int_equal(machine.chips[0].in_service, 0x02);
    assert_int_equal(machine.chips[1].in_service, 0x01);
    pair.chip.eoi(&pair.chip, 1);
    assert_int_equal(machine.chips[0].in_service, 0);
    assert_int_equal(machine.chips[1].in_service, 0x01);
}

static void a_7_that_is_not_in_service_is_spurious(void **state)
{
    (void)state;
    assert_false(pair.chip.begin(&pair.chip, 7));
    assert_int_equal(pair.spurious[0], 1);
    machine.chips[0].in_service = 0x80;
    assert_true(pair.chip.begin(&pair.chip, 7));
    assert_int_equal(machine.chips[0].in_service, 0x80);
    assert_int_equal(pair.spurious[0], 1);
}

static void a_spurious_15_sends_an_eoi_to_the_first_chip(void **state)
{
    (void)state;
    machine.chips[0].in_service = 0x04;
    assert_false(pair.chip.begin(&pair.chip, 15));
    assert_int_equal(pair.spurious[1], 1);
    assert_int_equal(machine.chips[0].in_service, 0);
    machine.chips[0].in_service = 0x04;
    machine.chips[1].in_service = 0x80;
    assert_true(pair.chip.begin(&pair.chip, 15));
    assert_int_equal(machine.chips[0].in_service, 0x04);
    assert_int_equal(pair.spurious[1], 1);
}

static void pins_route_only_to_their_own_vectors(void **state)
{
    struct irq_route to = { .vector = 0x24 };
    (void)state;
    assert_int_equal(pair.chip.route(&pair.chip, 4, &to), STATUS_OK);
    assert_int_equal(pair.chip.route(&pair.chip, 5, &to), STATUS_UNSUPPORTED);
    to.is_nmi = true;
    assert_int_equal(pair.chip.route(&pair.chip, 4, &to), STATUS_UNSUPPORTED);
    to = (struct irq_route){ .vector = 0x22 };
    assert_int_equal(pair.chip.route(&pair.chip, I8259_CASCADE, &to), STATUS_UNSUPPORTED);
}

static void level_mode_is_accepted_only_where_it_is_possible(void **state)
{
    (void)state;
    machine.elcr = 0x0e20;
    assert_int_equal(i8259_read_elcr(), 0x0e20);
    machine.elcr = 0xffff;
    assert_int_equal(i8259_read_elcr(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(starts_masked_with_vectors_above_the_exceptions, fresh_machine),
        cmocka_unit_test_setup(ports_that_retain_no_value_are_rejected, fresh_machine),
        cmocka_unit_test_setup(the_cascade_is_unmasked_while_a_pin_of_the_second_chip_is, fresh_machine),
        cmocka_unit_test_setup(an_eoi_clears_its_pin_only, fresh_machine),
        cmocka_unit_test_setup(a_7_that_is_not_in_service_is_spurious, fresh_machine),
        cmocka_unit_test_setup(a_spurious_15_sends_an_eoi_to_the_first_chip, fresh_machine),
        cmocka_unit_test_setup(pins_route_only_to_their_own_vectors, fresh_machine),
        cmocka_unit_test_setup(level_mode_is_accepted_only_where_it_is_possible, fresh_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

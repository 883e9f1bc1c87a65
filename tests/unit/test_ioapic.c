/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The I/O APIC against a model that refuses a change of an entry that could raise an interrupt half-way.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ashlar/dev/ioapic.h>
#include <ashlar/io.h>

#define PINS      120
#define READ_ONLY (IOAPIC_ENTRY_DELIVS | IOAPIC_ENTRY_REMOTE_IRR)

static uint8_t window[IOAPIC_SIZE];
static struct {
    bool is_there;
    bool is_memory; /* instead */
    uint32_t memory[2];
    unsigned int writes;
    uint32_t index, pins;
    uint64_t entries[256];
} chip;

uint32_t mmio_read32(const volatile void *reg)
{
    if (chip.is_memory)
        return chip.memory[reg == window ? 0 : 1];
    if (!chip.is_there)
        return 0xffffffff;
    if (reg == window)
        return chip.index;
    assert_ptr_equal(reg, window + 0x10);
    if (chip.index == 0)
        return 0x0f000000;
    if (chip.index == 1)
        return (chip.pins - 1) << 16 | 0x20;
    assert_in_range(chip.index, 0x10, 0x10 + 2 * chip.pins - 1);
    uint64_t entry = chip.entries[(chip.index - 0x10) / 2];
    return (uint32_t)(chip.index & 1 ? entry >> 32 : entry);
}

void mmio_write32(volatile void *reg, uint32_t value)
{
    chip.writes++;
    if (chip.is_memory) {
        chip.memory[reg == window ? 0 : 1] = value;
        return;
    }
    if (reg == window) {
        chip.index = value;
        return;
    }
    assert_ptr_equal(reg, window + 0x10);
    assert_in_range(chip.index, 0x10, 0x10 + 2 * chip.pins - 1);
    uint64_t *entry = &chip.entries[(chip.index - 0x10) / 2];
    if (chip.index & 1) {
        /* A destination that changes while the input is open sends an interrupt astray. */
        assert_true(*entry & IOAPIC_ENTRY_MASKED);
        *entry = (uint32_t)*entry | (uint64_t)value << 32;
    } else {
        assert_int_equal(value & READ_ONLY, 0);
        *entry = (*entry & ~(0xffffffff ^ READ_ONLY)) | value;
    }
}

static struct ioapic ioapic;

static int fresh_machine(void **state)
{
    (void)state;
    chip = (typeof(chip)){ .is_there = true, .pins = PINS };
    for (unsigned int pin = 0; pin < PINS; pin++)
        chip.entries[pin] = 0x0123000000000030 + pin; /* as firmware may have left them: open */
    assert_int_equal(ioapic_init(&ioapic, window, 24), STATUS_OK);
    return 0;
}

static void the_pin_count_is_read_and_all_pins_are_masked(void **state)
{
    (void)state;
    assert_int_equal(ioapic.chip.pin_count, PINS);
    assert_int_equal(ioapic.chip.gsi_base, 24);
    for (unsigned int pin = 0; pin < PINS; pin++)
        assert_true(chip.entries[pin] & IOAPIC_ENTRY_MASKED);
}

static void a_pin_that_firmware_uses_as_an_smi_is_left_alone(void **state)
{
    struct irq_route to = { .vector = 0x41 };
    (void)state;
    /* Open and masked; its destination is firmware's business, too. */
    const uint64_t smis[] = { 0x0500000000000200, 0x010000000001a200 };
    for (size_t i = 0; i < ARRAY_LEN(smis); i++) {
        chip.entries[3] = smis[i];
        chip.entries[4] = 0x0500000000000400; /* an NMI is not */
        assert_int_equal(ioapic_init(&ioapic, window, 0), STATUS_OK);
        assert_int_equal(chip.entries[3], smis[i]);
        assert_int_equal(chip.entries[4], IOAPIC_ENTRY_MASKED);
        assert_int_equal(ioapic.chip.route(&ioapic.chip, 3, &to), STATUS_BUSY);
        assert_int_equal(chip.entries[3], smis[i]);
        assert_int_equal(ioapic.chip.route(&ioapic.chip, 4, &to), STATUS_OK);
    }
}

static void a_chip_with_too_many_pins_is_rejected_and_left_unchanged(void **state)
{
    (void)state;
    chip.pins = IOAPIC_MAX_PINS + 1;
    chip.index = 0x17;
    assert_int_equal(ioapic_init(&ioapic, window, 0), STATUS_NOT_FOUND);
    assert_int_equal(chip.index, 0x17);
}

static void an_unresponsive_address_is_rejected(void **state)
{
    (void)state;
    chip.is_there = false;
    chip.writes = 0;
    assert_int_equal(ioapic_init(&ioapic, window, 0), STATUS_NOT_FOUND);
    assert_int_equal(chip.writes, 0);
}

/* Firmware's own memory, which the map may call reserved. */
static void memory_is_rejected_and_left_unchanged(void **state)
{
    (void)state;
    static const uint32_t words[] = { 0, 1, 0x00170020, 0x12345678, 0xfffffffe };
    chip.is_memory = true;
    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (size_t j = 0; j < ARRAY_LEN(words); j++) {
            chip.memory[0] = words[i];
            chip.memory[1] = words[j];
            assert_int_equal(ioapic_init(&ioapic, window, 0), STATUS_NOT_FOUND);
            assert_int_equal(chip.memory[0], words[i]);
            assert_int_equal(chip.memory[1], words[j]);
        }
}

static void each_polarity_and_trigger_mode_is_programmed(void **state)
{
    (void)state;
    for (unsigned int bits = 0; bits < 4; bits++) {
        struct irq_route to = { .vector = 0x41, .apic_id = 254, .wiring = { bits & 1, bits & 2 } };
        uint64_t expected = 0xfe00000000010041 | (bits & 1 ? 0x8000 : 0) | (bits & 2 ? 0x2000 : 0);
        assert_int_equal(ioapic.chip.route(&ioapic.chip, PINS - 1, &to), STATUS_OK);
        assert_int_equal(chip.entries[PINS - 1], expected);
        assert_int_equal(ioapic_read_entry(&ioapic, PINS - 1), expected);
    }
}

static void an_nmi_is_programmed_as_edge(void **state)
{
    struct irq_route to = { .is_nmi = true, .wiring = { true, true } };
    (void)state;
    assert_int_equal(ioapic.chip.route(&ioapic.chip, 3, &to), STATUS_OK);
    assert_int_equal(chip.entries[3], 0x12400);
}

static void an_apic_id_beyond_8_bits_is_refused(void **state)
{
    struct irq_route to = { .vector = 0x41, .apic_id = 255 };
    (void)state;
    assert_int_equal(ioapic.chip.route(&ioapic.chip, 3, &to), STATUS_UNSUPPORTED);
    to.apic_id = 256;
    assert_int_equal(ioapic.chip.route(&ioapic.chip, 3, &to), STATUS_UNSUPPORTED);
}

static void masking_changes_no_other_bit(void **state)
{
    struct irq_route to = { .vector = 0x55, .apic_id = 7, .wiring = { true, true } };
    (void)state;
    assert_int_equal(ioapic.chip.route(&ioapic.chip, 5, &to), STATUS_OK);
    ioapic.chip.unmask(&ioapic.chip, 5);
    assert_int_equal(chip.entries[5], 0x070000000000a055);
    ioapic.chip.mask(&ioapic.chip, 5);
    assert_int_equal(chip.entries[5], 0x070000000001a055);
    assert_int_equal(chip.entries[4] & 0xffff, 0);
    assert_int_equal(chip.entries[6] & 0xffff, 0);
}

static void an_interrupt_is_in_flight_until_its_eoi(void **state)
{
    (void)state;
    assert_false(ioapic.chip.is_in_flight(&ioapic.chip, 5));
    chip.entries[5] |= IOAPIC_ENTRY_DELIVS;
    assert_true(ioapic.chip.is_in_flight(&ioapic.chip, 5));
    assert_false(ioapic.chip.is_in_flight(&ioapic.chip, 4));
    chip.entries[5] ^= READ_ONLY; /* taken */
    assert_true(ioapic.chip.is_in_flight(&ioapic.chip, 5));
    ioapic.chip.mask(&ioapic.chip, 5);
    assert_true(ioapic.chip.is_in_flight(&ioapic.chip, 5));
    chip.entries[5] &= ~IOAPIC_ENTRY_REMOTE_IRR;
    assert_false(ioapic.chip.is_in_flight(&ioapic.chip, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_pin_count_is_read_and_all_pins_are_masked, fresh_machine),
        cmocka_unit_test_setup(a_pin_that_firmware_uses_as_an_smi_is_left_alone, fresh_machine),
        cmocka_unit_test_setup(a_chip_with_too_many_pins_is_rejected_and_left_unchanged, fresh_machine),
        cmocka_unit_test_setup(an_unresponsive_address_is_rejected, fresh_machine),
        cmocka_unit_test_setup(memory_is_rejected_and_left_unchanged, fresh_machine),
        cmocka_unit_test_setup(each_polarity_and_trigger_mode_is_programmed, fresh_machine),
        cmocka_unit_test_setup(an_nmi_is_programmed_as_edge, fresh_machine),
        cmocka_unit_test_setup(an_apic_id_beyond_8_bits_is_refused, fresh_machine),
        cmocka_unit_test_setup(masking_changes_no_other_bit, fresh_machine),
        cmocka_unit_test_setup(an_interrupt_is_in_flight_until_its_eoi, fresh_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

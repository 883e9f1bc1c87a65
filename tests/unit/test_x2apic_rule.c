/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Machines made up, and whether their CPUs are put into x2APIC mode.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <irq/x2apic_rule.h>

static bool uses(struct x2apic_facts facts)
{
    struct x2apic_choice choice = x2apic_choose(&facts);
    assert_non_null(choice.why);
    return choice.is_used;
}

static void a_desktop_stays_in_xapic_mode(void **state)
{
    (void)state;
    assert_false(uses((struct x2apic_facts){ .has_it = true }));
    assert_false(uses((struct x2apic_facts){ .has_it = false }));
}

static void cpus_that_need_x2apic_mode_use_it(void **state)
{
    (void)state;
    assert_true(uses((struct x2apic_facts){ .has_it = true, .has_wide_ids = true }));
    assert_false(uses((struct x2apic_facts){ .has_it = false, .has_wide_ids = true }));
    assert_true(uses((struct x2apic_facts){ .has_it = true, .has_no_registers = true }));
}

static void a_mode_entered_by_firmware_is_kept(void **state)
{
    (void)state;
    assert_true(uses((struct x2apic_facts){ .has_it = true, .is_on = true }));
    assert_false(uses((struct x2apic_facts){ .has_it = true, .is_on = true, .is_refused_by_user = true }));
    assert_false(
        uses((struct x2apic_facts){ .has_it = true, .is_on = true, .is_refused_by_firmware = true }));
    assert_true(uses((struct x2apic_facts){
        .has_it = true, .is_on = true, .is_refused_by_firmware = true, .has_wide_ids = true }));
    /* Sandy Bridge: what firmware has entered, it can live with. */
    assert_true(uses((struct x2apic_facts){ .has_it = true, .is_on = true, .has_erratum = true }));
}

static void a_locked_mode_is_never_left(void **state)
{
    (void)state;
    assert_true(uses((struct x2apic_facts){ .has_it = true,
                                            .is_on = true,
                                            .is_locked = true,
                                            .is_refused_by_user = true,
                                            .is_refused_by_firmware = true,
                                            .has_erratum = true }));
}

static void boards_that_fail_in_x2apic_mode_stay_in_xapic_mode(void **state)
{
    (void)state;
    assert_false(uses((struct x2apic_facts){
        .has_it = true, .has_erratum = true, .has_wide_ids = true, .is_offered = true }));
    assert_false(uses(
        (struct x2apic_facts){ .has_it = true, .is_refused_by_firmware = true, .is_wanted_by_user = true }));
}

static void renumbered_cpus_stay_in_xapic_mode(void **state)
{
    (void)state;
    assert_false(uses((struct x2apic_facts){ .has_it = true, .is_renumbered = true, .is_offered = true }));
    assert_false(
        uses((struct x2apic_facts){ .has_it = true, .is_renumbered = true, .is_wanted_by_user = true }));
}

static void the_option_decides_where_both_modes_are_possible(void **state)
{
    (void)state;
    assert_true(uses((struct x2apic_facts){ .has_it = true, .is_wanted_by_user = true }));
    assert_true(
        uses((struct x2apic_facts){ .has_it = true, .is_wanted_by_user = true, .has_erratum = true }));
    assert_false(
        uses((struct x2apic_facts){ .has_it = true, .is_refused_by_user = true, .is_offered = true }));
}

static void hypervisors_that_offer_x2apic_are_recognized(void **state)
{
    (void)state;
    assert_true(x2apic_is_offered_by("KVMKVMKVM", 0));
    assert_true(x2apic_is_offered_by("Microsoft Hv", 0));
    assert_true(x2apic_is_offered_by("XenVMMXenVMM", 0));
    assert_false(x2apic_is_offered_by("", 0));
    assert_false(x2apic_is_offered_by("KVM", 0));
    assert_false(x2apic_is_offered_by("VBoxVBoxVBox", 0));
    assert_false(x2apic_is_offered_by("bhyve bhyve ", 0));
    assert_true(uses((struct x2apic_facts){ .has_it = true, .is_offered = true }));
}

static void vmware_is_queried(void **state)
{
    (void)state;
    assert_true(x2apic_is_offered_by("VMwareVMware", 0x00000008));
    assert_true(x2apic_is_offered_by("VMwareVMware", 0x0000001a));
    assert_false(x2apic_is_offered_by("VMwareVMware", 0x00000002));
    assert_false(x2apic_is_offered_by("VMwareVMware", 0x564d5868 & ~8u));
    /* A port without a device reads as all ones. */
    assert_false(x2apic_is_offered_by("VMwareVMware", 0xffffffff));
    assert_false(x2apic_is_offered_by("", 0x00000008));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_desktop_stays_in_xapic_mode),
        cmocka_unit_test(cpus_that_need_x2apic_mode_use_it),
        cmocka_unit_test(a_mode_entered_by_firmware_is_kept),
        cmocka_unit_test(a_locked_mode_is_never_left),
        cmocka_unit_test(boards_that_fail_in_x2apic_mode_stay_in_xapic_mode),
        cmocka_unit_test(renumbered_cpus_stay_in_xapic_mode),
        cmocka_unit_test(the_option_decides_where_both_modes_are_possible),
        cmocka_unit_test(hypervisors_that_offer_x2apic_are_recognized),
        cmocka_unit_test(vmware_is_queried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

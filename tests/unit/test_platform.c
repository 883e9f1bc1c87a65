/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's tables in, struct platform out: processors, interrupt inputs, nodes; and tables that are bad.
 */
#include "platform_case.h"
#include "seed.h"

/* ---- no tables ---- */

static void without_tables_the_platform_is_a_pc_with_one_cpu(void **state)
{
    (void)state;
    const struct platform *platform = read_all();
    assert_int_equal(platform->source, PLATFORM_NO_TABLES);
    assert_int_equal(platform->cpu_count, 0);
    assert_int_equal(platform->ioapic_count, 0);
    assert_false(phys_is_valid(platform->lapic_address));
    assert_true(platform->has_8259 && platform->has_rtc);
    assert_false(platform->isa_is_identity || platform->has_imcr || platform->refuses_x2apic);
    assert_int_equal(platform->lint_nmi_count, 1);
    assert_true(platform->lint_nmis[0].all_cpus && platform->lint_nmis[0].lint == 1);
    assert_int_equal(platform->node_count, 1);
    assert_null(platform->domains);
    assert_null(platform->distances);
    assert_int_equal(platform->pm_timer.bits, 0);
    assert_int_equal(platform->serial_count + platform->hpet_count + platform->pci_segment_count, 0);
    assert_int_equal(complaint_count, 0);
}

/* ---- MADT ---- */

static void a_madt_becomes_arrays_in_table_order(void **state)
{
    (void)state;
    begin_madt();
    madt_cpu(0, 2, true);
    madt_cpu(1, 0, true);
    madt_cpu(2, 9, false);
    madt_cpu(3, 2, true);    /* an identity a second time */
    madt_cpu(4, 0xff, true); /* the broadcast */
    madt_x2apic(5, 0x12345);
    add("\x01\x0c\x07\0\0\0\xc0\xfe\x18\0\0\0", 12); /* I/O APIC 7, GSI 24 on */
    add("\x02\x0a\0\0\x02\0\0\0\0\0", 10);           /* ISA 0 at GSI 2, as the bus */
    add("\x02\x0a\0\x09\x14\0\0\0\x0f\0", 10);       /* ISA 9 at GSI 20, low, level */
    add("\x03\x08\x0d\0\x05\0\0\0", 8);              /* GSI 5 is NMI: high, level */
    add("\x05\x0c\0\0\0\0\0\0\x01\0\0\0", 12);       /* LAPICs at 4 GiB */
    const struct platform *platform = read_all();
    assert_int_equal(platform->source, PLATFORM_MADT);
    assert_int_equal(platform->cpu_count, 3);
    assert_int_equal(platform->cpus[0].apic_id, 2);
    assert_int_equal(platform->cpus[1].apic_id, 0);
    assert_int_equal(platform->cpus[2].apic_id, 0x12345);
    assert_int_equal(platform->ioapic_count, 1);
    assert_int_equal(platform->ioapics[0].address.raw, 0xfec00000);
    assert_int_equal(platform->ioapics[0].gsi_base, 24);
    assert_int_equal(platform->ioapics[0].ioapic_id, 7);
    assert_int_equal(platform->isa_input_count, 2);
    assert_int_equal(platform->isa_inputs[0].input, 2);
    assert_false(platform->isa_inputs[0].wiring.is_level || platform->isa_inputs[0].wiring.is_active_low);
    assert_int_equal(platform->isa_inputs[1].isa, 9);
    assert_true(platform->isa_inputs[1].wiring.is_level && platform->isa_inputs[1].wiring.is_active_low);
    assert_false(platform->isa_inputs[1].is_pin);
    assert_true(platform->isa_is_identity && platform->has_8259);
    assert_int_equal(platform->nmi_source_count, 1);
    assert_int_equal(platform->nmi_sources[0].gsi, 5);
    assert_true(platform->nmi_sources[0].wiring.is_level);
    assert_int_equal(platform->lapic_address.raw, 1ULL << 32);
    assert_int_equal(complaint_count, 0);
}

static void a_madt_may_report_that_there_is_no_8259(void **state)
{
    (void)state;
    begin_madt();
    tables[0].bytes[40] = 0;
    assert_false(read_all()->has_8259);
}

/* UIDs of LAPIC and x2APIC entries are numbered apart, and one UID may be two CPUs'. */
static void a_lint_nmi_applies_to_the_cpus_of_its_uid(void **state)
{
    (void)state;
    begin_madt();
    madt_cpu(1, 10, true);
    madt_cpu(1, 11, true);
    madt_x2apic(1, 300);
    add("\x04\x06\x01\x0d\0\0", 6);                /* LAPIC UID 1, LINT0 */
    add("\x0a\x0c\x03\0\x01\0\0\0\x01\0\0\0", 12); /* x2APIC UID 1, LINT1 */
    add("\x04\x06\x63\0\0\x01", 6);                /* a UID of no CPU */
    add("\x04\x06\xff\0\0\x01", 6);                /* all */
    const struct platform *platform = read_all();
    assert_int_equal(platform->lint_nmi_count, 5);
    assert_int_equal(platform->lint_nmis[0].apic_id, 10);
    assert_int_equal(platform->lint_nmis[1].apic_id, 11);
    assert_true(platform->lint_nmis[1].lint == 0 && platform->lint_nmis[1].wiring.is_level);
    assert_int_equal(platform->lint_nmis[2].apic_id, 300);
    assert_true(platform->lint_nmis[2].lint == 1 && platform->lint_nmis[2].wiring.is_active_low);
    assert_int_equal(platform->lint_nmis[3].apic_id, PLATFORM_NO_CPU);
    assert_false(platform->lint_nmis[3].all_cpus || platform->lint_nmis[2].all_cpus);
    assert_true(platform->lint_nmis[4].all_cpus);
}

static void a_bad_entry_ends_the_madt_and_is_reported(void **state)
{
    (void)state;
    begin_madt();
    madt_cpu(0, 1, true);
    add("\0\0\0\0\0\0\0\0", 8);
    add("\x01\x0c\0\0\0\0\xc0\xfe\0\0\0\0", 12);
    const struct platform *platform = read_all();
    assert_int_equal(platform->cpu_count, 1);
    assert_int_equal(platform->ioapic_count, 0);
    assert_int_equal(complaint_count, 1);
    assert_int_equal(numbers[0], 52);
    assert_non_null(strstr(complaints[0], "MADT"));
}

/* ---- MP tables ---- */

static void mp_tables_become_arrays_by_pin(void **state)
{
    (void)state;
    begin_mp();
    const struct platform *platform = read_all();
    assert_int_equal(platform->source, PLATFORM_MP_TABLES);
    assert_string_equal(platform->mp_oem, "OEM");
    assert_string_equal(platform->mp_product, "PRODUCT");
    assert_true(platform->has_imcr && platform->has_8259);
    assert_int_equal(platform->lapic_address.raw, 0xfee00000);
    assert_int_equal(platform->cpu_count, 2);
    assert_int_equal(platform->cpus[0].apic_id, 5);
    assert_int_equal(platform->cpus[1].apic_id, 6);
    assert_int_equal(platform->ioapic_count, 1);
    assert_int_equal(platform->ioapics[0].ioapic_id, 8);
    assert_int_equal(platform->ioapics[0].gsi_base, PLATFORM_GSI_FOLLOWS);
    assert_int_equal(platform->isa_input_count, 2);
    assert_true(platform->isa_inputs[1].is_pin && platform->isa_inputs[1].ioapic_id == 8);
    assert_int_equal(platform->isa_inputs[1].isa, 9);
    assert_int_equal(platform->isa_inputs[1].input, 20);
    assert_true(platform->isa_inputs[1].wiring.is_level && platform->isa_inputs[1].wiring.is_active_low);
    assert_false(platform->isa_is_identity);
    assert_int_equal(platform->lint_nmi_count, 1);
    assert_int_equal(complaint_count, 0);

    mp_add("\x09\0\0\0\0\0\0\0", 8);
    assert_int_equal(read_all()->cpu_count, 2);
    assert_int_equal(complaint_count, 1);
    assert_non_null(strstr(complaints[0], "MP table truncated"));
}

static void mp_tables_are_not_read_where_there_is_a_madt(void **state)
{
    (void)state;
    begin_mp();
    begin_madt();
    madt_cpu(0, 1, true);
    const struct platform *platform = read_all();
    assert_int_equal(platform->source, PLATFORM_MADT);
    assert_int_equal(platform->cpu_count, 1);
    assert_int_equal(platform->ioapic_count, 0);
    assert_false(platform->has_imcr);
}

/* ---- nodes ---- */

static void cpus_and_memory_get_their_nodes(void **state)
{
    (void)state;
    begin_madt();
    madt_cpu(0, 4, true);
    madt_cpu(1, 5, true);
    madt_cpu(2, 6, true); /* which the SRAT does not mention */
    begin_table("SRAT", 48);
    srat_memory(70, 0, 1 << 30);
    srat_cpu(4, 70);
    srat_cpu(5, 30);
    srat_memory(30, 1 << 30, 1 << 30);
    uint8_t *slit = begin_table("SLIT", 44 + 71 * 71);
    put(slit + 36, 71, 8);
    for (unsigned int i = 0; i < 71 * 71; i++)
        slit[44 + i] = i % 72 == 0 ? 10 : 20;
    slit[44 + 70 * 71 + 30] = 31;
    const struct platform *platform = read_all();
    assert_int_equal(platform->node_count, 2);
    assert_int_equal(platform->domains[0], 70);
    assert_int_equal(platform->domains[1], 30);
    assert_int_equal(platform->distances[0 * 2 + 1], 31);
    assert_int_equal(platform->cpus[0].node, 0);
    assert_int_equal(platform->cpus[1].node, 1);
    assert_int_equal(platform->cpus[2].node, 0);
    assert_int_equal(platform->node_range_count, 2);
    assert_int_equal(platform->node_ranges[1].start.raw, 1 << 30);
    assert_int_equal(platform->node_ranges[1].node, 1);
}

static void a_bad_entry_ends_the_srat_and_is_reported(void **state)
{
    (void)state;
    begin_table("SRAT", 48);
    srat_memory(1, 0, 1 << 30);
    add("\x01\x01", 2);
    srat_memory(2, 1 << 30, 1 << 30);
    const struct platform *platform = read_all();
    assert_int_equal(platform->node_count, 1);
    assert_int_equal(platform->node_range_count, 1);
    assert_int_equal(complaint_count, 1);
    assert_int_equal(numbers[0], 88);
}

/* ---- memory, and anything ---- */

static void arrays_that_cannot_be_allocated_are_empty_and_reported(void **state)
{
    (void)state;
    begin_madt();
    madt_cpu(0, 4, true);
    add("\x01\x0c\x07\0\0\0\xc0\xfe\x18\0\0\0", 12);
    add("\x02\x0a\0\0\x02\0\0\0\0\0", 10);
    begin_table("SRAT", 48);
    srat_memory(70, 0, 1 << 30);
    begin_table("HPET", 56);
    has_memory = false;
    const struct platform *platform = read_all();
    assert_int_equal(platform->cpu_count + platform->ioapic_count + platform->isa_input_count, 0);
    assert_int_equal(platform->lint_nmi_count + platform->node_range_count + platform->hpet_count, 0);
    assert_int_equal(platform->node_count, 1);
    assert_int_equal(complaint_count, refused_takes);
    assert_int_equal(complaint_count, 6);
}

/* The tables of the tests above, with bytes changed: no access is out of bounds, and every array is as long
 * as its count. */
static void corrupted_tables_are_survived(void **state)
{
    seed_from_environment();
    for (unsigned int round = 0; round < 3000; round++) {
        no_firmware(state);
        begin_madt();
        for (uint8_t i = 0; i < 6; i++)
            madt_cpu(i, i, true);
        madt_x2apic(1, 300);
        add("\x01\x0c\x07\0\0\0\xc0\xfe\x18\0\0\0", 12);
        add("\x04\x06\x01\x0d\0\0\x02\x0a\0\0\x02\0\0\0\0\0\x0a\x0c\x03\0\x01\0\0\0\x01\0\0\0", 28);
        begin_table("SRAT", 48);
        srat_memory(70, 0, 1 << 30);
        srat_cpu(4, 70);
        put(begin_table("HPET", 56) + 44, 0x1000, 8);
        begin_table("MCFG", 60);
        begin_table("FACP", 244);
        add_spcr(0x3f8);
        add_dbg2(2);
        begin_mp();
        for (unsigned int i = 0; i < 8; i++) {
            unsigned int table = seed_below(table_count);
            tables[table].bytes[seed_below((unsigned int)tables[table].size)] = (uint8_t)seed_below(256);
            low_memory[MP_TABLE + seed_below((unsigned int)mp_length)] ^= (uint8_t)seed_below(256);
        }
        complaint_count = 0;
        const struct platform *platform = read_all();
        for (size_t i = 0; i < platform->cpu_count; i++)
            assert_true(platform->cpus[i].node < platform->node_count);
        for (size_t i = 0; i < platform->node_range_count; i++)
            assert_true(platform->node_ranges[i].node < platform->node_count);
        assert_true(platform->lint_nmi_count > 0 && platform->serial_count <= PLATFORM_SERIAL_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLATFORM_CASE(without_tables_the_platform_is_a_pc_with_one_cpu),
        PLATFORM_CASE(a_madt_becomes_arrays_in_table_order),
        PLATFORM_CASE(a_madt_may_report_that_there_is_no_8259),
        PLATFORM_CASE(a_lint_nmi_applies_to_the_cpus_of_its_uid),
        PLATFORM_CASE(a_bad_entry_ends_the_madt_and_is_reported),
        PLATFORM_CASE(mp_tables_become_arrays_by_pin),
        PLATFORM_CASE(mp_tables_are_not_read_where_there_is_a_madt),
        PLATFORM_CASE(cpus_and_memory_get_their_nodes),
        PLATFORM_CASE(a_bad_entry_ends_the_srat_and_is_reported),
        PLATFORM_CASE(arrays_that_cannot_be_allocated_are_empty_and_reported),
        PLATFORM_CASE(corrupted_tables_are_survived),
    };
    return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sources of the TSC's rate, with CPUs and hypervisors modelled after real ones.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <time/tsc_rate.h>

static struct {
    struct {
        uint32_t leaf;
        struct cpuid_result answer;
    } leaves[8];
    struct {
        uint32_t msr;
        uint64_t value;
    } msrs[4];
} machine;

static struct cpuid_result cpuid(uint32_t leaf, uint32_t subleaf)
{
    assert_int_equal(subleaf, 0);
    for (size_t i = 0; i < ARRAY_LEN(machine.leaves); i++)
        if (machine.leaves[i].leaf == leaf)
            return machine.leaves[i].answer;
    return (struct cpuid_result){ 0, 0, 0, 0 };
}

static bool read_msr(uint32_t msr, uint64_t *value)
{
    for (size_t i = 0; i < ARRAY_LEN(machine.msrs); i++)
        if (machine.msrs[i].msr == msr) {
            *value = machine.msrs[i].value;
            return true;
        }
    return false;
}

/* How a hypervisor updates the page that it is given. */
static ALIGNED(4096) uint8_t page[4096];
#define PAGE_ADDRESS 0x1234000ULL
static void (*fill)(uint32_t msr);
static unsigned int enabled, disabled;

static bool write_msr(uint32_t msr, uint64_t value)
{
    for (size_t i = 0; i < ARRAY_LEN(machine.msrs); i++) {
        if (machine.msrs[i].msr != msr)
            continue;
        machine.msrs[i].value = value;
        enabled += value & 1;
        disabled += !(value & 1);
        if (value & 1) {
            assert_int_equal(value, PAGE_ADDRESS | 1);
            if (fill)
                fill(msr);
        }
        return true;
    }
    return false;
}

static const struct tsc_port port = { cpuid, read_msr, write_msr, page, { PAGE_ADDRESS } };

static const struct cpu_identity intel = { .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x16 };
static const struct cpu_identity guest = {
    .vendor = "GenuineIntel", .family = 6, .max_leaf = 0x16, .features = 1ULL << CPU_FEATURE_HYPERVISOR
};

static int fresh_machine(void **state)
{
    (void)state;
    memset(&machine, 0, sizeof(machine));
    memset(page, 0xa5, sizeof(page));
    fill = NULL;
    enabled = disabled = 0;
    return 0;
}

static void a_crystal_and_a_ratio_are_a_rate(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    struct tsc_rate rate = tsc_rate_given(&port, &intel);
    assert_int_equal(rate.tsc_hz, 3200000000);
    assert_int_equal(rate.lapic_hz, 38400000);
    assert_string_equal(rate.source, "CPUID.15H");
}

static void without_the_crystal_the_nominal_frequency_is_used(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 2, 176, 0, 0 } }; /* a Skylake laptop */
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x16, { 2112, 3000, 100, 0 } };
    struct tsc_rate rate = tsc_rate_given(&port, &intel);
    assert_int_equal(rate.tsc_hz, 2112000000);
    assert_int_equal(rate.lapic_hz, 24000000);
}

static void a_ratio_alone_gives_no_rate(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 2, 176, 0, 0 } };
    struct cpu_identity old = intel;
    old.max_leaf = 0x15;
    assert_int_equal(tsc_rate_given(&port, &old).tsc_hz, 0);
    assert_null(tsc_rate_given(&port, &old).source);
    /* Leaf 0x15 does not exist: the data are another leaf's. */
    old.max_leaf = 0x14;
    machine.leaves[0].answer.ecx = 24000000;
    assert_int_equal(tsc_rate_given(&port, &old).tsc_hz, 0);
}

static void a_hypervisors_rate_is_preferred_to_the_cpus(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000010, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000010, { 2599998, 1000000, 0, 0 } };
    struct tsc_rate rate = tsc_rate_given(&port, &guest);
    assert_int_equal(rate.tsc_hz, 2599998000);
    assert_int_equal(rate.lapic_hz, 1000000000);
    assert_string_equal(rate.source, "hypervisor leaf");
    /* Its leaves are meaningless on a CPU without one. */
    assert_string_equal(tsc_rate_given(&port, &intel).source, "CPUID.15H");
}

static void without_a_hypervisor_leaf_the_cpus_rate_is_used(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x15, { 3, 250, 38400000, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000001, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000010, { 2599998, 1000000, 0, 0 } };
    assert_string_equal(tsc_rate_given(&port, &guest).source, "CPUID.15H");
}

static void the_hyperv_rate_is_read_from_its_msrs_if_allowed(void **state)
{
    (void)state;
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x40000000, { 0x4000000b, 0, 0, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000001, { 0x31237648, 0, 0, 0 } };
    machine.leaves[2] = (typeof(machine.leaves[0])){ 0x40000003, { 0x800, 0, 0, 0x100 } };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0x40000022, 2295686000 };
    machine.msrs[1] = (typeof(machine.msrs[0])){ 0x40000023, 200000000 };
    struct tsc_rate rate = tsc_rate_given(&port, &guest);
    assert_int_equal(rate.tsc_hz, 2295686000);
    assert_int_equal(rate.lapic_hz, 200000000);
    assert_string_equal(rate.source, "Hyper-V MSR");
    machine.leaves[2].answer.eax = 0;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    machine.leaves[2].answer.eax = 0x800;
    machine.leaves[1].answer.eax = 0; /* KVM with some of Hyper-V's leaves */
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
}

#define LEAF(n, ...)                                                                                         \
    machine.leaves[n] = (typeof(machine.leaves[0]))                                                          \
    {                                                                                                        \
        __VA_ARGS__                                                                                          \
    }
#define KVM_NAME    0x4b4d564b, 0x564b4d56, 0x0000004d
#define HYPERV_NAME 0x7263694d, 0x666f736f, 0x76482074
#define XEN_NAME    0x566e6558, 0x65584d4d, 0x4d4d566e
#define VMWARE_NAME 0x61774d56, 0x4d566572, 0x65726177

static uint32_t version, multiplier;
static int8_t shift;

/* struct pvclock_vcpu_time_info: version, padding, two words of 64 bits, multiplier, shift, flags. */
static void fill_pvclock(uint32_t msr)
{
    assert_true(msr == 0x4b564d01 || msr == 0x12);
    memset(page, 0, 32);
    memcpy(page, &version, 4);
    memcpy(page + 24, &multiplier, 4);
    memcpy(page + 28, &shift, 1);
}

/* What KVM's kvm_get_time_scale() makes of a rate: nanoseconds = (ticks shifted by it) * multiplier /
   2^32. */
static void scale_of(double hz)
{
    shift = 0;
    double ticks = hz;
    while (ticks > 2e9) {
        ticks /= 2;
        shift--;
    }
    while (ticks <= 1e9) {
        ticks *= 2;
        shift++;
    }
    multiplier = (uint32_t)(1e9 / ticks * 4294967296.0);
}

static void the_kvm_rate_is_multiplier_and_shift(void **state)
{
    static const double rates[] = { 2095998000, 2599999000, 3593200000, 999999999,
                                    500000000,  4999000000, 1996250000 };
    LEAF(0, 0x40000000, { 0x40000001, KVM_NAME });
    LEAF(1, 0x40000001, { 0x01000009, 0, 0, 0 });
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        machine.msrs[0].msr = 0x4b564d01;
        version = 2;
        fill = fill_pvclock;
        scale_of(rates[i]);
        struct tsc_rate rate = tsc_rate_given(&port, &guest);
        assert_string_equal(rate.source, "pvclock");
        assert_int_equal(rate.trust, TSC_RATE_GIVEN);
        assert_in_range(rate.tsc_hz, (uint64_t)(rates[i] - 8), (uint64_t)(rates[i] + 8));
        assert_int_equal(enabled, i + 1);
        assert_int_equal(disabled, i + 1); /* the page is the kernel's again */
        assert_int_equal(machine.msrs[0].value, 0);
    }
}

static void an_absent_or_changing_pvclock_gives_no_rate(void **state)
{
    LEAF(0, 0x40000100, { 0x40000101, KVM_NAME }); /* beside Hyper-V's leaves */
    LEAF(1, 0x40000101, { 0x00000001, 0, 0, 0 });  /* the first KVMs' register */
    LEAF(2, 0x40000000, { 0x40000005, HYPERV_NAME });
    machine.msrs[0].msr = 0x12;
    (void)state;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    fill = fill_pvclock;
    scale_of(3000000000.0);
    version = 3;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    version = 4;
    assert_in_range(tsc_rate_given(&port, &guest).tsc_hz, 2999999990, 3000000010);
    shift = -64;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    scale_of(3000000000.0);
    multiplier = 0;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    assert_int_equal(enabled, disabled);
    machine.leaves[1].answer.eax = 0; /* no clock */
    enabled = 0;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    assert_int_equal(enabled, 0);
}

static uint32_t sequence;
static double page_hz;

static void fill_reference_tsc(uint32_t msr)
{
    assert_int_equal(msr, 0x40000021);
    uint64_t scale = (uint64_t)(1e7 * 18446744073709551616.0 / page_hz);
    memset(page, 0, 24);
    memcpy(page, &sequence, 4);
    memcpy(page + 8, &scale, 8);
}

static void without_msrs_the_hyperv_rate_is_read_from_the_tsc_page(void **state)
{
    static const double rates[] = { 2295686000, 3593200000, 2112000000, 800000000 };
    LEAF(0, 0x40000000, { 0x40000005, HYPERV_NAME });
    LEAF(1, 0x40000001, { 0x31237648, 0, 0, 0 });
    LEAF(2, 0x40000003, { 0x200, 0, 0, 0 });
    (void)state;
    machine.msrs[0].msr = 0x40000021;
    fill = fill_reference_tsc;
    sequence = 1;
    for (size_t i = 0; i < ARRAY_LEN(rates); i++) {
        page_hz = rates[i];
        struct tsc_rate rate = tsc_rate_given(&port, &guest);
        assert_string_equal(rate.source, "Hyper-V TSC page");
        assert_in_range(rate.tsc_hz, (uint64_t)rates[i] - 2, (uint64_t)rates[i] + 2);
        assert_int_equal(enabled, disabled);
    }
    sequence = 0; /* not valid: a migration, or a host without an invariant counter */
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    sequence = 1;
    page_hz = 1e30;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
}

static void vmware_and_xen_rates_are_read_from_their_own_leaves(void **state)
{
    LEAF(0, 0x40000000, { 0x40000010, VMWARE_NAME });
    LEAF(1, 0x40000010, { 2199999, 66000, 0, 0 });
    (void)state;
    struct tsc_rate rate = tsc_rate_given(&port, &guest);
    assert_int_equal(rate.tsc_hz, 2199999000);
    assert_int_equal(rate.lapic_hz, 66000000);
    assert_int_equal(rate.trust, TSC_RATE_GIVEN);
    /* Hyper-V numbers its leaves otherwise. */
    LEAF(0, 0x40000000, { 0x40000010, HYPERV_NAME });
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    /* Xen's, after Hyper-V's ("viridian"). */
    LEAF(1, 0x40000100, { 0x40000105, XEN_NAME });
    LEAF(2, 0x40000103, { 0, 2, 2394455, 1 });
    rate = tsc_rate_given(&port, &guest);
    assert_int_equal(rate.tsc_hz, 2394455000);
    assert_string_equal(rate.source, "Xen leaf");
}

/* What the CPUs are sold as and what they do. The last column: what is to be believed in the end. */
static void a_nominal_rate_is_an_estimate_and_a_hypervisors_is_cross_checked(void **state)
{
    static const struct {
        enum tsc_trust trust;
        uint64_t told_hz, measured_hz;
        uint32_t error_ppm;
        enum tsc_verdict verdict;
    } cases[] = {
        /* Zen 2 desktop: 163 s a day */
        { TSC_RATE_NOMINAL, 3600000000, 3593200000, 5, TSC_MEASURED },
        { TSC_RATE_NOMINAL, 3600000000, 3593200000, 100, TSC_MEASURED },
        /* Skylake, Kaby Lake: 0.14 to 0.44 % */
        { TSC_RATE_NOMINAL, 2112000000, 2115000000, 20, TSC_MEASURED },
        { TSC_RATE_NOMINAL, 3400000000, 3415000000, 20, TSC_MEASURED },
        { TSC_RATE_NOMINAL, 2600000000, 2600000000, 1, TSC_MEASURED },
        /* Bochs' Ice Lake: leaf 15H of a real one, and seven times slower */
        { TSC_RATE_NOMINAL, 1497600000, 200000000, 20, TSC_REFUTED },
        /* there is nothing to measure against */
        { TSC_RATE_NOMINAL, 3600000000, 0, 0, TSC_KEEP },
        { TSC_RATE_GIVEN, 3600000000, 0, 0, TSC_KEEP },
        { TSC_RATE_UNKNOWN, 0, 0, 0, TSC_KEEP },
        { TSC_RATE_UNKNOWN, 0, 3593200000, 20, TSC_MEASURED },
        /* a hypervisor's is good, and a host's clock may be slewed by NTP */
        { TSC_RATE_GIVEN, 2599998000, 2600001000, 20, TSC_KEEP },
        { TSC_RATE_GIVEN, 2600000000, 2601300000, 20, TSC_KEEP },
        { TSC_RATE_GIVEN, 2600000000, 2605200000, 5000, TSC_KEEP },
        { TSC_RATE_GIVEN, 2600000000, 2605200000, 20, TSC_REFUTED },
        { TSC_RATE_GIVEN, 2600000000, 1300000000, 20, TSC_REFUTED },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct tsc_rate rate = { cases[i].told_hz, 0, "another source", cases[i].trust };
        assert_int_equal(tsc_rate_check(&rate, cases[i].measured_hz, cases[i].error_ppm), cases[i].verdict);
    }
    assert_int_equal(tsc_rate_ppm(3593200000, 3600000000), -1888);
}

/* Nominal rates are marked as nominal. */
static void only_a_hypervisors_rate_is_taken_as_given(void **state)
{
    struct cpu_identity zen2 = { .vendor = "AuthenticAMD", .family = 0x17, .model = 0x71, .max_leaf = 0x10 };
    struct cpu_identity skylake = { .vendor = "GenuineIntel", .family = 6, .model = 0x5e, .max_leaf = 0x16 };
    (void)state;
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0xc0010064, 0x8000000049120890 };
    assert_int_equal(tsc_rate_given(&port, &zen2).trust, TSC_RATE_NOMINAL);
    LEAF(0, 0x15, { 2, 284, 0, 0 });
    LEAF(1, 0x16, { 3400, 4000, 100, 0 });
    struct tsc_rate rate = tsc_rate_given(&port, &skylake);
    assert_int_equal(rate.trust, TSC_RATE_NOMINAL);
    assert_int_equal(rate.tsc_hz, 3400000000);
    assert_string_equal(rate.source, "CPUID.16H");
    LEAF(0, 0x15, { 3, 250, 38400000, 0 });
    assert_int_equal(tsc_rate_given(&port, &skylake).trust, TSC_RATE_NOMINAL);
    LEAF(0, 0x40000000, { 0x40000010, VMWARE_NAME });
    LEAF(1, 0x40000010, { 3399999, 66000, 0, 0 });
    assert_int_equal(tsc_rate_given(&port, &guest).trust, TSC_RATE_GIVEN);
}

static void the_amd_rate_is_that_of_p_state_0(void **state)
{
    (void)state;
    struct cpu_identity amd = { .vendor = "AuthenticAMD", .family = 0x17, .max_leaf = 0x10 };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0xc0010064, 0x8000000049120890 }; /* a Ryzen: 3.6 GHz */
    struct tsc_rate rate = tsc_rate_given(&port, &amd);
    assert_int_equal(rate.tsc_hz, 3600000000);
    assert_string_equal(rate.source, "AMD P0");
    machine.msrs[0].value &= ~(1ULL << 63);
    assert_int_equal(tsc_rate_given(&port, &amd).tsc_hz, 0);
    machine.msrs[0].value = 0x8000000000000344;
    amd.family = 0x1a; /* multiples of 5 MHz */
    assert_int_equal(tsc_rate_given(&port, &amd).tsc_hz, 4180000000);
    /* A hypervisor may show the host's register and scale what the guest counts. */
    amd.features = 1ULL << CPU_FEATURE_HYPERVISOR;
    assert_int_equal(tsc_rate_given(&port, &amd).tsc_hz, 0);
}

static void a_divisor_of_0_and_impossible_rates_are_rejected(void **state)
{
    (void)state;
    struct cpu_identity amd = { .vendor = "AuthenticAMD", .family = 0x17, .max_leaf = 0x10 };
    machine.msrs[0] = (typeof(machine.msrs[0])){ 0xc0010064, 0x8000000000000090 };
    assert_int_equal(tsc_rate_given(&port, &amd).tsc_hz, 0);
    machine.leaves[0] = (typeof(machine.leaves[0])){ 0x40000000, { 0x40000010, 0, 0, 0 } };
    machine.leaves[1] = (typeof(machine.leaves[0])){ 0x40000010, { 12, 0, 0, 0 } };
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
    machine.leaves[1].answer.eax = UINT32_MAX;
    assert_int_equal(tsc_rate_given(&port, &guest).tsc_hz, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_crystal_and_a_ratio_are_a_rate, fresh_machine),
        cmocka_unit_test_setup(without_the_crystal_the_nominal_frequency_is_used, fresh_machine),
        cmocka_unit_test_setup(a_ratio_alone_gives_no_rate, fresh_machine),
        cmocka_unit_test_setup(a_hypervisors_rate_is_preferred_to_the_cpus, fresh_machine),
        cmocka_unit_test_setup(without_a_hypervisor_leaf_the_cpus_rate_is_used, fresh_machine),
        cmocka_unit_test_setup(the_hyperv_rate_is_read_from_its_msrs_if_allowed, fresh_machine),
        cmocka_unit_test_setup(the_kvm_rate_is_multiplier_and_shift, fresh_machine),
        cmocka_unit_test_setup(an_absent_or_changing_pvclock_gives_no_rate, fresh_machine),
        cmocka_unit_test_setup(without_msrs_the_hyperv_rate_is_read_from_the_tsc_page, fresh_machine),
        cmocka_unit_test_setup(vmware_and_xen_rates_are_read_from_their_own_leaves, fresh_machine),
        cmocka_unit_test_setup(a_nominal_rate_is_an_estimate_and_a_hypervisors_is_cross_checked,
                               fresh_machine),
        cmocka_unit_test_setup(only_a_hypervisors_rate_is_taken_as_given, fresh_machine),
        cmocka_unit_test_setup(the_amd_rate_is_that_of_p_state_0, fresh_machine),
        cmocka_unit_test_setup(a_divisor_of_0_and_impossible_rates_are_rejected, fresh_machine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Confidential guests, and machines that are none. Leaf 21H: Intel TDX module specification; leaf 8000001FH
 * and SEV_STATUS: AMD APM vol. 2, "Secure Encrypted Virtualization".
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "confidential.h"

static struct {
    struct stub_cpuid leaf_0, leaf_1, leaf_21, leaf_80000000, leaf_8000001f;
    uint64_t sev_status;
    unsigned int reads;
} cpu;

static void cpuid(uint32_t leaf, struct stub_cpuid *answer)
{
    *answer = leaf == 0            ? cpu.leaf_0
              : leaf == 1          ? cpu.leaf_1
              : leaf == 0x21       ? cpu.leaf_21
              : leaf == 0x80000000 ? cpu.leaf_80000000
              : leaf == 0x8000001f ? cpu.leaf_8000001f
                                   : (struct stub_cpuid){ 0, 0, 0, 0 };
}

static uint64_t read_msr(uint32_t msr)
{
    assert_int_equal(msr, 0xc0010131);
    cpu.reads++;
    return cpu.sev_status;
}

static enum confidential kind(void)
{
    return confidential_kind(cpuid, read_msr);
}

static int fresh_epyc_guest(void **state)
{
    (void)state;
    cpu = (typeof(cpu)){ .leaf_0 = { .eax = 0x10 },
                         .leaf_1 = { .ecx = 0x80000000 },
                         .leaf_80000000 = { .eax = 0x80000021 },
                         .leaf_8000001f = { .eax = 0x0001000f, .ebx = 0x16f } };
    return 0;
}

static void sev_is_detected_by_its_msr(void **state)
{
    (void)state;
    assert_int_equal(kind(), CONFIDENTIAL_NONE);
    cpu.sev_status = 1;
    assert_int_equal(kind(), CONFIDENTIAL_SEV);
    cpu.sev_status = 3;
    assert_int_equal(kind(), CONFIDENTIAL_SEV_ES);
    cpu.sev_status = 7;
    assert_int_equal(kind(), CONFIDENTIAL_SEV_ES);
    /* Each bit of ES and SNP alone is refused, too. */
    cpu.sev_status = 5;
    assert_int_equal(kind(), CONFIDENTIAL_SEV_ES);
    assert_int_equal(cpu.reads, 5);
}

static void the_sev_msr_is_read_only_where_it_exists(void **state)
{
    (void)state;
    cpu.sev_status = 1;
    cpu.leaf_1.ecx = 0; /* the bare machine */
    assert_int_equal(kind(), CONFIDENTIAL_NONE);
    cpu.leaf_1.ecx = 0x80000000;
    cpu.leaf_8000001f.eax = 1; /* SME alone */
    assert_int_equal(kind(), CONFIDENTIAL_NONE);
    cpu.leaf_8000001f.eax = 2;
    cpu.leaf_80000000.eax = 0x8000001e;
    assert_int_equal(kind(), CONFIDENTIAL_NONE);
    /* A CPU without extended leaves returns arbitrary data. */
    cpu.leaf_80000000.eax = 0xffffffff;
    assert_int_equal(kind(), CONFIDENTIAL_NONE);
    assert_int_equal(cpu.reads, 0);
}

static void tdx_is_detected_by_its_cpuid_leaf(void **state)
{
    (void)state;
    cpu.leaf_21 = (struct stub_cpuid){ .ebx = 0x65746e49, .edx = 0x5844546c, .ecx = 0x20202020 };
    assert_int_equal(kind(), CONFIDENTIAL_NONE); /* beyond the highest leaf */
    cpu.leaf_0.eax = 0x21;
    assert_int_equal(kind(), CONFIDENTIAL_TDX);
    const struct stub_cpuid tdx = cpu.leaf_21;
    uint32_t *const words[] = { &cpu.leaf_21.ebx, &cpu.leaf_21.edx, &cpu.leaf_21.ecx };
    for (unsigned int i = 0; i < 3; i++) {
        cpu.leaf_21 = tdx;
        *words[i] = 0;
        assert_int_equal(kind(), CONFIDENTIAL_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(sev_is_detected_by_its_msr, fresh_epyc_guest),
        cmocka_unit_test_setup(the_sev_msr_is_read_only_where_it_exists, fresh_epyc_guest),
        cmocka_unit_test_setup(tdx_is_detected_by_its_cpuid_leaf, fresh_epyc_guest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts and the verdict line. Written with print() and not with the JSON writer, because the panic may be in
 * the JSON writer.
 */
#include <power/verdict.h>

#include <log/print.h>

static unsigned int counts[TEST_OUTCOMES];
static bool is_spoilt;

void verdict_count(enum test_outcome outcome)
{
    counts[outcome]++;
}

void verdict_spoil(void)
{
    is_spoilt = true;
}

enum verdict verdict_so_far(void)
{
    return counts[TEST_FAILED] > 0 || is_spoilt ? VERDICT_FAIL : VERDICT_PASS;
}

void verdict_print(enum verdict verdict)
{
    static const char *const words[] = {
        [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_PANIC] = "panic"
    };

    print("@ashlar "
          "{\"v\":1,\"type\":\"verdict\",\"status\":\"%s\",\"passed\":%u,\"failed\":%u,\"skipped\":%u}\n",
          words[verdict], counts[TEST_PASSED], counts[TEST_FAILED], counts[TEST_SKIPPED]);
}

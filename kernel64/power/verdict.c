/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts and the verdict line. Written with print() and not with the JSON writer, because the panic may be in
 * the JSON writer.
 */
#include <power/verdict.h>

#include <log/log.h>
#include <log/print.h>

static unsigned int counts[TEST_OUTCOMES];
static unsigned int commands_failed;

/* The first of each. */
static const char *test_names[VERDICT_NAMES_MAX];
static char command_names[VERDICT_NAMES_MAX][VERDICT_COMMAND_MAX];

void verdict_count(enum test_outcome outcome, const char *name)
{
    if (outcome == TEST_FAILED && counts[TEST_FAILED] < VERDICT_NAMES_MAX)
        test_names[counts[TEST_FAILED]] = name;
    counts[outcome]++;
}

/* Copies a name that a user typed, as text that JSON needs no escape for. */
static void copy_name(char *to, const char *from)
{
    unsigned int length = 0;
    for (; from[length] != '\0' && length < VERDICT_COMMAND_MAX - 1; length++) {
        char c = from[length];
        to[length] = c < 0x20 || c > 0x7e || c == '"' || c == '\\' ? '?' : c;
    }
    to[length] = '\0';
}

void verdict_spoil(const char *command)
{
    if (commands_failed < VERDICT_NAMES_MAX)
        copy_name(command_names[commands_failed], command);
    commands_failed++;
}

enum verdict verdict_so_far(void)
{
    return counts[TEST_FAILED] > 0 || commands_failed > 0 ? VERDICT_FAIL : VERDICT_PASS;
}

void verdict_print(enum verdict verdict)
{
    static const char *const words[] = {
        [VERDICT_PASS] = "pass", [VERDICT_FAIL] = "fail", [VERDICT_PANIC] = "panic"
    };

    print("@ashlar "
          "{\"v\":1,\"type\":\"verdict\",\"status\":\"%s\",\"passed\":%u,\"failed\":%u,\"skipped\":%u,"
          "\"warnings\":%lu,\"failed_tests\":[",
          words[verdict], counts[TEST_PASSED], counts[TEST_FAILED], counts[TEST_SKIPPED],
          log_count(LOG_WARN) + log_count(LOG_ERROR));
    for (unsigned int i = 0; i < counts[TEST_FAILED] && i < VERDICT_NAMES_MAX; i++)
        print("%s\"%s\"", i > 0 ? "," : "", test_names[i]);
    print("],\"failed_commands\":[");
    for (unsigned int i = 0; i < commands_failed && i < VERDICT_NAMES_MAX; i++)
        print("%s\"%s\"", i > 0 ? "," : "", command_names[i]);
    print("]}\n");
}

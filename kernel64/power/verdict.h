/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the machine has to say for itself in the end: how many self-tests passed, failed and were
 * skipped, whether anything else went wrong, and the verdict line made of it. It lives down here
 * so that a panic can print it too.
 */
#include <power/exit.h>

enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_SKIPPED, TEST_OUTCOMES };

/* Counts one self-test that has ended. Context: thread. */
void verdict_count(enum test_outcome outcome);

/* Something other than a self-test failed, such as a command of run=: the verdict is fail. */
void verdict_spoil(void);

/* Return: VERDICT_FAIL when a test failed or verdict_spoil() was called, else VERDICT_PASS. */
enum verdict verdict_so_far(void);

/* The line `@ashlar {"v":1,"type":"verdict",...}`. Context: any, also a panic. */
void verdict_print(enum verdict verdict);

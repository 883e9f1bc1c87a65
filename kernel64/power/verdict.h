/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The verdict on a run: how many self-tests passed, failed and were skipped, whether anything else failed,
 * and the line that reports it. In a low room so that a panic can print it.
 */
#include <power/exit.h>

enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_SKIPPED, TEST_OUTCOMES };

/**
 * verdict_count() - count a self-test that has ended.
 * @outcome: below TEST_OUTCOMES.
 *
 * Context: thread, one caller at a time.
 */
void verdict_count(enum test_outcome outcome);

/**
 * verdict_spoil() - something other than a self-test failed, such as a command of run=: the verdict is fail.
 *
 * Context: thread.
 */
void verdict_spoil(void);

/**
 * verdict_so_far() - the verdict, if the run ended now.
 *
 * Return: VERDICT_FAIL when a test failed or verdict_spoil() was called, else VERDICT_PASS.
 * Context: any.
 */
enum verdict verdict_so_far(void);

/**
 * verdict_print() - print the record of type "verdict" that docs/interfaces.md describes.
 * @verdict: its status.
 *
 * Context: any, also panic.
 */
void verdict_print(enum verdict verdict);

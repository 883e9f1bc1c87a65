/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The verdict on a run: how many self-tests passed, failed and were skipped, the names of the first tests and
 * commands that failed, and the line that reports it. In a low room so that a panic can print it.
 */
#include <power/exit.h>

/* Of tests, and of commands: so many are named. */
#define VERDICT_NAMES_MAX 16

/* Of a command's name, its end included; a longer one is truncated. */
#define VERDICT_COMMAND_MAX 24

enum test_outcome { TEST_PASSED, TEST_FAILED, TEST_SKIPPED, TEST_OUTCOMES };

/**
 * verdict_count() - count a self-test that has ended.
 * @outcome: below TEST_OUTCOMES.
 * @name:    of the test; printable ASCII without quotes and backslashes. Must persist.
 *
 * Context: thread, one caller at a time.
 */
void verdict_count(enum test_outcome outcome, const char *name);

/**
 * verdict_spoil() - a command of run= failed, or run= itself: the verdict is fail.
 * @command: its name, any text; copied.
 *
 * Context: thread, one caller at a time.
 */
void verdict_spoil(const char *command);

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

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A case that ends the program by a CHECK() or VERIFY(): it runs in a process of its own, because it ends
 * with locks held, and what failed comes through a pipe.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <ashlar/check.h>

#define DIED_BY_CHECK 42

static int death_report; /* the pipe's end, in the process of a case */

NORETURN void verify_failed(const char *expression, const char *file, int line)
{
    (void)!write(death_report, expression, strlen(expression));
    (void)file;
    (void)line;
    _exit(DIED_BY_CHECK);
}

/* @words: of the check that is to end @run. */
static void expect_death(void (*run)(void), const char *words)
{
    char text[512] = "";
    int ends[2], status;
    size_t length = 0;
    ssize_t got;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        death_report = ends[1];
        run();
        _exit(0);
    }
    close(ends[1]);
    while ((got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != DIED_BY_CHECK || !strstr(text, words))
        fail_msg("expected \"%s\"; status %#x: %s", words, (unsigned int)status, text);
}

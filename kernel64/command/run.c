/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * run=, the verdict at its end, and exit and reboot by command.
 */
#include <command/run.h>

#include <ashlar/json.h>
#include <boot/options.h>
#include <command/dispatch.h>
#include <lib/string.h>
#include <log/log.h>
#include <log/print.h>
#include <panic/panic.h>
#include <power/exit.h>
#include <power/verdict.h>

static bool is_running, is_given;

bool run_was_given(void)
{
    return is_given;
}

bool run_is_attended(void)
{
    return !is_running;
}

static void command_of_run_failed(const char *command)
{
    verdict_spoil(command);
    log_error("monitor", "run=: command '%s' failed", command);
}

NORETURN void run_reboot(void)
{
    struct json json = { .put = print_sink };
    print_set_observer(NULL, 0);
    json_begin(&json, "reboot");
    json_end(&json);
    power_reboot();
}

NORETURN void run_exit(void)
{
    print_set_observer(NULL, 0);
    verdict_print(verdict_so_far());
    power_exit(verdict_so_far());
}

/* If the rest of a line cannot be run, exit as `exit` does: the rest may contain the `exit`, and a program
   may be waiting for the verdict. */
static void run_without_a_person(const char *run)
{
    static char text[RUN_MAX];
    bool is_run;

    panic_set_exits(true);
    is_running = true;
    if (string_copy(text, sizeof(text), run) >= sizeof(text)) {
        verdict_spoil("run=");
        log_error("monitor", "run= ignored: longer than %d bytes", RUN_MAX - 1);
        is_run = false;
    } else {
        is_run = dispatch_line(text, command_of_run_failed);
    }
    if (!is_run)
        run_exit();
    is_running = false;
    panic_set_exits(false);
}

/* An unattended machine has to exit also after a panic before the prompt. */
static status_t apply_run(const char *value)
{
    (void)value;
    panic_set_exits(true);
    return STATUS_OK;
}
OPTION_EARLY(run, "\"COMMAND; COMMAND\"", "run monitor commands unattended, then prompt", apply_run);

void run_commands(void)
{
    /* Longer than any line that is run: a truncated value is refused. */
    static char run[2 * RUN_MAX];
    is_given = option_read(&option_run, run, sizeof(run)) != STATUS_NOT_FOUND && run[0];
    if (is_given)
        run_without_a_person(run);
}

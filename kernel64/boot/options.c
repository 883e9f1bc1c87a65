/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Command-line options. Whoever uses an option asks machine_option() for it; the table below
 * exists for the warning, and docs/interfaces.md lists the same names.
 */
#include <boot/options.h>

#include <ashlar/types.h>
#include <boot/cmdline.h>
#include <boot/machine.h>
#include <power/exit.h>
#include <log/log.h>
#include <panic/panic.h>
#include <lib/parse.h>
#include <lib/string.h>

static const char *const known_options[] = {
    "absentcpu", "acpi_rsdp", "console",  "cpus",     "cpuwave",     "debugexit", "events",
    "fail",      "idle",      "loglevel", "maxcpus",  "mcepoll",     "mem",       "noacpi",
    "nohpet",    "noioapic",  "notsc",    "nox2apic", "reserve_low", "run",       "x2apic",
};

static void apply_log_level(void)
{
    static const char *const levels[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
    };
    char value[16];
    status_t status = machine_option("loglevel", value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return;
    for (unsigned int level = 0; status == STATUS_OK && level < ARRAY_LEN(levels); level++) {
        if (strcmp(value, levels[level]) == 0) {
            log_set_threshold((enum log_level)level);
            return;
        }
    }
    log_warn("boot", "loglevel=%s: expected error, warn, info or debug", value);
}

static void apply_debug_exit(void)
{
    char value[24];
    uint64_t port;
    status_t status = machine_option("debugexit", value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return;
    if (status == STATUS_OK && parse_number(value, &port) == STATUS_OK && port != 0 && port <= UINT16_MAX)
        power_set_debug_exit((uint16_t)port);
    else
        log_warn("boot", "debugexit=%s: expected an I/O port, 1 to 0xffff", value);
}

/* Nobody watches a machine that run= drives: also a panic before the prompt must leave it. */
static void apply_run(void)
{
    panic_set_exits(machine_has_option("run"));
}

void options_apply_early(void)
{
    apply_log_level();
    apply_debug_exit();
    apply_run();
}

const char *options_run(void)
{
    /* Longer than any line that the monitor runs: what is cut here it refuses, in words. */
    static char run[2048];
    return machine_option("run", run, sizeof(run)) == STATUS_NOT_FOUND ? NULL : run;
}

static bool is_known(const struct cmdline_option *option)
{
    for (size_t i = 0; i < ARRAY_LEN(known_options); i++)
        if (strlen(known_options[i]) == option->name_length &&
            strncmp(known_options[i], option->name, option->name_length) == 0)
            return true;
    return false;
}

void options_warn_unknown(void)
{
    struct cmdline_option option;
    status_t status;
    bool is_in_front = true;
    for (size_t cursor = 0;
         (status = cmdline_next(machine_command_line(), &cursor, &option)) != STATUS_NOT_FOUND;) {
        is_in_front = is_in_front && cmdline_is_file_name(&option);
        if (is_in_front)
            continue;
        if (status == STATUS_MALFORMED)
            log_warn("boot", "command line: the quote in %.*s is never closed", (int)option.name_length,
                     option.name);
        if (!is_known(&option))
            log_warn("boot", "command line: nobody knows the option %.*s; ignored", (int)option.name_length,
                     option.name);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options of the command line, the monitor's `options`, and `options` in the report. The linker collects
 * the options (ashlar/option.h).
 */
#include <boot/options.h>

#include <ashlar/command.h>
#include <ashlar/report.h>
#include <boot/cmdline.h>
#include <lib/string.h>
#include <log/log.h>
#include <log/print.h>

static const char *joined = "", *first_part = "", *last_part = "";

void options_set_parts(const char *from_loader, const char *appended)
{
    first_part = from_loader ? from_loader : "";
    last_part = appended;
}

void options_set_line(const char *line)
{
    joined = line;
}

status_t option_read(const struct option *option, char *buffer, size_t size)
{
    if (joined[0])
        return cmdline_value(joined, option->name, buffer, size);
    status_t status = cmdline_value(last_part, option->name, buffer, size);
    return status == STATUS_NOT_FOUND ? cmdline_value(first_part, option->name, buffer, size) : status;
}

bool option_is_given(const struct option *option)
{
    char value[1];
    return option_read(option, value, sizeof(value)) != STATUS_NOT_FOUND;
}

static void apply_early(const struct option *option)
{
    static char value[OPTION_VALUE_MAX + 1];
    status_t status = option_read(option, value, sizeof(value));
    if (status == STATUS_NOT_FOUND)
        return;
    if (status != STATUS_OK)
        log_warn("options", "%s= ignored: its value is longer than %u characters", option->name,
                 OPTION_VALUE_MAX);
    else if (option->apply(value) != STATUS_OK)
        log_warn("options", "%s=%s ignored: expected %s", option->name, value, option->value);
}

void options_apply_early(void)
{
    for (const struct option *option = __options_start; option < __options_end; option++)
        if (option->apply)
            apply_early(option);
}

static bool is_registered(const struct cmdline_option *given)
{
    for (const struct option *option = __options_start; option < __options_end; option++)
        if (strlen(option->name) == given->name_length &&
            strncmp(option->name, given->name, given->name_length) == 0)
            return true;
    return false;
}

void options_warn_unknown(void)
{
    struct cmdline_option given;
    status_t status;
    bool is_in_front = true;
    for (size_t cursor = 0; (status = cmdline_next(joined, &cursor, &given)) != STATUS_NOT_FOUND;) {
        is_in_front = is_in_front && cmdline_is_file_name(&given);
        if (is_in_front)
            continue;
        if (status == STATUS_MALFORMED)
            log_warn("options", "unclosed quote in %.*s", (int)given.name_length, given.name);
        if (!is_registered(&given))
            log_warn("options", "unknown option '%.*s' ignored; 'options' lists them all",
                     (int)given.name_length, given.name);
    }
}

/* ---- the command ---- */

#define HELP_COLUMN 32
#define GIVEN_MAX   256

static status_t command_options(int argc, char **argv)
{
    char value[GIVEN_MAX];
    (void)argc;
    (void)argv;
    for (const struct option *option = __options_start; option < __options_end; option++) {
        const char *equals = option->value[0] ? "=" : "";
        size_t width = strlen(option->name) + strlen(equals) + strlen(option->value);
        print("%s%s%s", option->name, equals, option->value);
        if (width + 2 > HELP_COLUMN) {
            print("\n");
            width = 0;
        }
        print("%*s", (int)(HELP_COLUMN - width), "");
        print_wrapped(option->help, HELP_COLUMN, HELP_COLUMN);
        status_t status = option_read(option, value, sizeof(value));
        if (status != STATUS_NOT_FOUND)
            print("    given: %s%s%s%s\n", option->name, equals, value, status == STATUS_OK ? "" : "...");
    }
    return STATUS_OK;
}
COMMAND_LIST(options, command_options, .group = GROUP_MACHINE, .arguments = "",
             .help = "kernel options, and the values given", .example = "options", .see_also = "boot",
             .words = NULL);

static void report_options(struct json *json)
{
    char value[GIVEN_MAX];
    json_open_list(json, "options");
    for (const struct option *option = __options_start; option < __options_end; option++) {
        json_open_object(json, NULL);
        json_string(json, "name", option->name);
        json_string(json, "value", option->value);
        json_string(json, "help", option->help);
        if (option_read(option, value, sizeof(value)) != STATUS_NOT_FOUND)
            json_string(json, "given", value);
        json_close(json);
    }
    json_close(json);
}
REPORT(options, report_options);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that are not part of another room: log, report, exit, reboot, clear.
 */
#include <ashlar/command.h>
#include <ashlar/report.h>
#include <log/arguments.h>
#include <log/log.h>
#include <log/output.h>
#include <log/print.h>
#include <lib/string.h>
#include <command/dispatch.h>
#include <command/record.h>
#include <command/run.h>

/* ---- log ---- */

static status_t command_log(int argc, char **argv)
{
    enum log_level level = LOG_DEBUG;
    const char *word = argc == 2 && !log_find_level(argv[1], &level) ? argv[1] : NULL;

    if (!arguments_count(argc, argv, 0, 1))
        return STATUS_INVALID;
    /* Without these two lines, a program that reads the serial port would take the first log line for another
       boot's. */
    print("log, shown again:\n");
    uint32_t lines = output_line_count();
    log_replay(level, word);
    if (word && output_line_count() == lines)
        print("no line has '%s', which is no level either\n", word);
    print("end of the log\n");
    return STATUS_OK;
}
COMMAND_WITH_WORDS(log, command_log, .group = GROUP_OUTPUT, .arguments = "[LEVEL|WORD]",
                   .help = "show the log again: all, up to a level, or lines with a word",
                   .example = "log warn", .see_also = "report save boot", .words = log_level_name);

/* ---- report ---- */

static const char *report_types(unsigned int index)
{
    return index < (size_t)(__reports_end - __reports_start) ? __reports_start[index].type : NULL;
}

static void write_report(struct json *json, const void *context)
{
    const struct report *report = context;
    report->run(json);
}

static status_t command_report(int argc, char **argv)
{
    const struct record_form *form = record_form_of(&argc, argv);
    const char *pattern = argc == 2 ? argv[1] : "*";
    bool is_any = false;

    if (!arguments_count(argc, argv, 0, 1))
        return STATUS_INVALID;
    for (const struct report *report = __reports_start; report < __reports_end; report++) {
        if (!string_matches(pattern, report->type))
            continue;
        if (form)
            form->section(report->type, write_report, report);
        else
            record_print(report->type, write_report, report);
        is_any = true;
    }
    if (!is_any)
        argument_refuse(pattern, "an object of the report: Tab lists them, 'report' prints all");
    return is_any ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND_LIST(report, command_report, .group = GROUP_OUTPUT, .arguments = "[-j] [GLOB]",
             .help = "description of this machine; -j: one JSON object a line", .example = "report cpus",
             .see_also = "summary save log", .words = report_types);

/* ---- clear ---- */

static status_t command_clear(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print("\f");
    return STATUS_OK;
}
COMMAND(clear, command_clear, .group = GROUP_OUTPUT, .arguments = "", .help = "clear the screen",
        .example = "clear", .see_also = "watch");

/* ---- exit, reboot ---- */

static status_t command_exit(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    run_exit();
}
COMMAND(exit, command_exit, .group = GROUP_POWER, .arguments = "",
        .help = "print the verdict and exit: debug port, power-off, reset or halt", .example = "exit",
        .see_also = "reboot");

static status_t command_reboot(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    run_reboot();
}
COMMAND(reboot, command_reboot, .group = GROUP_POWER, .arguments = "", .help = "reset the machine",
        .example = "reboot", .see_also = "exit");

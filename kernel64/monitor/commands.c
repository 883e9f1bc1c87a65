/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands that are not part of another room: help, log, report, exit, reboot, peek.
 */
#include <ashlar/bits.h>
#include <ashlar/command.h>
#include <ashlar/report.h>
#include <cpu/trap_frame.h>
#include <cpu/fixup.h>
#include <log/log.h>
#include <log/print.h>
#include <panic/symbols.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <monitor/dispatch.h>
#include <monitor/monitor.h>

/* ---- help ---- */

#define HELP_COLUMN 24

/* Name and arguments, then the help beside them, or below if they are long. */
static void print_command(const struct command *command)
{
    size_t width = strlen(command->name) + 1 + strlen(command->arguments);
    print("%s %s", command->name, command->arguments);
    if (width + 2 > HELP_COLUMN) {
        print("\n");
        width = 0;
    }
    print("%*s", (int)(HELP_COLUMN - width), "");
    print_wrapped(command->help, HELP_COLUMN, HELP_COLUMN);
}

static status_t command_help(int argc, char **argv)
{
    if (argc > 2)
        return STATUS_INVALID;
    if (argc == 2) {
        const struct command *command = dispatch_find(argv[1]);
        if (!command)
            return STATUS_NOT_FOUND;
        print("%s %s\n    ", command->name, command->arguments);
        print_wrapped(command->help, 4, 4);
        return STATUS_OK;
    }
    for (const struct command *command = __commands_start; command < __commands_end; command++)
        print_command(command);
    print("A ';' separates commands; \"...\" keeps a word together. Tab completes.\n");
    return STATUS_OK;
}
COMMAND_WITH_WORDS(help, "[COMMAND]", "this list", command_help, dispatch_names);

/* ---- log ---- */

static status_t command_log(int argc, char **argv)
{
    enum log_level level = LOG_DEBUG;
    const char *word = argc == 2 && !log_find_level(argv[1], &level) ? argv[1] : NULL;

    if (argc > 2)
        return STATUS_INVALID;
    /* Without these two lines, a program that reads the serial port would take the first log line for another
       boot's. */
    print("log, shown again:\n");
    log_replay(level, word);
    print("end of the log\n");
    return STATUS_OK;
}
static const char *log_words(unsigned int index)
{
    static const char *const levels[] = { "error", "warn", "info", "debug" };
    return index < ARRAY_LEN(levels) ? levels[index] : NULL;
}
COMMAND_WITH_WORDS(log, "[LEVEL|WORD]", "show the log again: all, up to a level, or lines with a word",
                   command_log, log_words);

/* ---- report ---- */

static const char *report_types(unsigned int index)
{
    return index < (size_t)(__reports_end - __reports_start) ? __reports_start[index].type : NULL;
}

static status_t command_report(int argc, char **argv)
{
    const char *pattern = argc == 2 ? argv[1] : "*";
    bool is_any = false;

    if (argc > 2)
        return STATUS_INVALID;
    for (const struct report *report = __reports_start; report < __reports_end; report++) {
        struct json json = { .put = print_sink };
        if (!string_matches(pattern, report->type))
            continue;
        log_defer();
        json_begin(&json, report->type);
        report->run(&json);
        json_end(&json);
        log_show_deferred();
        is_any = true;
    }
    return is_any ? STATUS_OK : STATUS_NOT_FOUND;
}
COMMAND_WITH_WORDS(report, "[GLOB]", "description of this machine, one JSON object a line", command_report,
                   report_types);

/* ---- exit, reboot ---- */

static status_t command_exit(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    monitor_exit();
}
COMMAND(exit, "", "print the verdict and exit: debug port, power-off, reset or halt", command_exit);

static status_t command_reboot(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    monitor_reboot();
}
COMMAND(reboot, "", "reset the machine", command_reboot);

/* ---- peek ---- */

#define PEEK_ROW 16
#define PEEK_MAX 65536

struct peek {
    uint64_t address;
    unsigned int width;
    uint64_t value;
};

/* One access of exactly the requested width: it may be a device register. */
static void peek_value(void *argument)
{
    struct peek *peek = argument;
    const volatile void *at = (const volatile void *)(uintptr_t)peek->address;

    switch (peek->width) {
    case 1:
        peek->value = *(const volatile uint8_t *)at;
        break;
    case 2:
        peek->value = *(const volatile uint16_t *)at;
        break;
    case 4:
        peek->value = *(const volatile uint32_t *)at;
        break;
    default:
        peek->value = *(const volatile uint64_t *)at;
        break;
    }
}

/* Prints up to a row of values. Return: false at the first address that cannot be read. */
static bool peek_row(uint64_t address, uint64_t size, unsigned int width)
{
    char text[PEEK_ROW + 1] = "";
    uint64_t done = 0;

    print("%016lx ", address);
    while (done < size) {
        struct peek peek = { .address = address + done, .width = width };
        struct trap_frame frame;
        if (!fixup_try(peek_value, &peek, &frame))
            break;
        print(" %0*lx", (int)width * 2, peek.value);
        for (unsigned int i = 0; i < width; i++) {
            char c = (char)(peek.value >> 8 * i);
            text[done + i] = c >= 0x20 && c < 0x7f ? c : '.';
        }
        done += width;
    }
    text[done] = '\0';
    for (uint64_t i = done; i < PEEK_ROW; i += width)
        print(" %*s", (int)width * 2, "");
    print("  %s\n", text);
    return done >= size;
}

static status_t command_peek(int argc, char **argv)
{
    uint64_t address, count = 64, width = 1;

    if (argc < 2 || argc > 4 || symbol_read_address(argv[1], &address) != STATUS_OK ||
        (argc > 2 && parse_number(argv[2], &count) != STATUS_OK) ||
        (argc > 3 && parse_number(argv[3], &width) != STATUS_OK) || width > 8 || !is_power_of_two(width) ||
        count == 0 || count > PEEK_MAX)
        return STATUS_INVALID;

    uint64_t end;
    if (!add_fits(address, align_up(count, width), &end))
        return STATUS_INVALID;
    for (; address < end; address += PEEK_ROW) {
        uint64_t left = end - address;
        if (!peek_row(address, left < PEEK_ROW ? left : PEEK_ROW, (unsigned int)width)) {
            print("the next address cannot be read: not mapped, or not canonical\n");
            return STATUS_NOT_FOUND;
        }
    }
    return STATUS_OK;
}
COMMAND(peek, "ADDRESS|FUNCTION [BYTES [WIDTH]]",
        "memory at a virtual address, in units of WIDTH 1, 2, 4 or 8", command_peek);

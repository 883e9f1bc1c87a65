/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `watch`: a command once a second, until a key is pressed; twice under run=, which has no
 * keys.
 */
#include <ashlar/command.h>
#include <ashlar/time_units.h>

#include <command/dispatch.h>
#include <command/run.h>
#include <command/split.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <monitor/keys.h>
#include <monitor/line.h>
#include <monitor/monitor.h>
#include <monitor/pager.h>
#include <time/clock.h>

#define PERIOD_NS       NS_PER_SECOND
#define UNATTENDED_RUNS 2

/* Joins the words to one line, each in quotes: it is split again. */
static bool join(char *line, size_t size, int argc, char **argv)
{
    size_t length = 0;
    for (int i = 1; i < argc; i++) {
        size_t word = strlen(argv[i]);
        if (strcspn(argv[i], "\"") != word || length + word + 4 > size)
            return false;
        line[length++] = '"';
        memcpy(line + length, argv[i], word);
        length += word;
        line[length++] = '"';
        line[length++] = ' ';
    }
    line[length] = '\0';
    return true;
}

static status_t command_watch(int argc, char **argv)
{
    /* Not on the stack, because watch may be nested. */
    static char line[LINE_MAX], copy[LINE_MAX];
    if (!arguments_count(argc, argv, 1, SPLIT_WORDS_MAX))
        return STATUS_INVALID;
    if (strcmp(argv[1], argv[0]) == 0) {
        print_styled(STYLE_ERROR, "%s cannot be watched\n", argv[1]);
        return STATUS_UNSUPPORTED;
    }
    if (!dispatch_find(argv[1])) {
        argument_refuse(argv[1], "a command: 'help' lists them");
        return STATUS_INVALID;
    }
    if (!join(line, sizeof(line), argc, argv))
        return STATUS_TOO_BIG;
    /* Of the command that is watched, and not of the text that clears the screen. */
    const char *filter = print_set_filter(NULL);
    pager_end(); /* no prompt for more each second */
    for (unsigned int look = 0; run_is_attended() || look < UNATTENDED_RUNS; look++) {
        print("\f");
        if (run_is_attended())
            print_styled(STYLE_HEADLINE, "every %u s; any key ends it\n",
                         (unsigned int)(PERIOD_NS / NS_PER_SECOND));
        memcpy(copy, line, sizeof(copy));
        (void)print_set_filter(filter);
        (void)dispatch_line(copy, NULL);
        (void)print_set_filter(NULL);
        int key = keys_wait_until(clock_now_ns() + PERIOD_NS);
        if (key == KEY_STOP)
            print("^C\n");
        if (key != KEY_NONE)
            break;
    }
    return STATUS_OK;
}
COMMAND(watch, command_watch, .group = GROUP_OUTPUT, .arguments = "COMMAND [ARGUMENTS]",
        .help = "repeat a command every second, until a key is pressed", .example = "watch irqs",
        .see_also = "clear");

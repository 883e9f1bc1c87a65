/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `help`: the names of all commands by group, on one screen; a line for each command of a group;
 * or all about one command. The text is that of the registrations, so that no list has to be kept.
 */
#include <ashlar/command.h>

#include <command/complete.h>
#include <command/dispatch.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>

#define ROW_COLUMNS  79 /* the last column stays empty: terminals differ in what a full row does */
#define GROUP_COLUMN 12
#define HELP_COLUMN  26
#define FIELD_COLUMN 14

static const struct {
    const char *name, *headline;
} groups[] = {
#define GROUP_ROW(group, name, headline) [group] = { name, headline },
    COMMAND_GROUPS(GROUP_ROW)
#undef GROUP_ROW
};

/* Names of groups, then of commands: a complete_words_fn. */
static const char *names(unsigned int index)
{
    return index < COMMAND_GROUP_COUNT ? groups[index].name : dispatch_names(index - COMMAND_GROUP_COUNT);
}

/* The next command of a group that the build has. @after: NULL for the first. */
static const struct command *next_of(enum command_group group, const struct command *after)
{
    const struct command *command = after ? after + 1 : __commands_start;
    while (command < __commands_end && command->group != group)
        command++;
    return command < __commands_end ? command : NULL;
}

/* ---- help ---- */

static void print_names(enum command_group group)
{
    size_t column = 0;
    print_styled(STYLE_HEADLINE, "%-*s", GROUP_COLUMN, groups[group].name);
    print("%s\n", groups[group].headline);
    for (const struct command *command = NULL; (command = next_of(group, command)) != NULL;) {
        size_t width = 1 + strlen(command->name);
        if (column == 0 || column + width > ROW_COLUMNS) {
            print("%s%*s", column ? "\n" : "", GROUP_COLUMN - 1, "");
            column = GROUP_COLUMN - 1;
        }
        print(" %s", command->name);
        column += width;
    }
    print("\n");
}

static void print_overview(void)
{
    for (enum command_group group = 0; group < COMMAND_GROUP_COUNT; group++)
        if (next_of(group, NULL))
            print_names(group);
    print("\n'help COMMAND' has an example, 'help GROUP' and 'help all' a line for each.\n"
          "COMMAND | WORD shows lines with WORD; ';' separates commands; Tab completes.\n"
          "Ctrl-C stops a command; Shift-Page Up scrolls back; Up shows earlier lines.\n");
}

/* ---- help GROUP ---- */

/* Name and arguments, then the help beside them, or below if they are long. */
static void print_command(const struct command *command)
{
    size_t width = 2 + strlen(command->name) + 1 + strlen(command->arguments);
    print("  %s %s", command->name, command->arguments);
    if (width + 2 > HELP_COLUMN) {
        print("\n");
        width = 0;
    }
    print("%*s", (int)(HELP_COLUMN - width), "");
    print_wrapped(command->help, HELP_COLUMN, HELP_COLUMN);
}

static void print_group(enum command_group group)
{
    print_styled(STYLE_HEADLINE, "%s: %s\n", groups[group].name, groups[group].headline);
    for (const struct command *command = NULL; (command = next_of(group, command)) != NULL;)
        print_command(command);
}

/* ---- help COMMAND ---- */

static void print_field(const char *name, const char *text)
{
    if (text[0]) {
        print("    %-*s", FIELD_COLUMN - 4, name);
        print_wrapped(text, FIELD_COLUMN, FIELD_COLUMN);
    }
}

/* Those of the words that are commands of this build. */
static void print_see_also(const char *words)
{
    char name[32];
    bool is_first = true;
    for (size_t length; (length = strcspn(words, " ")) > 0; words += length + (words[length] == ' ')) {
        if (length >= sizeof(name))
            continue;
        memcpy(name, words, length);
        name[length] = '\0';
        if (!dispatch_find(name))
            continue;
        if (is_first)
            print("    %-*s", FIELD_COLUMN - 4, "see also");
        print("%s%s", is_first ? "" : ", ", name);
        is_first = false;
    }
    print("%s", is_first ? "" : "\n");
}

static void explain(const struct command *command)
{
    const char *alias;
    print("%s%s%s\n    ", command->name, command->arguments[0] ? " " : "", command->arguments);
    print_wrapped(command->help, 4, 4);
    print_field("example", command->example);
    for (unsigned int i = 0; (alias = dispatch_alias(command->name, i)) != NULL; i++)
        print("%s%s", i == 0 ? "    alias     " : ", ", alias);
    print(dispatch_alias(command->name, 0) ? "\n" : "");
    print_see_also(command->see_also);
    print_field("group", groups[command->group].name);
}

/* ---- the command ---- */

static status_t command_help(int argc, char **argv)
{
    if (!arguments_count(argc, argv, 0, 1))
        return STATUS_INVALID;
    if (argc == 1) {
        print_overview();
        return STATUS_OK;
    }
    bool is_all = string_is_same(argv[1], "all"), is_group = false;
    for (enum command_group group = 0; group < COMMAND_GROUP_COUNT; group++) {
        if ((is_all || string_is_same(argv[1], groups[group].name)) && next_of(group, NULL)) {
            print_group(group);
            is_group = true;
        }
    }
    if (is_group)
        return STATUS_OK;
    const struct command *command = dispatch_find(argv[1]);
    if (!command) {
        const char *nearest = complete_nearest(names, argv[1]);
        argument_refuse(argv[1], "a command or a group%s%s: 'help' lists them",
                        nearest ? "; did you mean " : "", nearest ? nearest : "");
        return STATUS_INVALID;
    }
    explain(command);
    return STATUS_OK;
}
COMMAND_LIST(help, command_help, .group = GROUP_OUTPUT, .arguments = "[COMMAND|GROUP|all]",
             .help = "the commands by group; what those of a group do; all about a command",
             .example = "help memory", .see_also = "summary", .words = dispatch_names);

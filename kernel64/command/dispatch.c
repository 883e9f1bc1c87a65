/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds and runs commands by name or alias, in either case, and suggests a name for an unknown one.
 */
#include <command/dispatch.h>

#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <command/complete.h>
#include <command/split.h>
#include <panic/stacks.h>

const char *dispatch_names(unsigned int index)
{
    return index < (size_t)(__commands_end - __commands_start) ? __commands_start[index].name : NULL;
}

/* Names of other systems' commands, each an alias of one command. */
static const struct alias {
    const char *name, *command;
} aliases[] = {
    { "?", "help" },        { "dmesg", "log" }, { "free", "pages" },   { "halt", "exit" },
    { "poweroff", "exit" }, { "quit", "exit" }, { "reset", "reboot" }, { "shutdown", "exit" },
};

const struct command *dispatch_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (string_is_same(aliases[i].name, name))
            name = aliases[i].command;
    for (const struct command *command = __commands_start; command < __commands_end; command++)
        if (string_is_same(command->name, name))
            return command;
    return NULL;
}

const char *dispatch_alias(const char *command, unsigned int index)
{
    for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
        if (strcmp(aliases[i].command, command) == 0 && index-- == 0)
            return aliases[i].name;
    return NULL;
}

static status_t name_the_nearest(const char *name)
{
    const char *nearest = complete_nearest(dispatch_names, name);

    if (nearest)
        print_styled(STYLE_ERROR, "%s: no such command; did you mean %s?\n", name, nearest);
    else
        print_styled(STYLE_ERROR, "%s: no such command; 'help' lists them\n", name);
    return STATUS_NOT_FOUND;
}

static const struct dispatch_lists *lists; /* NULL: none */

void dispatch_set_lists(const struct dispatch_lists *new_lists)
{
    lists = new_lists;
}

static status_t call(const struct command *command, int argc, char **argv)
{
    if (!command->is_list || !lists)
        return command->run(argc, argv);
    lists->begin();
    status_t status = command->run(argc, argv);
    lists->end();
    return status;
}

static unsigned int depth;

static bool is_too_deep(void)
{
    virt_t here = virt_of(__builtin_frame_address(0));
    const struct stack *stack = stacks_find(here);

    return depth == DISPATCH_DEPTH_MAX || (stack && virt_distance(stack->bottom, here) < DISPATCH_STACK_MIN);
}

static status_t run(int argc, char **argv)
{
    const struct command *command = dispatch_find(argv[0]);
    if (!command)
        return name_the_nearest(argv[0]);
    if (is_too_deep()) {
        print_styled(STYLE_ERROR, "%s: commands nested too deep\n", command->name);
        return STATUS_BUSY;
    }

    depth++;
    uint32_t errors = print_error_count();
    /* For all commands without arguments, so that surplus words are an error. */
    bool has_surplus = command->arguments[0] == '\0' && !arguments_count(argc, argv, 0, 0);
    status_t status = has_surplus ? STATUS_INVALID : call(command, argc, argv);
    depth--;
    if (status == STATUS_INVALID)
        print_styled(STYLE_ERROR, "usage: %s%s%s\n", command->name, command->arguments[0] ? " " : "",
                     command->arguments);
    else if (status != STATUS_OK && print_error_count() == errors)
        print_styled(STYLE_ERROR, "%s: %s\n", command->name, status_sentence(status));
    return status;
}

static status_t run_filtered(int argc, char **argv, const char *filter)
{
    if (!filter)
        return run(argc, argv);
    const char *outer = print_set_filter(filter);
    status_t status = run(argc, argv);
    (void)print_set_filter(outer);
    return status;
}

bool dispatch_line(char *line, void (*failed)(const char *command))
{
    int argc;
    char *argv[SPLIT_WORDS_MAX + 1];
    const char *filter;
    status_t status;
    bool is_read = true;

    while ((status = split_next(&line, &argc, argv, &filter)) != STATUS_NOT_FOUND) {
        const char *name = argc > 0 ? argv[0] : "";
        is_read = status == STATUS_OK;
        if (status == STATUS_OK)
            status = run_filtered(argc, argv, filter);
        else if (status == STATUS_MALFORMED)
            print_styled(STYLE_ERROR, "unclosed quote\n");
        else if (status == STATUS_INVALID)
            print_styled(STYLE_ERROR, "a '|' is followed by one word\n");
        else
            print_styled(STYLE_ERROR, "more than %d words in one command\n", SPLIT_WORDS_MAX);
        if (status != STATUS_OK && failed)
            failed(name);
    }
    return is_read;
}

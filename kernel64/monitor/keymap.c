/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout is of the keyboard at the PC's keyboard controller. A terminal at a serial port sends
 * characters.
 */
#include <monitor/keymap.h>

#include <ashlar/command.h>
#include <ashlar/dev/keymaps.h>

#include <boot/options.h>
#include <console/consoles.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/log.h>
#include <log/print.h>

OPTION(keymap, "NAME", "layout of the keyboard, such as de; the command keymap lists them");

static const struct keymap *find(const char *name)
{
    const struct keymap *keymap;
    for (unsigned int i = 0; (keymap = keymap_at(i)) != NULL; i++)
        if (string_is_same(keymap->name, name))
            return keymap;
    return NULL;
}

void keymap_start(void)
{
    char name[16];
    if (option_read(&option_keymap, name, sizeof(name)) == STATUS_NOT_FOUND)
        return;
    const struct keymap *keymap = find(name);
    if (keymap)
        consoles_set_keymap(keymap);
    else
        log_warn("console", "keymap=%s: no such layout", name);
}

static const char *names(unsigned int index)
{
    const struct keymap *keymap = keymap_at(index);
    return keymap ? keymap->name : NULL;
}

static void print_layouts(void)
{
    const char *name;
    print("%s; there are:", consoles_keymap()->name);
    for (unsigned int i = 0; (name = names(i)) != NULL; i++)
        print(" %s", name);
    print("\n");
}

static status_t command_keymap(int argc, char **argv)
{
    if (!arguments_count(argc, argv, 0, 1))
        return STATUS_INVALID;
    if (argc == 1) {
        print_layouts();
        return STATUS_OK;
    }
    const struct keymap *keymap = find(argv[1]);
    if (!keymap) {
        argument_refuse(argv[1], "a layout: 'keymap' lists them");
        return STATUS_INVALID;
    }
    consoles_set_keymap(keymap);
    return STATUS_OK;
}
COMMAND_WITH_WORDS(keymap, command_keymap, .group = GROUP_OUTPUT, .arguments = "[LAYOUT]",
                   .help = "the layout of the keyboard, by country; without a word: all of them",
                   .example = "keymap us", .see_also = "clear", .words = names);

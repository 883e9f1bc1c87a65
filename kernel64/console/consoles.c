/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Selects and attaches the consoles. Without console=, every console found is attached. If none of the
 * consoles that it names is found, all others are attached, so that there is always output.
 *
 * Finding consoles and attaching them to the log are separate: all are found once, early; a panic attaches
 * the ones that console= omits.
 */
#include <console/consoles.h>

#include <ashlar/dev/debugcon.h>
#include <ashlar/dev/ps2.h>
#include <boot/machine.h>
#include <boot/options.h>
#include <console/input_interrupts.h>
#include <console/inputs.h>
#include <console/option.h>
#include <console/screens.h>
#include <console/serial_console.h>
#include <lib/machine_ops.h>
#include <lib/string.h>
#include <log/log.h>
#include <log/output.h>

OPTION(console, "NAME[,NAME]...", "serial[:PORT[:BAUD]], vga, fb, debugcon; default: all");

static status_t apply_color(const char *value)
{
    bool is_auto = strcmp(value, "auto") == 0;
    if (!is_auto && strcmp(value, "never") != 0)
        return STATUS_INVALID;
    output_set_colours(is_auto);
    return STATUS_OK;
}
OPTION_EARLY(color, "auto|never", "colours on screens, and at the prompt of a terminal", apply_color);

static struct debugcon debugcon;
static struct ps2_keyboard keyboard;

static bool is_named[CONSOLE_KINDS]; /* by console= */
static bool is_tried[CONSOLE_KINDS]; /* attached, or not found */

static struct console *start_debugcon(void)
{
    return debugcon_init(&debugcon, is_named[CONSOLE_DEBUGCON]) == STATUS_OK ? &debugcon.console : NULL;
}

static struct console *(*const starters[CONSOLE_KINDS])(void) = {
    [CONSOLE_DEBUGCON] = start_debugcon,
    [CONSOLE_SERIAL] = serial_console,
    [CONSOLE_VGA] = screens_start_vga,
    [CONSOLE_FRAMEBUFFER] = screens_start_framebuffer,
};

/* Return: whether it was found and attached. */
static bool attach(enum console_kind kind)
{
    if (is_tried[kind])
        return false;
    is_tried[kind] = true; /* first: after a panic in the start it is not tried again */
    struct console *console = starters[kind]();
    if (console)
        log_attach(console);
    return console != NULL;
}

/* Return: the number attached. */
static unsigned int attach_kinds(const bool *is_wanted)
{
    unsigned int count = 0;
    for (unsigned int kind = 0; kind < CONSOLE_KINDS; kind++)
        if (!is_wanted || is_wanted[kind])
            count += attach((enum console_kind)kind);
    return count;
}

/* Return: whether console= is given. @serial: its choice of a serial port; word is NULL when it has none. */
static bool read_option(struct console_choice *serial)
{
    static char option[128];
    struct console_choice choice;
    status_t status = option_read(&option_console, option, sizeof(option));
    if (status == STATUS_NOT_FOUND)
        return false;
    if (status != STATUS_OK) {
        log_warn("console", "console= ignored: its value is longer than %lu characters", sizeof(option) - 1);
        return false;
    }
    for (size_t cursor = 0; (status = console_option_next(option, &cursor, &choice)) != STATUS_NOT_FOUND;) {
        if (status != STATUS_OK) {
            log_warn("console", "console=%.*s: expected serial[:PORT[:BAUD]], vga, fb or debugcon",
                     (int)choice.word_length, choice.word);
            continue;
        }
        if (choice.kind == CONSOLE_SERIAL && serial->word)
            log_warn("console", "console=%.*s ignored: only one serial port is used", (int)choice.word_length,
                     choice.word);
        else if (choice.kind == CONSOLE_SERIAL)
            *serial = choice;
        is_named[choice.kind] = true;
    }
    return true;
}

void consoles_start(void)
{
    struct console_choice serial = { .word = NULL };
    bool has_option = read_option(&serial);
    screens_find(&machine_boot_info()->framebuffer);
    serial_console_find(serial.word ? &serial : NULL);
    if (attach_kinds(has_option ? is_named : NULL) > 0 || !has_option)
        return;
    log_warn("console", "no console of console= found; all others are used");
    attach_kinds(NULL);
}

static void attach_all(void)
{
    serial_console_find_in_panic();
    screens_find(&machine_boot_info()->framebuffer);
    attach_kinds(NULL);
}

void consoles_init(void)
{
    machine_ops.attach_consoles = attach_all;
}

void consoles_apply_firmware(void)
{
    if (!option_is_given(&option_console))
        serial_console_look_again(is_tried[CONSOLE_SERIAL]);
}

void consoles_set_keymap(const struct keymap *keymap)
{
    keyboard.keys.keymap = keymap;
}

const struct keymap *consoles_keymap(void)
{
    return scan_keys_layout(&keyboard.keys);
}

void consoles_start_inputs(void)
{
    serial_console_start_input();
    /* An absent keyboard is still an input: it may be plugged in later. */
    if (ps2_init(&keyboard) != STATUS_NOT_FOUND) {
        inputs_add(&keyboard.input);
        keyboard_start_interrupts(&keyboard);
    }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command `save`: the report and the log, to where a person can take them away: as QR codes on the
 * screen, one after another, or as text on the serial port.
 *
 * The text is gathered twice: first its length is counted. It cannot grow while it is gathered, because the
 * log is copied under its lock. What is logged between the two may be missing at the end.
 */
#include <ashlar/check.h>
#include <ashlar/command.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/report.h>

#include <command/run.h>
#include <console/screens.h>
#include <lib/format.h>
#include <lib/qr_code.h>
#include <lib/string.h>
#include <log/arguments.h>
#include <log/log.h>
#include <log/print.h>
#include <monitor/keys.h>
#include <monitor/pager.h>

/* A version that a telephone reads from a screen, and modules that it can tell apart. */
#define VERSION_MOST        25
#define MODULE_PIXELS_LEAST 3
#define HEADER_MAX          40

/* ---- the text ---- */

/* A console, so that log_attach() replays the log into it. */
struct text {
    struct console console;
    char *bytes; /* NULL: only counted */
    size_t length, size;
};

static void put(void *context, const char *bytes, size_t length)
{
    struct text *text = context;
    if (text->bytes) {
        size_t left = text->size - text->length;
        length = length < left ? length : left;
        memcpy(text->bytes + text->length, bytes, length);
    }
    text->length += length;
}

static void put_string(struct text *text, const char *string)
{
    put(text, string, strlen(string));
}

static void write_text(struct console *console, const char *bytes, size_t length)
{
    put(container_of(console, struct text, console), bytes, length);
}

/* The two lines around the log are those of the command `log`. */
static void gather(struct text *text)
{
    text->console = (struct console){ .name = "save", .write = write_text };
    text->length = 0;
    for (const struct report *report = __reports_start; report < __reports_end; report++) {
        struct json json = { .put = put, .context = text };
        json_begin(&json, report->type);
        report->run(&json);
        json_end(&json);
    }
    put_string(text, "log, shown again:\n");
    log_attach(&text->console);
    log_detach(&text->console);
    put_string(text, "end of the log\n");
}

/* ---- on the screen ---- */

static bool is_dark(const void *context, unsigned int column, unsigned int row)
{
    const struct qr_code *code = context;
    unsigned int x = column - QR_QUIET_MODULES, y = row - QR_QUIET_MODULES;
    return x < code->size && y < code->size && qr_is_dark(code, x, y);
}

/* Return: the largest version that the screen can show, 0 if it can show none. */
static unsigned int version_here(void)
{
    unsigned int modules = screens_picture_max(MODULE_PIXELS_LEAST);
    if (modules < 21 + 2 * QR_QUIET_MODULES)
        return 0;
    unsigned int version = (modules - 2 * QR_QUIET_MODULES - 17) / 4;
    return version < VERSION_MOST ? version : VERSION_MOST;
}

/* Shows one code, the smallest that holds the text, and waits for a key. Return: whether to go on. */
static bool show_part(struct qr_code *code, const char *bytes, size_t length, const char *label)
{
    struct framebuffer_picture picture = { .is_dark = is_dark, .context = code, .label = label };
    VERIFY(qr_encode(code, qr_version_for(length), (const uint8_t *)bytes, length) == STATUS_OK);
    picture.size = code->size + 2 * QR_QUIET_MODULES;
    screens_show_picture(&picture);
    int key = keys_wait_for_new();
    return key != 'q' && key != 'Q' && key != KEY_STOP;
}

/* Each code's text begins with a line that gives its number, so that the parts can be put together again. */
static status_t show_codes(const struct text *text, unsigned int version)
{
    char *part = kmalloc(QR_CODEWORDS_MAX);
    struct qr_code *code = kmalloc(sizeof(*code));
    size_t size = qr_capacity(version) - HEADER_MAX, count = (text->length + size - 1) / size;
    status_t status = part && code ? STATUS_OK : STATUS_NO_MEMORY;
    if (status == STATUS_OK)
        print("%zu codes on the screen: a key shows the next one, q ends\n", count);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        char label[HEADER_MAX + 40];
        size_t left = text->length - i * size, length = left < size ? left : size;
        size_t header =
            format_buffer(part, HEADER_MAX, "Ashlar %s, %zu of %zu\n", ASHLAR_VERSION, i + 1, count);
        memcpy(part + header, text->bytes + i * size, length);
        format_buffer(label, sizeof(label), "Code %zu of %zu. A key shows the next one, q ends.", i + 1,
                      count);
        if (!show_part(code, part, header + length, label))
            break;
    }
    screens_hide_picture();
    kfree(code);
    kfree(part);
    return status;
}

/* ---- the command ---- */

static status_t save(bool is_serial, unsigned int version)
{
    struct text text = { .bytes = NULL };
    gather(&text);
    text.size = text.length;
    text.bytes = kmalloc(text.size);
    if (!text.bytes)
        return STATUS_NO_MEMORY;
    gather(&text);
    status_t status = STATUS_OK;
    if (is_serial) {
        /* A program that stores what a terminal shows has no use for pauses. */
        pager_end();
        print_text(text.bytes, text.length);
    } else {
        status = show_codes(&text, version);
    }
    kfree(text.bytes);
    return status;
}

static const char *const ways[] = { "screen", "serial" };

static status_t command_save(int argc, char **argv)
{
    unsigned int version = run_is_attended() ? version_here() : 0;
    unsigned int choice;
    if (!arguments_count(argc, argv, 0, 1) ||
        (argc > 1 && !argument_choice(argv[1], ways, ARRAY_LEN(ways), &choice)))
        return STATUS_INVALID;
    bool is_screen = argc > 1 && choice == 0, is_serial = argc > 1 && choice == 1;
    if (is_screen && version == 0) {
        print_styled(STYLE_ERROR,
                     "no code fits the screen, or no user is there: 'save serial' prints the text\n");
        return STATUS_UNSUPPORTED;
    }
    return save(is_serial || version == 0, version);
}

static const char *save_words(unsigned int index)
{
    return index < ARRAY_LEN(ways) ? ways[index] : NULL;
}
COMMAND_WITH_WORDS(save, command_save, .group = GROUP_OUTPUT, .arguments = "[screen|serial]",
                   .help = "report and log to take away: QR codes on a screen of pixels, text elsewhere",
                   .example = "save serial", .see_also = "report log", .words = save_words);

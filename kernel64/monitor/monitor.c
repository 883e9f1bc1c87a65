/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's loop. Log lines printed while a line is edited appear in the
 * middle of it; Ctrl-L shows the line again. Only interactive commands are paged.
 */
#include <monitor/monitor.h>

#include <ashlar/sync/backoff.h>
#include <boot/options.h>
#include <console/inputs.h>
#include <log/log.h>
#include <log/output.h>
#include <log/print.h>
#include <panic/panic.h>
#include <boot/stages.h>
#include <power/verdict.h>
#include <lib/machine_ops.h>
#include <lib/string.h>
#include <monitor/complete.h>
#include <monitor/dispatch.h>
#include <monitor/history.h>
#include <monitor/keys.h>
#include <monitor/leave.h>
#include <monitor/pager.h>
#include <monitor/summary.h>

#define PROMPT "ashlar> "

static bool is_run_running;
static struct line line;
static size_t rows, columns; /* of the smallest screen */
static struct history history;

/*
 * For a panic. Interrupts are off, so all inputs are polled at their devices; keys typed before the report
 * are discarded.
 */
static void wait_for_restart(void)
{
    int key;

    print("The machine is halted; Ctrl-Alt-Del, Enter or R restarts it.\n");
    inputs_poll_devices();
    while (inputs_poll() != KEY_NONE)
        ;
    do {
        cpu_relax();
        key = keys_of_screen(inputs_poll());
    } while (key != KEY_RESTART && key != '\r' && key != 'r' && key != 'R');
}

bool monitor_is_attended(void)
{
    return !is_run_running;
}

/* ---- completion ---- */

static void list_words(complete_words_fn *words, const char *prefix, size_t length)
{
    size_t column = 0;
    const char *word;

    print("\n");
    for (unsigned int i = 0; (word = words(i)) != NULL; i++) {
        if (strncmp(word, prefix, length) != 0)
            continue;
        size_t width = strlen(word) < 18 ? 20 : strlen(word) + 2;
        if (column + width > columns) {
            print("\n");
            column = 0;
        }
        print("%-*s", (int)width, word);
        column += width;
    }
    print("\n");
    line_show_again(&line);
}

/* Return: the possible words at the cursor; NULL when unknown. @start: where the word begins. */
static complete_words_fn *words_at_cursor(size_t *start)
{
    size_t first = line.cursor, word;
    char name[32];

    while (first > 0 && line.text[first - 1] != ';')
        first--;
    while (first < line.cursor && line.text[first] == ' ')
        first++;
    for (word = line.cursor; word > first && line.text[word - 1] != ' '; word--)
        ;
    *start = word;
    if (word == first)
        return dispatch_names;

    size_t length = strcspn(line.text + first, " ");
    if (length >= sizeof(name) || strspn(line.text + first + length, " ") != word - first - length)
        return NULL; /* not the first argument */
    memcpy(name, line.text + first, length);
    name[length] = '\0';
    const struct command *command = dispatch_find(name);
    return command ? command->words : NULL;
}

static void complete_line(void)
{
    size_t start;
    complete_words_fn *words = words_at_cursor(&start);
    if (!words)
        return;

    size_t length = line.cursor - start;
    struct completion found = complete(words, line.text + start, length);
    if (found.count > 1 && found.common == length)
        list_words(words, line.text + start, length);
    else if (found.count > 0 && line_insert(&line, found.first + length, found.common - length) &&
             found.count == 1)
        (void)line_insert(&line, " ", 1);
}

/* ---- the loop ---- */

static void show_from_history(const char *text)
{
    if (text)
        line_set(&line, text);
}

static void put_prompt(void *context, const char *text, size_t length)
{
    (void)context;
    print_styled(STYLE_PROMPT, "%.*s", (int)length, text);
}

static void read_line(void)
{
    enum line_event event;

    line_start(&line);
    do {
        event = line_feed(&line, keys_wait());
        if (event == LINE_PREVIOUS)
            show_from_history(history_previous(&history, line.text));
        else if (event == LINE_NEXT)
            show_from_history(history_next(&history));
        else if (event == LINE_COMPLETE)
            complete_line();
    } while (event != LINE_ENTERED && event != LINE_CANCELED);
    history_end_walk(&history);
}

static void command_of_run_failed(const char *command)
{
    verdict_spoil(command);
    log_error("monitor", "run=: command '%s' failed", command);
}

/* If the rest of a line cannot be run, exit as `exit` does: the rest may contain the `exit`, and a program
   may be waiting for the verdict. */
static void run_without_a_person(const char *run)
{
    static char text[LINE_MAX];
    bool is_run;

    panic_set_exits(true);
    is_run_running = true;
    if (string_copy(text, sizeof(text), run) >= sizeof(text)) {
        verdict_spoil("run=");
        log_error("monitor", "run= ignored: longer than %d bytes", LINE_MAX - 1);
        is_run = false;
    } else {
        is_run = dispatch_line(text, command_of_run_failed);
    }
    if (!is_run)
        monitor_exit();
    is_run_running = false;
    panic_set_exits(false);
}

/* An unattended machine has to exit also after a panic before the prompt. */
static status_t apply_run(const char *value)
{
    (void)value;
    panic_set_exits(true);
    return STATUS_OK;
}
OPTION_EARLY(run, "\"COMMAND; COMMAND\"", "run monitor commands unattended, then prompt", apply_run);

void monitor_run(void)
{
    /* Longer than any line that is run: a truncated value is refused. */
    static char run[2048];
    machine_ops.wait_for_restart = wait_for_restart;
    boot_stage_mark("prompt");
    bool is_attended = option_read(&option_run, run, sizeof(run)) == STATUS_NOT_FOUND || !run[0];
    if (!is_attended)
        run_without_a_person(run);

    output_screen(&rows, &columns);
    line_init(&line, print_sink, put_prompt, NULL, PROMPT, columns);
    /* Not after run=, because then a program probably reads the log. */
    if (is_attended)
        summary_print();
    else
        print("Ashlar %s. Type help for the commands.\n", ASHLAR_VERSION);
    static const struct pager_keys keys = { .wait = keys_wait_for_new, .is_stopped = keys_have_stop };
    for (;;) {
        read_line();
        history_add(&history, line.text);
        pager_begin(rows, columns, &keys);
        (void)dispatch_line(line.text, NULL);
        pager_end();
    }
}

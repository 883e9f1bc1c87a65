/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's loop. Log lines that are printed while a line is edited go before it (log/prompt.c). Only
 * interactive commands are paged.
 */
#include <monitor/monitor.h>

#include <ashlar/sync/backoff.h>
#include <console/inputs.h>
#include <log/output.h>
#include <log/print.h>
#include <lib/machine_ops.h>
#include <lib/string.h>
#include <command/complete.h>
#include <command/dispatch.h>
#include <command/record.h>
#include <command/run.h>
#include <monitor/columns.h>
#include <monitor/history.h>
#include <monitor/keymap.h>
#include <monitor/keys.h>
#include <monitor/pager.h>
#include <monitor/summary.h>
#include <monitor/records.h>

#define PROMPT "ashlar> "

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

/* ---- completion ---- */

static void list_words(complete_words_fn *words, const char *prefix, size_t length)
{
    size_t column = 0;
    const char *word;

    line.put(line.context, "\n", 1);
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

static void put_text(void *context, const char *text, size_t length)
{
    (void)context;
    output_edit_prompt(text, length);
}

static void put_prompt(void *context, const char *text, size_t length)
{
    (void)context;
    (void)length;
    output_show_prompt(text);
}

static void read_line(void)
{
    enum line_event event;

    line_start(&line);
    do {
        int key = keys_wait();
        output_screen(&rows, &columns); /* may change with the key */
        line_set_columns(&line, columns);
        event = line_feed(&line, key);
        if (event == LINE_PREVIOUS)
            show_from_history(history_previous(&history, line.text));
        else if (event == LINE_NEXT)
            show_from_history(history_next(&history));
        else if (event == LINE_COMPLETE)
            complete_line();
    } while (event != LINE_ENTERED && event != LINE_CANCELED);
    history_end_walk(&history);
}

void monitor_run(void)
{
    machine_ops.wait_for_restart = wait_for_restart;
    output_screen(&rows, &columns);
    record_set_form(&records_form);
    dispatch_set_lists(&columns_lists);
    keymap_start();
    line_init(&line, put_text, put_prompt, NULL, PROMPT, columns);
    /* Not after run=, because then a program probably reads the log. */
    if (!run_was_given())
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

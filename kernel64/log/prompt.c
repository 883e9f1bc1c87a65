/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The row of a prompt: the prompt, what was typed, the cursor.
 *
 * A copy of the row is kept, and is changed under the consoles' lock together with the consoles: log lines of
 * any CPU and of interrupts are written between two edits, never within one, and find a row that they can
 * erase and write again. It needs '\r', '\b' and blanks only, which any terminal has.
 *
 * What is written again begins with '\r', so that a program that waits for a prompt at the beginning of a
 * line sees it once.
 */
#include <log/output.h>

#include <lib/string.h>

/* guarded by output_lock; is_active is read also without */
static struct {
    char text[OUTPUT_PROMPT_MAX];
    size_t prompt_length;  /* of the text's beginning, which has a style of its own */
    size_t length, cursor; /* prompt_length <= cursor <= length */
    bool is_active;        /* there is a prompt */
    bool is_shown;         /* not in a report, which erases it until its end */
    bool was_shown;
} row;

static void write_repeated(char c, size_t count)
{
    char text[32];
    memset(text, c, sizeof(text));
    for (; count > 0; count -= count < sizeof(text) ? count : sizeof(text))
        output_write(NULL, text, count < sizeof(text) ? count : sizeof(text));
}

bool prompt_hide(void)
{
    if (!row.is_shown)
        return false;
    row.is_shown = false;
    output_write(NULL, "\r", 1);
    write_repeated(' ', row.length);
    output_write(NULL, "\r", 1);
    return true;
}

void prompt_show(void)
{
    if (!row.is_active || row.is_shown)
        return;
    if (row.was_shown)
        output_write(NULL, "\r", 1);
    row.is_shown = row.was_shown = true;
    output_write_styled(NULL, STYLE_PROMPT, row.text, row.prompt_length);
    if (row.length > row.prompt_length)
        output_write(NULL, row.text + row.prompt_length, row.length - row.prompt_length);
    write_repeated('\b', row.length - row.cursor);
}

void output_show_prompt(const char *text)
{
    struct output_held held = output_take();
    row.prompt_length = row.length = row.cursor = strnlen(text, OUTPUT_PROMPT_MAX);
    memcpy(row.text, text, row.length);
    row.is_active = true;
    row.is_shown = row.was_shown = false;
    if (!output_is_held())
        prompt_show();
    output_give(held);
}

/* Changes the copy as a character changes the consoles. */
static void edit(char c)
{
    if (c == '\b') {
        row.cursor -= row.cursor > row.prompt_length;
    } else if (c == '\n' || c == '\f') {
        row.is_active = row.is_shown = false;
    } else if (row.cursor < OUTPUT_PROMPT_MAX) {
        row.text[row.cursor++] = c;
        row.length = row.cursor > row.length ? row.cursor : row.length;
    }
}

void output_edit_prompt(const char *text, size_t length)
{
    struct output_held held = output_take();
    bool is_hidden = row.is_active && !row.is_shown;
    for (size_t i = 0; i < length && row.is_active; i++)
        edit(text[i]);
    if (!is_hidden && length > 0)
        output_write(NULL, text, length);
    output_give(held);
}

void output_erase_prompt(void)
{
    /* Read without the lock: set by the same CPU, unless in a panic, which may find it either way. */
    if (!row.is_active)
        return;
    struct output_held held = output_take();
    (void)prompt_hide();
    row.is_active = false;
    output_give(held);
}

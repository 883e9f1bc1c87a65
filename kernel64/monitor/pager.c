/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager is an observer of print(), so that commands need no code for it. Output that has passed is on the
 * screen or gone, so a search goes forward only. Of a command that is stopped the output is dropped; one that
 * runs long asks print_is_stopped() and returns.
 */
#include <monitor/pager.h>

#include <ashlar/dev/input.h>
#include <log/output.h>
#include <log/print.h>
#include <monitor/keys.h>

#define CTRL_U 0x15

static const struct pager_keys *keys;
static size_t screen_rows, rows_left;
static char word[PAGER_WORD_MAX + 1];

/* Not by print(), which calls the pager. */
static void show(const char *text, size_t length)
{
    struct output_held held = output_take();
    output_write(NULL, text, length);
    output_give(held);
}

static void erase(size_t columns)
{
    while (columns-- > 0)
        show("\b \b", 3);
}

/* Reads a word after '/'. Return: false if it was left without one. */
static bool read_word(void)
{
    char typed[sizeof(word)];
    size_t length = 0;
    int key;

    output_erase_prompt();
    show("/", 1);
    while ((key = keys->wait()) != '\r' && key != KEY_STOP) {
        char c = (char)key;
        if (key == '\b' && length == 0)
            break;
        if (key == '\b' || key == CTRL_U) {
            size_t gone = key == CTRL_U ? length : 1;
            erase(gone);
            length -= gone;
        } else if (key >= ' ' && key < 0x7f && length < PAGER_WORD_MAX) {
            typed[length++] = c;
            show(&c, 1);
        }
    }
    erase(length + 1);
    if (key != '\r' || length == 0)
        return false;
    typed[length] = '\0';
    __builtin_memcpy(word, typed, length + 1);
    return true;
}

static bool prompt(void)
{
    output_show_prompt("--More--");
    for (;;) {
        int key = keys->wait();
        bool goes_on = true;
        if (key == '/' && !read_word()) {
            output_show_prompt("--More--");
            continue;
        }
        if (key == '/' || (key == 'n' && word[0] != '\0')) {
            print_search(word);
            rows_left = screen_rows;
        } else if (key == ' ' || key == KEY_PAGE_DOWN)
            rows_left = screen_rows;
        else if (key == '\r' || key == KEY_DOWN)
            rows_left = 1;
        else if (key == 'q' || key == 'Q' || key == KEY_STOP)
            goes_on = false;
        else
            continue;
        output_erase_prompt();
        if (key == KEY_STOP)
            show("^C\n", 3);
        return goes_on;
    }
}

/* Prompts before the first line that does not fit, not after the last one that does: there may be no more. */
static bool count_rows(size_t rows)
{
    if (keys->is_stopped()) {
        show("^C\n", 3);
        return false;
    }
    rows_left -= rows < rows_left ? rows : rows_left;
    return rows_left > 0 || prompt();
}

void pager_begin(size_t rows, size_t columns, const struct pager_keys *key_source)
{
    keys = key_source;
    screen_rows = rows > 2 ? rows - 1 : 1; /* the last row is for the prompt */
    rows_left = screen_rows;
    print_set_observer(count_rows, columns);
}

void pager_end(void)
{
    bool is_missed = print_is_searching();
    print_set_observer(NULL, 0);
    if (is_missed)
        print("'%s' is not in what follows\n", word);
}

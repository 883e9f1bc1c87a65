/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pager is an observer of print(), so that commands need no code for it. A command cannot be stopped;
 * after `q` its output is dropped until it returns.
 */
#include <monitor/pager.h>

#include <ashlar/dev/input.h>
#include <log/output.h>
#include <log/print.h>

#define CTRL_C 3

static pager_key_fn *wait_for_key;
static size_t screen_rows, rows_left;

static bool prompt(void)
{
    output_show_prompt("--More--");
    for (;;) {
        int key = wait_for_key();
        bool goes_on = true;
        if (key == ' ' || key == KEY_PAGE_DOWN)
            rows_left = screen_rows;
        else if (key == '\r' || key == KEY_DOWN)
            rows_left = 1;
        else if (key == 'q' || key == 'Q' || key == CTRL_C)
            goes_on = false;
        else
            continue;
        output_erase_prompt();
        return goes_on;
    }
}

/* Prompts before the first line that does not fit, not after the last one that does: there may be no more. */
static bool count_rows(size_t rows)
{
    rows_left -= rows < rows_left ? rows : rows_left;
    return rows_left > 0 || prompt();
}

void pager_begin(size_t rows, size_t columns, pager_key_fn *key)
{
    wait_for_key = key;
    screen_rows = rows > 2 ? rows - 1 : 1; /* the last row is for the prompt */
    rows_left = screen_rows;
    print_set_observer(count_rows, columns);
}

void pager_end(void)
{
    print_set_observer(NULL, 0);
}

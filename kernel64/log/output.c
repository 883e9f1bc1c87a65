/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of consoles, and their lock.
 *
 * The lock keeps lines whole. It is held with interrupts off: for one line at a time, also during a replay of
 * the ring, or for a whole report (output_hold()). If it is held:
 *
 *     by another CPU                      wait, for as long as the slowest line can take
 *     by this CPU: an NMI, a machine
 *     check, a panic inside the log       do not wait: the holder cannot go on
 *     after a wait that timed out         do not wait again until the lock has been released
 *
 * Without the lock text is still written to the consoles, perhaps in the middle of another line.
 */
#include <log/output.h>

#include <ashlar/check.h>
#include <lib/machine_ops.h>

/* The size assumed for the terminal at a serial port. */
#define TERMINAL_ROWS    24
#define TERMINAL_COLUMNS 80

/* A second at 4 GHz and two at 2 GHz: the longest line takes 0.6 s at 9600 baud. */
#define TIMEOUT_TICKS (1ULL << 32)

/* The holder's progress is the texts written to consoles. */
static struct lock_bound lock_bound = { .timeout_ticks = TIMEOUT_TICKS };
struct spinlock output_lock = SPINLOCK("log", LOCK_LOG, .bound = &lock_bound);
/* guarded by output_lock: what log.c says, and: */
static struct console *consoles; /* written with the lock held; read also without */
static uint32_t line_count;      /* read also without */

/* Atomic: the CPU that called output_hold(), plus 1; 0: none. After a wait for the reporter that timed out,
   the later CPU. */
static uint32_t reporter;

struct output_held output_take(void)
{
    struct output_held held = { .flags = local_irq_save() };
    held.taken = spin_lock_or_give_up(&output_lock);
    return held;
}

void output_give(struct output_held held)
{
    if (held.taken)
        spin_unlock(&output_lock);
    local_irq_restore(held.flags);
}

static bool is_reporter(void)
{
    return __atomic_load_n(&reporter, __ATOMIC_RELAXED) == machine_ops.cpu() + 1;
}

bool output_is_mine(void)
{
    return is_reporter() || spin_is_mine(&output_lock);
}

/* ---- styles ---- */

static bool has_colours = true;
static bool writes_screens = true;

void output_set_screens(bool on)
{
    writes_screens = on;
}

void output_set_colours(bool is_on)
{
    has_colours = is_on;
}

static void write_to(struct console *console, enum text_style style, bool is_log, const char *text,
                     size_t length)
{
    bool is_coloured = has_colours && (console->is_screen || (console->is_terminal && !is_log));
    console->style = (uint8_t)(is_coloured ? style : STYLE_PLAIN);
    console->write(console, text, length);
}

static bool has_other_than_screens(void)
{
    for (struct console *console = consoles; console; console = console->next)
        if (!console->is_screen)
            return true;
    return false;
}

/* To all screens, or to all consoles that are no screens. */
static void write_to_kind(bool is_screen, enum text_style style, bool is_log, const char *text, size_t length)
{
    __atomic_fetch_add(&lock_bound.progress, 1, __ATOMIC_RELAXED);
    if (is_screen && !writes_screens && has_other_than_screens())
        return;
    for (struct console *console = consoles; console; console = console->next)
        if (console->is_screen == is_screen)
            write_to(console, style, is_log, text, length);
}

static void write(struct console *only, enum text_style style, bool is_log, const char *text, size_t length)
{
    if (only) {
        __atomic_fetch_add(&lock_bound.progress, 1, __ATOMIC_RELAXED);
        write_to(only, style, is_log, text, length);
        return;
    }
    write_to_kind(false, style, is_log, text, length);
    write_to_kind(true, style, is_log, text, length);
}

void output_write(struct console *only, const char *text, size_t length)
{
    write(only, STYLE_PLAIN, false, text, length);
}

void output_write_styled(struct console *only, enum text_style style, const char *text, size_t length)
{
    write(only, style, false, text, length);
}

/* ---- lines ---- */

/* Return: its columns; SIZE_MAX without a screen of known size. */
static size_t narrowest_screen(void)
{
    size_t columns = SIZE_MAX;
    for (const struct console *console = consoles; console; console = console->next)
        if (console->is_screen && console->columns && console->columns < columns)
            columns = console->columns;
    return columns;
}

/* Makes newlines of blanks, so that on a screen the rows of a line end between words. The screen itself
   breaks a word that is wider than a row. */
static void break_rows(char *text, size_t length, size_t columns)
{
    while (length > columns) {
        size_t row = output_row_length(text, length, columns);
        if (text[row] == ' ')
            text[row++] = '\n';
        text += row;
        length -= row;
    }
}

void output_write_line(struct console *only, enum text_style style, char *text, size_t length)
{
    if (only) {
        if (only->is_screen)
            break_rows(text, length - 1, only->columns ? only->columns : SIZE_MAX);
        write(only, style, true, text, length);
        return;
    }
    bool was_shown = prompt_hide();
    write_to_kind(false, style, true, text, length);
    break_rows(text, length - 1, narrowest_screen());
    write_to_kind(true, style, true, text, length);
    __atomic_fetch_add(&line_count, 1, __ATOMIC_RELAXED);
    if (was_shown)
        prompt_show();
}

uint32_t output_line_count(void)
{
    return __atomic_load_n(&line_count, __ATOMIC_RELAXED);
}

static bool is_registered(const struct console *console)
{
    const struct console *each = consoles;
    while (each && each != console)
        each = each->next;
    return each != NULL;
}

void output_add(struct console *console)
{
    CHECK(!is_registered(console), "log: a console is registered once");
    console->next = consoles;
    consoles = console;
}

void output_remove(struct console *console)
{
    for (struct console **link = &consoles; *link; link = &(*link)->next) {
        if (*link == console) {
            *link = console->next;
            break;
        }
    }
}

void output_settle(void)
{
    for (struct console *console = consoles; console; console = console->next)
        if (console->settle)
            console->settle(console);
}

bool output_is_held(void)
{
    return __atomic_load_n(&reporter, __ATOMIC_RELAXED) != 0;
}

bool output_hold(struct output_held *held)
{
    if (is_reporter())
        return false;
    *held = output_take();
    __atomic_store_n(&reporter, machine_ops.cpu() + 1, __ATOMIC_RELAXED);
    (void)prompt_hide();
    return true;
}

void output_release(struct output_held held)
{
    uint32_t mine = machine_ops.cpu() + 1;
    __atomic_fetch_add(&line_count, 1, __ATOMIC_RELAXED);
    prompt_show();
    (void)__atomic_compare_exchange_n(&reporter, &mine, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
    output_give(held);
}

void output_screen(size_t *rows, size_t *columns)
{
    struct output_held held = output_take();
    *rows = SIZE_MAX;
    *columns = SIZE_MAX;
    for (struct console *console = consoles; console; console = console->next) {
        bool is_known = console->rows && console->columns;
        if (!is_known && !console->is_typed_at)
            continue;
        size_t its_rows = is_known ? console->rows : TERMINAL_ROWS;
        size_t its_columns = is_known ? console->columns : TERMINAL_COLUMNS;
        *rows = its_rows < *rows ? its_rows : *rows;
        *columns = its_columns < *columns ? its_columns : *columns;
    }
    if (*rows == SIZE_MAX) {
        *rows = TERMINAL_ROWS;
        *columns = TERMINAL_COLUMNS;
    }
    output_give(held);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * print(): text to all consoles, under their lock; and the observer, a pager, that is called before each row.
 *
 * The observer counts rows of a screen and not lines: a line that is wider takes several. So with an
 * observer, text is written row by row, and the observer is called, without the lock, before the first
 * character of a row. Output of other CPUs is not counted. The position of a terminal's cursor is tracked for
 * printable text, '\n', '\r', '\b', '\t' and '\f', as dev/console.h defines them. A log line in the middle of
 * a row ends that row, so that the text goes on in column 1 of another. A line that begins with '@' is a
 * record for programs: it is counted, and the observer is not called within it. Terminals differ in whether a
 * newline after a full row begins another; it is counted as one.
 *
 * A filter and a search decide about lines, before rows are counted: while there is one, a line is held back
 * until it is complete.
 */
#include <log/print.h>

#include <lib/format.h>
#include <lib/string.h>
#include <log/output.h>

#define TAB_COLUMNS 8

/* Used by the monitor only, on its CPU; a panic clears it. */
static print_observer_fn *print_observer;
static bool is_print_dropped;
static size_t columns, column;
static bool is_line_begun, is_record;
static size_t rows_printed; /* since its last call */
static uint32_t lines_seen; /* log lines so far */

static print_capture_fn *capture; /* NULL: none */
static size_t capture_columns;

static uint32_t error_count; /* texts in STYLE_ERROR */

static const char *filter, *searched; /* NULL: none */
static char line[PRINT_LINE_MAX];     /* what of a line is held back */
static size_t line_length;

/* ---- the observer ---- */

/* Calls the observer. Return: whether to print more. It may wait for a key, so it is called without the
   lock, and never in a report. */
static bool may_print(void)
{
    size_t rows = rows_printed;

    if (output_is_mine())
        return true;
    if (is_print_dropped || !print_observer)
        return !is_print_dropped;
    rows_printed = 0;
    is_print_dropped = !print_observer(rows);
    return !is_print_dropped;
}

bool print_may_go_on(const char *text, size_t length)
{
    for (size_t row = 0; columns > 0 && length > 0; text++, length--) {
        bool is_end = *text == '\n';
        row = is_end ? 0 : row + 1;
        rows_printed += is_end || (row > columns && (row - 1) % columns == 0);
    }
    return may_print();
}

bool print_is_stopped(void)
{
    if (!is_print_dropped && print_observer && !output_is_mine())
        is_print_dropped = !print_observer(0);
    return is_print_dropped;
}

void print_set_observer(print_observer_fn *observer, size_t row_columns)
{
    print_observer = observer;
    filter = searched = NULL;
    capture = NULL;
    line_length = 0;
    columns = observer ? row_columns : 0;
    column = 0;
    is_line_begun = is_record = false;
    is_print_dropped = false;
    rows_printed = 0;
    lines_seen = output_line_count();
    output_erase_prompt();
}

/* Return: whether the character moves the cursor to another row. */
static bool moves_down(char c)
{
    switch (c) {
    case '\n':
    case '\f':
        column = 0;
        return true;
    case '\r':
        column = 0;
        return false;
    case '\b':
        column -= column > 0;
        return false;
    case '\t':
        column = (column / TAB_COLUMNS + 1) * TAB_COLUMNS;
        break;
    default:
        column++;
        break;
    }
    if (column < columns)
        return false;
    column = 0;
    return true;
}

static void write_out(enum text_style style, const char *text, size_t length)
{
    struct output_held held = output_take();
    output_write_styled(NULL, style, text, length);
    output_give(held);
}

/* Whether the line that @c is the next character of is a record. */
static void note_record(char c)
{
    if (!is_line_begun)
        is_record = c == '@';
    is_line_begun = c != '\n' && c != '\r';
    is_record = is_record && is_line_begun;
}

/* The rest of a row that a log line has cut is a row of its own. */
static void note_log_lines(void)
{
    uint32_t lines = output_line_count();
    if (lines == lines_seen)
        return;
    lines_seen = lines;
    rows_printed += column > 0;
    column = 0;
}

/* ---- filter and search ---- */

bool print_is_searching(void)
{
    return searched != NULL;
}

bool print_wants_line(const char *text, size_t length)
{
    if (filter && !string_contains(text, length, filter))
        return false;
    if (searched && !string_contains(text, length, searched))
        return false;
    searched = NULL;
    return true;
}

/* ---- writing ---- */

/*
 * Writes text, with an observer row by row. @is_decided: it is one line, whose first rows may be on the
 * screen when the observer begins a search, so it is written to its end.
 *
 * Return: how much was written; less than @length only when the observer has begun a search, which then
 *         decides about the rest.
 */
static size_t write_rows(enum text_style style, const char *text, size_t length, bool is_decided)
{
    size_t written = 0;
    if (!print_observer) {
        if (may_print())
            write_out(style, text, length);
        return length;
    }
    while (written < length && (note_log_lines(), is_record ? !is_print_dropped : may_print())) {
        size_t part = 0;
        bool is_row;
        if (searched && !is_decided)
            return written;
        do {
            note_record(text[written + part]);
            is_row = moves_down(text[written + part++]);
        } while (!is_row && written + part < length);
        rows_printed += is_row;
        write_out(style, text + written, part);
        written += part;
    }
    return length;
}

static void write_line(enum text_style style)
{
    if (line_length > 0 && print_wants_line(line, line_length))
        (void)write_rows(style, line, line_length, true);
    line_length = 0;
}

const char *print_set_filter(const char *word)
{
    const char *last = filter;
    write_line(STYLE_PLAIN); /* without a newline at its end */
    filter = word;
    return last;
}

void print_search(const char *word)
{
    searched = word;
}

bool print_set_capture(print_capture_fn *new_capture, size_t row_columns)
{
    if (new_capture && (filter || searched))
        return false;
    capture = new_capture;
    capture_columns = row_columns;
    return true;
}

/* Return: how much of the text was taken. */
static size_t hold_back(enum text_style style, const char *text, size_t length)
{
    size_t part = 0;
    bool is_end = false;
    while (part < length && !is_end) {
        line[line_length++] = text[part];
        is_end = text[part++] == '\n' || line_length == sizeof(line);
    }
    if (is_end)
        write_line(style);
    return part;
}

static void write_text(enum text_style style, const char *text, size_t length)
{
    if (capture && length > 0) {
        capture(style, text, length);
        return;
    }
    while (length > 0) {
        bool is_held = (filter && style != STYLE_ERROR) || searched;
        size_t part = is_held ? hold_back(style, text, length) : write_rows(style, text, length, false);
        text += part;
        length -= part;
    }
}

/* Whether each call is for the monitor's user, and no report. */
static bool is_watched(void)
{
    return (print_observer || filter || capture) && !output_is_mine();
}

void print_text_styled(enum text_style style, const char *text, size_t length)
{
    if (is_watched())
        write_text(style, text, length);
    else if (may_print())
        write_out(style, text, length);
}

void print_text(const char *text, size_t length)
{
    print_text_styled(STYLE_PLAIN, text, length);
}

void print_sink(void *context, const char *text, size_t length)
{
    (void)context;
    print_text(text, length);
}

/* Pieces of a format are gathered, so that consoles get whole lines. */
struct gathered {
    char text[256];
    size_t length;
    enum text_style style;
    bool is_watched; /* else under the lock, which is held */
};

static void flush(struct gathered *gathered)
{
    if (gathered->is_watched)
        write_text(gathered->style, gathered->text, gathered->length);
    else
        output_write_styled(NULL, gathered->style, gathered->text, gathered->length);
    gathered->length = 0;
}

static void gather(void *context, const char *text, size_t length)
{
    struct gathered *gathered = context;
    while (length > 0) {
        size_t space = sizeof(gathered->text) - gathered->length;
        size_t part = length < space ? length : space;
        memcpy(gathered->text + gathered->length, text, part);
        gathered->length += part;
        text += part;
        length -= part;
        if (gathered->length == sizeof(gathered->text))
            flush(gathered);
    }
}

static void print_in_style(enum text_style style, const char *format, va_list arguments)
{
    struct gathered gathered = { .length = 0, .style = style, .is_watched = is_watched() };
    struct output_held held = { .taken = false };

    if (!gathered.is_watched) {
        if (!may_print())
            return;
        held = output_take();
    }
    format_to(gather, &gathered, format, arguments);
    flush(&gathered);
    if (!gathered.is_watched)
        output_give(held);
}

void print_v(const char *format, va_list arguments)
{
    print_in_style(STYLE_PLAIN, format, arguments);
}

uint32_t print_error_count(void)
{
    return error_count;
}

void print_styled(enum text_style style, const char *format, ...)
{
    va_list arguments;
    error_count += style == STYLE_ERROR;
    va_start(arguments, format);
    print_in_style(style, format, arguments);
    va_end(arguments);
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_v(format, arguments);
    va_end(arguments);
}

void print_wrapped(const char *text, size_t column_now, size_t indent)
{
    size_t screen_rows, screen_columns;
    output_screen(&screen_rows, &screen_columns);
    if (capture)
        screen_columns = capture_columns;
    /* Not the last column: terminals differ in what a newline does after it. */
    size_t end = screen_columns > 1 ? screen_columns - 1 : 1;
    while (*text) {
        size_t width = end > column_now ? end - column_now : 1;
        size_t length = output_row_length(text, strlen(text), width);
        print("%.*s\n", (int)length, text);
        text += length + (text[length] == ' ');
        if (*text)
            print("%*s", (int)indent, "");
        column_now = indent;
    }
}

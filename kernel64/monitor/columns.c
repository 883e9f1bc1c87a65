/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout depends on the lines kept and the size of the screen only, so that what is shown can be found
 * again for each height that is tried. A column is as wide as its widest line.
 */
#include <monitor/columns.h>

#include <lib/string.h>
#include <log/output.h>
#include <log/print.h>

#define GAP         2 /* blanks between columns */
#define COLUMNS_MAX 16

/* From this width on, the texts of print_wrapped() are wrapped to a column of their own. */
#define WRAPPED_MIN 72

#define NO_LINE SIZE_MAX

static struct {
    char text[COLUMNS_TEXT_MAX]; /* of the lines, without newlines */
    uint8_t styles[COLUMNS_TEXT_MAX];
    uint16_t ends[COLUMNS_LINES_MAX]; /* of each complete line in the text */
    size_t lines, length;             /* complete lines; bytes, also of the line that is not complete */
    size_t rows, columns;             /* that a screen full has */
    bool is_kept;                     /* else the rest of the output is printed as it comes */
} list;

/* Columns of lines: column i has those from starts[i] up to ends[i], below its heading. */
struct page {
    size_t count;
    size_t starts[COLUMNS_MAX], ends[COLUMNS_MAX], headings[COLUMNS_MAX], widths[COLUMNS_MAX];
    size_t next; /* the first line that is not in it */
};

static size_t start_of(size_t line)
{
    return line > 0 ? list.ends[line - 1] : 0;
}

static size_t width_of(size_t line)
{
    return line == NO_LINE ? 0 : list.ends[line] - start_of(line);
}

static bool is_headline(size_t line)
{
    return width_of(line) > 0 && list.styles[start_of(line)] == STYLE_HEADLINE;
}

/* Return: the headline of a line in the middle of a section; NO_LINE for none. */
static size_t heading_of(size_t line)
{
    if (is_headline(line))
        return NO_LINE;
    while (line > 0 && width_of(line) > 0)
        if (is_headline(--line))
            return line;
    return NO_LINE;
}

/* Puts lines into columns of a height, from line @next of the page on. Return: whether all fit. */
static bool fill(struct page *page, size_t from, size_t height)
{
    size_t width = 0;
    *page = (struct page){ .next = from };
    while (page->next < list.lines && page->count < COLUMNS_MAX) {
        size_t start = page->next, i = page->count;
        while (i > 0 && start + 1 < list.lines && width_of(start) == 0)
            start++; /* no blank line at the top */
        size_t heading = height > 1 ? heading_of(start) : NO_LINE;
        size_t end = start + height - (heading != NO_LINE), widest = width_of(heading);
        end = end < list.lines ? end : list.lines;
        for (size_t line = start; line < end; line++)
            widest = width_of(line) > widest ? width_of(line) : widest;
        size_t total = width + (i > 0 ? GAP : 0) + widest;
        if (i > 0 && total > list.columns)
            break;
        width = total;
        page->starts[i] = start;
        page->ends[i] = page->next = end;
        page->headings[i] = heading;
        page->widths[i] = widest;
        page->count++;
    }
    return page->next == list.lines;
}

/* Return: whether these are the last lines. */
static bool lay_out(struct page *page, size_t from)
{
    struct page lower;
    if (!fill(page, from, list.rows))
        return false;
    for (size_t height = list.rows - 1; height > 0 && page->count > 1; height--) {
        if (!fill(&lower, from, height) || lower.count > page->count)
            break;
        *page = lower;
    }
    return true;
}

static void show_line(size_t line)
{
    for (size_t at = start_of(line), end = list.ends[line]; at < end;) {
        size_t part = 1;
        while (at + part < end && list.styles[at + part] == list.styles[at])
            part++;
        print_text_styled((enum text_style)list.styles[at], list.text + at, part);
        at += part;
    }
}

static void show_row(const struct page *page, size_t row)
{
    size_t missing = 0; /* blanks before the next text */
    for (size_t i = 0; i < page->count; i++) {
        bool has_heading = page->headings[i] != NO_LINE;
        size_t line = has_heading && row == 0 ? page->headings[i] : page->starts[i] + row - has_heading;
        size_t width = line == page->headings[i] || line < page->ends[i] ? width_of(line) : 0;
        if (width > 0) {
            print("%*s", (int)missing, "");
            show_line(line);
            missing = 0;
        }
        missing += page->widths[i] - width + GAP;
    }
    print("\n");
}

static void show_page(const struct page *page)
{
    size_t highest = 0;
    for (size_t i = 0; i < page->count; i++) {
        size_t height = page->ends[i] - page->starts[i] + (page->headings[i] != NO_LINE);
        highest = height > highest ? height : highest;
    }
    for (size_t row = 0; row < highest; row++)
        show_row(page, row);
}

/* Forgets the lines before @line. */
static void forget(size_t line)
{
    size_t start = start_of(line);
    memmove(list.text, list.text + start, list.length - start);
    memmove(list.styles, list.styles + start, list.length - start);
    for (size_t i = line; i < list.lines; i++)
        list.ends[i - line] = (uint16_t)(list.ends[i] - start);
    list.lines -= line;
    list.length -= start;
}

/* Shows the complete lines. @is_end: no more follow; else the last screen that is not full is kept, if there
   is another. */
static void show(bool is_end)
{
    struct page page = { .next = 0 };
    size_t from = 0;
    (void)print_set_capture(NULL, 0);
    while (from < list.lines) {
        if (lay_out(&page, from) && !is_end && from > 0)
            break;
        show_page(&page);
        from = page.next;
    }
    forget(from);
}

/* Shows all that is kept, also a line that is not complete. */
static void end(void)
{
    if (!list.is_kept)
        return;
    list.is_kept = false;
    show(true);
    for (size_t at = 0; at < list.length; at++)
        print_text_styled((enum text_style)list.styles[at], list.text + at, 1);
}

/* Return: the width of as many columns as the screen has room for. */
static size_t wrapped_columns(void)
{
    size_t count = (list.columns + GAP) / (WRAPPED_MIN + GAP);
    count = count > 1 ? count : 1;
    return (list.columns + GAP) / count - GAP + 1; /* print_wrapped() leaves out the last one */
}

static print_capture_fn keep;

static void make_space(void)
{
    if (list.length < COLUMNS_TEXT_MAX && list.lines < COLUMNS_LINES_MAX)
        return;
    if (list.lines == 0) { /* one line that fills the memory */
        end();
        return;
    }
    show(false);
    (void)print_set_capture(keep, wrapped_columns());
}

static bool is_for_a_list(enum text_style style, char c)
{
    bool is_at_start = list.length == start_of(list.lines);
    return style != STYLE_ERROR && (c == '\n' || (c >= ' ' && !(c == '@' && is_at_start)));
}

static void keep(enum text_style style, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (list.is_kept && !is_for_a_list(style, text[i]))
            end();
        if (!list.is_kept) {
            print_text_styled(style, text + i, length - i);
            return;
        }
        if (text[i] == '\n') {
            list.ends[list.lines++] = (uint16_t)list.length;
        } else {
            list.text[list.length] = text[i];
            list.styles[list.length++] = (uint8_t)style;
        }
        make_space();
    }
}

static void begin(void)
{
    size_t rows, columns;
    output_screen(&rows, &columns);
    list.lines = list.length = 0;
    /* The last row is for the prompt. In the last column terminals differ in what a newline does. */
    list.rows = rows > 2 ? rows - 1 : 1;
    list.columns = columns - 1;
    list.is_kept = columns >= COLUMNS_SCREEN_MIN && print_set_capture(keep, wrapped_columns());
}

const struct dispatch_lists columns_lists = { .begin = begin, .end = end };

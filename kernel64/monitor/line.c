/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The line editor.
 *
 * A key changes the line only; then refresh() compares the line with the terminal's contents and sends the
 * difference: back to the first byte that differs, the new rest, blanks over the old rest, back to the
 * cursor. So the keys are independent of the screen, and the terminal needs only '\b', which does not erase.
 *
 * '\b' does not move from one row to the row above. So a line longer than the row is shown in a window that
 * follows the cursor in steps of half its width. Refused: escape sequences, which would end in every log
 * file; and drawing over several rows without them.
 */
#include <monitor/line.h>

#include <lib/string.h>

#define CTRL(letter) (0x1f & (letter))
#define KEY_DEL      0x7f

void line_init(struct line *line, line_put_fn *put, line_put_fn *put_prompt, void *context,
               const char *prompt, size_t columns)
{
    *line = (struct line){ .put = put, .put_prompt = put_prompt, .context = context, .prompt = prompt };
    line_set_columns(line, columns);
}

void line_set_columns(struct line *line, size_t columns)
{
    line->width = columns - strlen(line->prompt) - 1;
    if (line->width > sizeof(line->shown))
        line->width = sizeof(line->shown);
}

/* ---- the screen ---- */

/* Back by '\b', forward by writing the characters again. */
static void go_to(struct line *line, size_t column)
{
    while (line->shown_cursor > column) {
        line->put(line->context, "\b", 1);
        line->shown_cursor--;
    }
    line->put(line->context, line->shown + line->shown_cursor, column - line->shown_cursor);
    line->shown_cursor = column;
}

static void follow_cursor(struct line *line)
{
    size_t step = line->width / 2;

    while (line->cursor < line->view)
        line->view -= line->view < step ? line->view : step;
    while (line->cursor - line->view >= line->width)
        line->view += step;
}

static void refresh(struct line *line)
{
    follow_cursor(line);
    const char *wanted = line->text + line->view;
    size_t length = line->length - line->view, same = 0, old_length = line->shown_length;

    if (length > line->width)
        length = line->width;
    while (same < length && same < old_length && wanted[same] == line->shown[same])
        same++;
    if (same < length || same < old_length) {
        go_to(line, same);
        memcpy(line->shown + same, wanted + same, length - same);
        if (old_length > length)
            memset(line->shown + length, ' ', old_length - length);
        go_to(line, length > old_length ? length : old_length);
        line->shown_length = length;
    }
    go_to(line, line->cursor - line->view);
}

void line_show_again(struct line *line)
{
    line->shown_length = line->shown_cursor = 0;
    line->put_prompt(line->context, line->prompt, strlen(line->prompt));
    refresh(line);
}

static void clear(struct line *line)
{
    line->length = line->cursor = line->view = 0;
    line->text[0] = '\0';
}

void line_start(struct line *line)
{
    clear(line);
    line_show_again(line);
}

/* ---- the line ---- */

static void delete_range(struct line *line, size_t start, size_t end)
{
    memmove(line->text + start, line->text + end, line->length - end + 1);
    line->length -= end - start;
    line->cursor = start;
}

static bool insert(struct line *line, const char *text, size_t length)
{
    if (length > LINE_MAX - 1 - line->length)
        return false;
    memmove(line->text + line->cursor + length, line->text + line->cursor, line->length - line->cursor + 1);
    memcpy(line->text + line->cursor, text, length);
    line->length += length;
    line->cursor += length;
    return true;
}

bool line_insert(struct line *line, const char *text, size_t length)
{
    bool fits = insert(line, text, length);
    refresh(line);
    return fits;
}

void line_set(struct line *line, const char *text)
{
    line->length = string_copy(line->text, LINE_MAX, text);
    if (line->length > LINE_MAX - 1)
        line->length = LINE_MAX - 1;
    line->cursor = line->length;
    if (line->length < line->width)
        line->view = 0;
    refresh(line);
}

static size_t word_start(const struct line *line)
{
    size_t at = line->cursor;
    while (at > 0 && line->text[at - 1] == ' ')
        at--;
    while (at > 0 && line->text[at - 1] != ' ')
        at--;
    return at;
}

/* Swaps the two characters around the cursor; at the end of the line, the last two. */
static void transpose(struct line *line)
{
    if (line->length < 2 || line->cursor == 0)
        return;
    if (line->cursor == line->length)
        line->cursor--;
    char left = line->text[line->cursor - 1];
    line->text[line->cursor - 1] = line->text[line->cursor];
    line->text[line->cursor++] = left;
}

static void edit(struct line *line, int key)
{
    char character = (char)key;

    switch (key) {
    case CTRL('A'):
    case KEY_HOME:
        line->cursor = 0;
        break;
    case CTRL('E'):
    case KEY_END:
        line->cursor = line->length;
        break;
    case CTRL('B'):
    case KEY_LEFT:
        line->cursor -= line->cursor > 0;
        break;
    case CTRL('F'):
    case KEY_RIGHT:
        line->cursor += line->cursor < line->length;
        break;
    case '\b':
    case KEY_DEL:
        if (line->cursor > 0)
            delete_range(line, line->cursor - 1, line->cursor);
        break;
    case CTRL('D'):
    case KEY_DELETE:
        if (line->cursor < line->length)
            delete_range(line, line->cursor, line->cursor + 1);
        break;
    case CTRL('K'):
        delete_range(line, line->cursor, line->length);
        break;
    case CTRL('U'):
        delete_range(line, 0, line->cursor);
        break;
    case CTRL('W'):
        delete_range(line, word_start(line), line->cursor);
        break;
    case CTRL('T'):
        transpose(line);
        break;
    default:
        if (key >= 0x20 && key < 0x7f)
            (void)insert(line, &character, 1);
        break;
    }
    refresh(line);
}

/* Moves the cursor to the end of the line, so that further output does not overwrite it. */
static enum line_event leave_line(struct line *line, enum line_event event)
{
    go_to(line, line->shown_length);
    if (event == LINE_CANCELED)
        line->put(line->context, "^C", 2);
    line->put(line->context, "\n", 1);
    line->shown_length = line->shown_cursor = 0;
    if (event == LINE_CANCELED)
        clear(line);
    return event;
}

enum line_event line_feed(struct line *line, int key)
{
    switch (key) {
    case '\r':
        return leave_line(line, LINE_ENTERED);
    case CTRL('C'):
        return leave_line(line, LINE_CANCELED);
    case CTRL('P'):
    case KEY_UP:
        return LINE_PREVIOUS;
    case CTRL('N'):
    case KEY_DOWN:
        return LINE_NEXT;
    case '\t':
        return LINE_COMPLETE;
    case CTRL('L'):
        line->put(line->context, "\f", 1);
        line_show_again(line);
        return LINE_EDITING;
    default:
        edit(line, key);
        return LINE_EDITING;
    }
}

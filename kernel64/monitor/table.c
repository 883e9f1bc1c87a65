/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a table is found again for each row: it depends on the columns' widths and the screen's only.
 */
#include <monitor/table.h>

#include <lib/format.h>
#include <lib/string.h>
#include <log/print.h>

unsigned int table_find(const struct table *table, const char *name)
{
    for (unsigned int i = 0; i < table->count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return TABLE_COLUMNS_MAX;
}

unsigned int table_add(struct table *table, const char *name)
{
    if (table->count == TABLE_COLUMNS_MAX)
        return TABLE_COLUMNS_MAX;
    table->columns[table->count] = (struct record_column){ .name = name };
    return table->count++;
}

/* ---- cells ---- */

void table_row_clear(struct table_row *row)
{
    row->length = 0;
    row->text[0] = '\0';
    memset(row->cells, 0, sizeof(row->cells));
}

void table_row_begin(struct table_row *row, unsigned int column)
{
    if (column < TABLE_COLUMNS_MAX) {
        row->cells[column].start = row->length;
        row->cells[column].length = 0;
    }
}

void table_row_put(struct table_row *row, unsigned int column, const char *text, size_t length)
{
    if (column >= TABLE_COLUMNS_MAX)
        return;
    for (size_t i = 0; i < length && row->length < TABLE_TEXT_MAX - 1; i++) {
        unsigned char c = (unsigned char)text[i];
        row->text[row->length++] = (char)(c >= 0x20 && c < 0x7f ? c : '?');
    }
    row->text[row->length] = '\0';
    row->cells[column].length = row->length - row->cells[column].start;
}

void table_measure(struct table *table, const struct table_row *row)
{
    for (unsigned int i = 0; i < table->count; i++)
        if (row->cells[i].length > table->columns[i].width)
            table->columns[i].width = (uint16_t)row->cells[i].length;
}

/* ---- layout ---- */

struct layout {
    bool is_broken;   /* names, at their last '_' */
    unsigned int gap; /* blanks between columns; 0: too wide for columns */
};

/* The part of a broken name in the upper row of headings, and the part in the lower one. */
static size_t upper_length(const char *name, struct layout layout)
{
    size_t length = layout.is_broken ? strlen(name) : 0;
    while (length > 0 && name[length - 1] != '_')
        length--;
    return length > 0 ? length - 1 : 0;
}

static const char *lower_part(const char *name, struct layout layout)
{
    size_t upper = upper_length(name, layout);
    return name + (upper > 0 ? upper + 1 : 0);
}

static size_t column_width(const struct record_column *column, struct layout layout)
{
    size_t upper = upper_length(column->name, layout), lower = strlen(lower_part(column->name, layout));
    size_t width = upper > lower ? upper : lower;
    return width > column->width ? width : column->width;
}

static struct layout layout_of(const struct table *table, size_t indent, size_t width)
{
    static const struct layout layouts[] = { { false, 2 }, { true, 2 }, { true, 1 } };
    for (size_t i = 0; i < ARRAY_LEN(layouts); i++) {
        size_t sum = indent;
        for (unsigned int column = 0; column < table->count; column++)
            sum += (column > 0 ? layouts[i].gap : 0) + column_width(&table->columns[column], layouts[i]);
        if (sum < width)
            return layouts[i];
    }
    return (struct layout){ false, 0 };
}

/* ---- rows ---- */

static void show_cell(const struct table *table, unsigned int i, struct layout layout, const char *text,
                      size_t length)
{
    const struct record_column *column = &table->columns[i];
    int gap = i > 0 ? (int)layout.gap : 0, width = (int)column_width(column, layout);
    if (!column->is_text)
        print("%*s%*.*s", gap, "", width, (int)length, text);
    else if (i + 1 < table->count)
        print("%*s%-*.*s", gap, "", width, (int)length, text);
    else
        print("%*s%.*s", gap, "", (int)length, text);
}

void table_show_headings(const struct table *table, size_t indent, size_t width)
{
    struct layout layout = layout_of(table, indent, width);
    bool is_any_broken = false;
    if (layout.gap == 0)
        return;
    for (unsigned int i = 0; i < table->count; i++)
        is_any_broken |= upper_length(table->columns[i].name, layout) > 0;
    for (unsigned int row = is_any_broken ? 0 : 1; row < 2; row++) {
        print("%*s", (int)indent, "");
        for (unsigned int i = 0; i < table->count; i++) {
            const char *name = table->columns[i].name, *lower = lower_part(name, layout);
            show_cell(table, i, layout, row == 0 ? name : lower,
                      row == 0 ? upper_length(name, layout) : strlen(lower));
        }
        print("\n");
    }
}

static void show_as_text(const struct table *table, const struct table_row *row, size_t indent)
{
    static char text[2 * TABLE_TEXT_MAX];
    size_t length = 0;
    for (unsigned int i = 0; i < table->count; i++) {
        const char *between = i == 0 ? "" : i == 1 ? ": " : ", ", *name = i > 0 ? table->columns[i].name : "";
        if (row->cells[i].length > 0 && length < sizeof(text))
            length +=
                format_buffer(text + length, sizeof(text) - length, "%s%s%s%.*s", between, name,
                              i > 0 ? " " : "", (int)row->cells[i].length, row->text + row->cells[i].start);
    }
    print("%*s", (int)indent, "");
    print_wrapped(length > 0 ? text : "-", indent, indent + 4);
}

void table_show_row(const struct table *table, const struct table_row *row, size_t indent, size_t width)
{
    struct layout layout = layout_of(table, indent, width);
    if (layout.gap == 0) {
        show_as_text(table, row, indent);
        return;
    }
    print("%*s", (int)indent, "");
    for (unsigned int i = 0; i < table->count; i++)
        show_cell(table, i, layout, row->text + row->cells[i].start, row->cells[i].length);
    print("\n");
}

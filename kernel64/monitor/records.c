/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A section is a row for each member, its name before its value; a list of objects is a table with a column
 * for each of their members. The widths must be known before the first row, so the record is written twice:
 * the first time it is only measured. A value that has grown between the two moves the rest of its row.
 * Refused: to keep the values instead, which have no bound.
 */
#include <monitor/records.h>

#include <lib/format.h>
#include <lib/size_text.h>
#include <lib/string.h>
#include <log/output.h>
#include <log/print.h>
#include <monitor/table.h>

#define INDENT     2
#define LISTS_MAX  8 /* in a record, with names of their own */
#define NUMBER_MAX 32
#define NAME_MAX   64
#define HZ_PER_MHZ 1000000u

/* Where in the record the next member is. A list in a row is one cell; what is nested deeper is left out. */
enum place { IN_MEMBERS, IN_OBJECT, IN_LIST, IN_ROW, IN_CELL };

static struct {
    bool is_measuring;
    size_t screen_columns;
    size_t name_width; /* of the longest member's name */

    enum place place;
    unsigned int deeper;
    const char *object; /* NULL: not in one */
    const char *list;
    unsigned int row_count;

    /* The tables of lists, with their names. */
    const char *names[LISTS_MAX];
    struct table tables[LISTS_MAX], none;
    unsigned int table_count;

    struct table *table;  /* of the row */
    unsigned int column;  /* of the cell */
    struct table_row row; /* in its first cell: the value of a member, or the values of a list */
} state;

/* ---- members ---- */

/* A member's name, with that of the object that it is in. Return: its length. */
static size_t full_name(const char *name, char text[NAME_MAX])
{
    return format_buffer(text, NAME_MAX, "%s%s%s", state.object ? state.object : "", state.object ? "." : "",
                         name);
}

static void begin_value(void)
{
    table_row_clear(&state.row);
    table_row_begin(&state.row, 0);
}

/* A row of a section: the value is the row's first cell. */
static void end_value(const char *name)
{
    char text[NAME_MAX];
    size_t width = full_name(name, text);
    if (state.is_measuring) {
        state.name_width = width > state.name_width ? width : state.name_width;
        return;
    }
    size_t column = INDENT + state.name_width + 2;
    print("%*s%-*s  ", INDENT, "", (int)state.name_width, text);
    print_wrapped(state.row.length > 0 ? state.row.text : "-", column, column);
}

/* ---- rows of a list ---- */

/* A table that was not measured has no columns. */
static struct table *table_of(const char *name)
{
    for (unsigned int i = 0; i < state.table_count; i++)
        if (strcmp(state.names[i], name) == 0)
            return &state.tables[i];
    if (!state.is_measuring || state.table_count == LISTS_MAX)
        return &state.none;
    state.names[state.table_count] = name;
    return &state.tables[state.table_count++];
}

static void begin_cell(const char *name, bool is_text)
{
    state.column = table_find(state.table, name);
    if (state.is_measuring && state.table != &state.none) {
        if (state.column == TABLE_COLUMNS_MAX)
            state.column = table_add(state.table, name);
        if (state.column < TABLE_COLUMNS_MAX && is_text)
            state.table->columns[state.column].is_text = true;
    }
    table_row_begin(&state.row, state.column);
}

static void end_row(void)
{
    bool is_first = state.row_count++ == 0;
    if (state.is_measuring) {
        table_measure(state.table, &state.row);
        return;
    }
    if (is_first) {
        char text[NAME_MAX];
        (void)full_name(state.list, text);
        print("%*s%s\n", INDENT, "", text);
        table_show_headings(state.table, 2 * INDENT, state.screen_columns);
    }
    table_show_row(state.table, &state.row, 2 * INDENT, state.screen_columns);
}

static void end_list(void)
{
    state.place = state.object ? IN_OBJECT : IN_MEMBERS;
    if (state.row_count > 0)
        return;
    if (state.row.length == 0)
        table_row_put(&state.row, 0, "none", 4);
    end_value(state.list);
}

/* ---- the walk over the members ---- */

static void put_value(const char *name, const char *text, size_t length, bool is_text)
{
    if (state.deeper > 0)
        return;
    switch (state.place) {
    case IN_MEMBERS:
    case IN_OBJECT:
        begin_value();
        table_row_put(&state.row, 0, text, length);
        end_value(name);
        break;
    case IN_LIST:
        if (state.row.length > 0)
            table_row_put(&state.row, 0, ", ", 2);
        table_row_put(&state.row, 0, text, length);
        break;
    case IN_ROW:
        begin_cell(name, is_text);
        table_row_put(&state.row, state.column, text, length);
        break;
    case IN_CELL:
        if (state.column < TABLE_COLUMNS_MAX && state.row.cells[state.column].length > 0)
            table_row_put(&state.row, state.column, ",", 1);
        table_row_put(&state.row, state.column, text, length);
        break;
    }
}

static void put_text(struct json *json, const char *name, const char *text, size_t length)
{
    (void)json;
    put_value(name, text, length, true);
}

static bool ends_in(const char *name, const char *end)
{
    size_t length = strlen(name), end_length = strlen(end);
    return length >= end_length && strcmp(name + length - end_length, end) == 0;
}

/* A number in the unit that its name tells. */
static void number_text(const char *name, uint64_t value, char text[NUMBER_MAX])
{
    static const char *const addresses[] = { "address", "start", "end", "isolated" };
    for (size_t i = 0; i < ARRAY_LEN(addresses); i++) {
        if (strcmp(name, addresses[i]) == 0) {
            format_buffer(text, NUMBER_MAX, "P%#lx", value);
            return;
        }
    }
    if (ends_in(name, "bytes"))
        (void)size_text(value, text);
    else if (ends_in(name, "_hz"))
        format_buffer(text, NUMBER_MAX, "%lu.%06lu MHz", value / HZ_PER_MHZ, value % HZ_PER_MHZ);
    else
        format_buffer(text, NUMBER_MAX, "%lu", value);
}

static void put_number(struct json *json, const char *name, uint64_t value)
{
    char text[NUMBER_MAX];
    (void)json;
    number_text(name ? name : state.list, value, text);
    put_value(name, text, strlen(text), false);
}

static void open(struct json *json, const char *name, bool is_list)
{
    (void)json;
    if (state.deeper == 0 && is_list && state.place <= IN_OBJECT) {
        state.list = name;
        state.table = table_of(name);
        state.row_count = 0;
        begin_value();
        state.place = IN_LIST;
    } else if (state.deeper == 0 && !is_list && state.place == IN_MEMBERS) {
        state.object = name;
        state.place = IN_OBJECT;
    } else if (state.deeper == 0 && !is_list && state.place == IN_LIST) {
        table_row_clear(&state.row);
        state.place = IN_ROW;
    } else if (state.deeper == 0 && is_list && state.place == IN_ROW) {
        begin_cell(name, true);
        state.place = IN_CELL;
    } else {
        state.deeper++;
    }
}

static void close(struct json *json)
{
    (void)json;
    if (state.deeper > 0) {
        state.deeper--;
    } else if (state.place == IN_CELL) {
        state.place = IN_ROW;
    } else if (state.place == IN_ROW) {
        end_row();
        state.place = IN_LIST;
    } else if (state.place == IN_LIST) {
        end_list();
    } else {
        state.object = NULL;
        state.place = IN_MEMBERS;
    }
}

static const struct json_form walk = { put_number, put_text, open, close };

static void write(const char *type, record_members_fn *members, const void *context)
{
    struct json json = { .form = &walk };
    json_begin(&json, type);
    members(&json, context);
    json_end(&json);
}

/* ---- the form ---- */

static void begin(enum place place)
{
    size_t screen_rows;
    memset(&state, 0, sizeof(state));
    output_screen(&screen_rows, &state.screen_columns);
    state.place = place;
}

static void show_section(const char *type, record_members_fn *members, const void *context)
{
    begin(IN_MEMBERS);
    print_styled(STYLE_HEADLINE, "%s\n", type);
    state.is_measuring = true;
    write(type, members, context);
    state.is_measuring = false;
    write(type, members, context);
}

static void set_columns(const struct record_column *columns)
{
    begin(IN_ROW);
    state.table = &state.tables[0];
    while (columns[state.table->count].name && state.table->count < TABLE_COLUMNS_MAX) {
        state.table->columns[state.table->count] = columns[state.table->count];
        state.table->count++;
    }
}

static void show_headings(const struct record_column *columns)
{
    set_columns(columns);
    table_show_headings(state.table, 0, state.screen_columns);
}

static void show_row(const struct record_column *columns, record_members_fn *members, const void *context)
{
    set_columns(columns);
    write("", members, context);
    table_show_row(state.table, &state.row, 0, state.screen_columns);
}

const struct record_form records_form = { show_section, show_headings, show_row };

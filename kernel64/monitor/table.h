/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A table on the screen: columns with headings, and rows of cells. The columns are set as close as the screen
 * needs: two blanks apart; with names broken at their last '_'; one blank apart. In a table that is still too
 * wide, each row is a text, broken between words: the first value, then the names and values of the others.
 *
 * Context of all: the monitor's thread. They allocate nothing.
 */
#include <command/record.h>

#define TABLE_COLUMNS_MAX 16
#define TABLE_TEXT_MAX    4096

struct table {
    struct record_column columns[TABLE_COLUMNS_MAX];
    unsigned int count;
};

/* The cells of one row: parts of one text. */
struct table_row {
    char text[TABLE_TEXT_MAX];
    size_t length;
    struct {
        size_t start, length;
    } cells[TABLE_COLUMNS_MAX];
};

/* Return: the index of a column; TABLE_COLUMNS_MAX when there is none. */
unsigned int table_find(const struct table *table, const char *name);

/* Adds a column. Return: its index; TABLE_COLUMNS_MAX when there are too many. @name: constant. */
unsigned int table_add(struct table *table, const char *name);

/* Empties the row. */
void table_row_clear(struct table_row *row);

/* Begins a cell, which is empty. @column: of table_find(). */
void table_row_begin(struct table_row *row, unsigned int column);

/* Adds to the cell that was begun last, as far as there is space; a byte that is no printable ASCII becomes
   '?'. */
void table_row_put(struct table_row *row, unsigned int column, const char *text, size_t length);

/* Widens columns for the cells of a row. */
void table_measure(struct table *table, const struct table_row *row);

/**
 * table_show_headings(), table_show_row() - print the headings, and a row.
 * @indent: blanks before each.
 * @width:  columns of the screen. The last one stays empty, because terminals differ in what they do there.
 *
 * A table that is too wide for columns has no headings.
 */
void table_show_headings(const struct table *table, size_t indent, size_t width);
void table_show_row(const struct table *table, const struct table_row *row, size_t indent, size_t width);

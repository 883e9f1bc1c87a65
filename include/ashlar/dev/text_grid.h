/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The text on a screen of character cells: dev/console.h's control characters, scrolling, and which cells
 * differ from what the screen shows. Memory only; a driver draws the cells.
 *
 * Not for serial lines, which have no cells.
 *
 * Context of all: any, one caller at a time for a grid. All indices are in range between any two statements,
 * so that a panic may write into a grid whose writer was stopped half-way.
 */
#include <ashlar/types.h>

#define TEXT_GRID_MAX_COLUMNS 8192u
#define TEXT_GRID_MAX_ROWS    8192u

struct text_grid {
    /* constant after init */
    uint16_t columns, rows;
    uint16_t stride;      /* cells from row to row in memory */
    uint16_t scroll_rows; /* by how many rows it scrolls at a time */
    uint8_t *wanted;      /* a ring of rows; screen row 0 is at top */
    uint8_t *shown;       /* the cells last passed to draw(), by screen row */

    uint16_t column; /* of the cursor, 0 .. columns; columns: the row is full */
    uint16_t row;    /* of the cursor, 0 .. rows - 1 */
    uint16_t top;
    uint16_t dirty_start, dirty_end; /* the screen rows that may differ */
};

/**
 * text_grid_draw_fn - draw a run of cells.
 * @context:  as given to text_grid_flush().
 * @row:      of the screen.
 * @column:   of the first cell; the run lies inside the row.
 * @shown, @wanted: @count cells, what the screen shows and what it should show: characters 0x20 .. 0x7e, no
 *             cell the same in both.
 */
typedef void text_grid_draw_fn(void *context, unsigned int row, unsigned int column, const uint8_t *shown,
                               const uint8_t *wanted, unsigned int count);

/* Return: the bytes of memory that text_grid_init() needs. */
size_t text_grid_size(unsigned int columns, unsigned int rows);

/**
 * text_grid_init() - an empty grid for a screen that shows blanks, with the cursor at the top left.
 * @columns, @rows: 1 .. TEXT_GRID_MAX_COLUMNS, TEXT_GRID_MAX_ROWS.
 * @scroll_rows:    rows to scroll at a time, 1 .. @rows; more than one is less smooth but faster.
 * @memory:         text_grid_size() bytes, owned by the grid from now on.
 */
void text_grid_init(struct text_grid *grid, unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                    void *memory);

/**
 * text_grid_write() - put text into the grid; nothing is drawn.
 * @text:   @length bytes, any values.
 *
 * A row that was filled exactly does not wrap yet: the next row begins with the next character.
 */
void text_grid_write(struct text_grid *grid, const char *text, size_t length);

/**
 * text_grid_flush() - draw every cell that differs from what the screen shows.
 * @draw, @context: called for each run of such cells.
 *
 * Cost: a comparison of 8 cells for each 8 cells of the rows that changed.
 */
void text_grid_flush(struct text_grid *grid, text_grid_draw_fn *draw, void *context);

/* Return: the column of the cell under the cursor, 0 .. columns - 1. */
unsigned int text_grid_cursor_column(const struct text_grid *grid);

/* Return: what the screen shows in a cell; both inside the grid. */
uint8_t text_grid_shown(const struct text_grid *grid, unsigned int row, unsigned int column);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The text on a screen of character cells: what dev/console.h's control characters do, scrolling,
 * and which cells differ from what the screen shows. Pure memory; a driver draws the cells.
 *
 * Not for serial lines: those have no cells.
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
    uint8_t *shown;       /* what draw() was last given, by screen row */

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
 * @shown, @wanted: @count cells, what the screen shows and what it is to show: characters 0x20 .. 0x7e,
 *             no cell the same in both.
 */
typedef void text_grid_draw_fn(void *context, unsigned int row, unsigned int column, const uint8_t *shown,
                               const uint8_t *wanted, unsigned int count);

/* Return: the bytes of memory that text_grid_init() needs for a screen of that many cells. */
size_t text_grid_size(unsigned int columns, unsigned int rows);

/**
 * text_grid_init() - an empty grid for a screen that shows blanks, with the cursor at the top left.
 * @columns, @rows: 1 .. TEXT_GRID_MAX_COLUMNS, TEXT_GRID_MAX_ROWS.
 * @scroll_rows:    1 .. @rows; more than one trades smoothness for work.
 * @memory:         text_grid_size() bytes, the grid's for good.
 */
void text_grid_init(struct text_grid *grid, unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                    void *memory);

/**
 * text_grid_write() - put text into the grid; nothing is drawn.
 *
 * A row that was filled exactly stays as it is: the next row begins when the next character comes.
 * Context: any. All indices are in range between any two statements, so that a panic may
 *          write into a grid whose writer was stopped half-way.
 */
void text_grid_write(struct text_grid *grid, const char *text, size_t length);

/**
 * text_grid_flush() - draw every cell that differs from what the screen shows.
 * @draw, @context: called for each run of such cells.
 *
 * Context: as text_grid_write().
 */
void text_grid_flush(struct text_grid *grid, text_grid_draw_fn *draw, void *context);

/* Return: the column of the cell under the cursor, 0 .. columns - 1. */
unsigned int text_grid_cursor_column(const struct text_grid *grid);

/* Return: what the screen shows in a cell; both inside the grid. */
uint8_t text_grid_shown(const struct text_grid *grid, unsigned int row, unsigned int column);

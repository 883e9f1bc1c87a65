/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The text on a screen of character cells: dev/console.h's control characters and styles, scrolling, the rows
 * that have scrolled out, and which cells differ from what the screen shows. Memory only; a driver draws the
 * cells.
 *
 * Not for serial lines, which have no cells.
 *
 * Context of all: any, one caller at a time for a grid. All indices are in range between any two statements,
 * so that a panic may write into a grid whose writer was stopped half-way.
 */
#include <ashlar/dev/console.h>

#define TEXT_GRID_MAX_COLUMNS 8192u
#define TEXT_GRID_MAX_ROWS    8192u

/* A cell: a character, 0x20 .. 0x7e, and its style, one of enum text_style. */
typedef uint16_t text_cell_t;
#define TEXT_CELL(style, character) ((text_cell_t)((style) << 8 | (character)))
#define TEXT_CELL_CHARACTER(cell)   ((uint8_t)(cell))
#define TEXT_CELL_STYLE(cell)       ((uint8_t)((cell) >> 8))

struct text_grid {
    /* constant after init */
    uint16_t columns, rows;
    uint16_t stride;      /* cells from row to row in memory */
    uint16_t scroll_rows; /* by how many rows it scrolls at a time */
    uint16_t ring_rows;   /* of wanted: the screen's, and room for older ones */
    text_cell_t *wanted;  /* a ring of rows; screen row 0 is at top */
    text_cell_t *shown;   /* the cells last passed to draw(), by screen row */

    uint16_t column; /* of the cursor, 0 .. columns; columns: the row is full */
    uint16_t row;    /* of the cursor, 0 .. rows - 1 */
    uint16_t top;
    uint16_t older_rows;             /* in the ring before top, 0 .. ring_rows - rows */
    uint16_t back_rows;              /* by which the view is scrolled back, 0 .. older_rows */
    uint16_t dirty_start, dirty_end; /* the screen rows that may differ */
};

/**
 * text_grid_draw_fn - draw a run of cells.
 * @context:  as given to text_grid_flush().
 * @row:      of the screen.
 * @column:   of the first cell; the run lies inside the row.
 * @shown, @wanted: @count cells, what the screen shows and what it should show; no cell the same in both.
 */
typedef void text_grid_draw_fn(void *context, unsigned int row, unsigned int column, const text_cell_t *shown,
                               const text_cell_t *wanted, unsigned int count);

/* Return: the bytes of memory that text_grid_init() needs at least. */
size_t text_grid_size(unsigned int columns, unsigned int rows);

/**
 * text_grid_init() - an empty grid for a screen that shows plain blanks, with the cursor at the top left.
 * @columns, @rows: 1 .. TEXT_GRID_MAX_COLUMNS, TEXT_GRID_MAX_ROWS.
 * @scroll_rows:    rows to scroll at a time, 1 .. @rows; more than one is less smooth but faster.
 * @memory:         aligned to 8, owned by the grid from now on.
 * @size_bytes:     of it, at least text_grid_size(); what is more keeps rows that scroll out.
 */
void text_grid_init(struct text_grid *grid, unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                    void *memory, size_t size_bytes);

/**
 * text_grid_write() - put text into the grid; nothing is drawn.
 * @style:  of the text.
 * @text:   @length bytes, any values.
 *
 * A row that was filled exactly does not wrap yet: the next row begins with the next character. A view that
 * is scrolled back returns to the newest rows.
 */
void text_grid_write(struct text_grid *grid, enum text_style style, const char *text, size_t length);

/**
 * text_grid_scroll() - move the view over the rows that are kept; nothing is drawn.
 * @rows: to move by: below 0 to older rows, above 0 to newer ones. The view stops at the last row kept.
 */
void text_grid_scroll(struct text_grid *grid, int rows);

/**
 * text_grid_flush() - draw every cell that differs from what the screen shows.
 * @draw, @context: called for each run of such cells.
 *
 * Cost: a comparison of 8 cells for each 8 cells of the rows that changed.
 */
void text_grid_flush(struct text_grid *grid, text_grid_draw_fn *draw, void *context);

/* Notes that the screen shows blanks now, whatever was drawn: the next flush draws all else. */
void text_grid_forget(struct text_grid *grid);

/* Return: the column of the cell under the cursor, 0 .. columns - 1. */
unsigned int text_grid_cursor_column(const struct text_grid *grid);

/* Return: the row of the cursor in the view; from rows on, the view is scrolled back too far to have it. */
unsigned int text_grid_cursor_row(const struct text_grid *grid);

/* Return: what the screen shows in a cell; both inside the grid. */
text_cell_t text_grid_shown(const struct text_grid *grid, unsigned int row, unsigned int column);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two copies of the cells: the wanted text, and what the screen shows.
 *
 * Video memory is slow to write and very slow to read, so it is never read, and written only where a cell
 * differs. Writing text changes the wanted copy alone. Scrolling moves no cell: the wanted rows are a ring,
 * and scrolling rotates it and blanks the rows that come in. A flush compares the two copies eight cells at a
 * time and draws the differences, so a hundred lines in one write cost one redraw and not a hundred.
 *
 * Padding cells at the end of each row, up to a multiple of eight, are blank in both copies.
 */
#include <ashlar/bits.h>
#include <ashlar/dev/text_grid.h>

#define WORD      8 /* cells compared at a time */
#define TAB_WIDTH 8

static size_t stride_of(unsigned int columns)
{
    return (size_t)align_up(columns, WORD);
}

size_t text_grid_size(unsigned int columns, unsigned int rows)
{
    return 2 * stride_of(columns) * rows;
}

static uint8_t *wanted_row(const struct text_grid *grid, unsigned int row)
{
    unsigned int index = grid->top + row;
    if (index >= grid->rows)
        index -= grid->rows;
    return grid->wanted + (size_t)index * grid->stride;
}

static void mark_dirty(struct text_grid *grid, unsigned int start, unsigned int end)
{
    if (start < grid->dirty_start)
        grid->dirty_start = (uint16_t)start;
    if (end > grid->dirty_end)
        grid->dirty_end = (uint16_t)end;
}

static void blank_rows(struct text_grid *grid, unsigned int start, unsigned int end)
{
    for (unsigned int row = start; row < end; row++)
        __builtin_memset(wanted_row(grid, row), ' ', grid->stride);
}

void text_grid_init(struct text_grid *grid, unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                    void *memory)
{
    size_t stride = stride_of(columns);
    *grid = (struct text_grid){
        .columns = (uint16_t)columns,
        .rows = (uint16_t)rows,
        .stride = (uint16_t)stride,
        .scroll_rows = (uint16_t)scroll_rows,
        .wanted = memory,
        .shown = (uint8_t *)memory + stride * rows,
        .dirty_start = (uint16_t)rows,
    };
    __builtin_memset(memory, ' ', text_grid_size(columns, rows));
}

static void scroll(struct text_grid *grid)
{
    unsigned int step = grid->scroll_rows;
    unsigned int top = grid->top + step;
    grid->top = (uint16_t)(top < grid->rows ? top : top - grid->rows);
    blank_rows(grid, grid->rows - step, grid->rows);
    mark_dirty(grid, 0, grid->rows);
    grid->row = (uint16_t)(grid->rows - step);
}

static void start_row(struct text_grid *grid)
{
    grid->column = 0;
    if (grid->row + 1u < grid->rows)
        grid->row++;
    else
        scroll(grid);
}

static void clear(struct text_grid *grid)
{
    grid->column = 0;
    grid->row = 0;
    blank_rows(grid, 0, grid->rows);
    mark_dirty(grid, 0, grid->rows);
}

static void put_visible(struct text_grid *grid, char c)
{
    if (grid->column >= grid->columns)
        start_row(grid);
    wanted_row(grid, grid->row)[grid->column] = (uint8_t)(c >= 0x20 && c <= 0x7e ? c : '?');
    grid->column++;
    mark_dirty(grid, grid->row, grid->row + 1u);
}

static void put(struct text_grid *grid, char c)
{
    unsigned int tab_stop;
    switch (c) {
    case '\n':
        start_row(grid);
        break;
    case '\r':
        grid->column = 0;
        break;
    case '\b':
        if (grid->column > 0)
            grid->column--;
        break;
    case '\t':
        tab_stop = (unsigned int)align_down(grid->column, TAB_WIDTH) + TAB_WIDTH;
        grid->column = (uint16_t)(tab_stop < grid->columns ? tab_stop : grid->columns);
        break;
    case '\f':
        clear(grid);
        break;
    default:
        put_visible(grid, c);
    }
}

void text_grid_write(struct text_grid *grid, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put(grid, text[i]);
}

static bool words_equal(const uint8_t *a, const uint8_t *b)
{
    uint64_t word_a, word_b;
    __builtin_memcpy(&word_a, a, WORD);
    __builtin_memcpy(&word_b, b, WORD);
    return word_a == word_b;
}

static void flush_row(struct text_grid *grid, unsigned int row, text_grid_draw_fn *draw, void *context)
{
    const uint8_t *wanted = wanted_row(grid, row);
    uint8_t *shown = grid->shown + (size_t)row * grid->stride;
    unsigned int column = 0;
    while (column < grid->columns) {
        if (is_aligned(column, WORD) && words_equal(wanted + column, shown + column)) {
            column += WORD;
            continue;
        }
        unsigned int start = column;
        while (column < grid->columns && wanted[column] != shown[column])
            column++;
        if (column == start) {
            column++;
            continue;
        }
        draw(context, row, start, shown + start, wanted + start, column - start);
        __builtin_memcpy(shown + start, wanted + start, column - start);
    }
}

unsigned int text_grid_cursor_column(const struct text_grid *grid)
{
    return grid->column < grid->columns ? grid->column : grid->columns - 1u;
}

uint8_t text_grid_shown(const struct text_grid *grid, unsigned int row, unsigned int column)
{
    return grid->shown[(size_t)row * grid->stride + column];
}

void text_grid_flush(struct text_grid *grid, text_grid_draw_fn *draw, void *context)
{
    unsigned int start = grid->dirty_start, end = grid->dirty_end;
    grid->dirty_start = grid->rows;
    grid->dirty_end = 0;
    for (unsigned int row = start; row < end; row++)
        flush_row(grid, row, draw, context);
}

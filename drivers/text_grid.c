/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two copies of the cells: the wanted text, and what the screen shows.
 *
 * Video memory is slow to write and very slow to read, so it is never read, and written only where a cell
 * differs. Writing text changes the wanted copy alone. Scrolling moves no cell: the wanted rows are a ring,
 * and scrolling rotates it and blanks the rows that come in. A flush compares the two copies eight cells at a
 * time and draws the differences, so a hundred lines in one write cost one redraw and not a hundred.
 *
 * The ring has room for more rows than the screen. Those that scroll out stay in it, before the screen's,
 * until the ring comes round; a view that is scrolled back begins at one of them, and is drawn by the same
 * flush.
 *
 * Padding cells at the end of each row, up to a multiple of eight, are blank in both copies.
 */
#include <ashlar/bits.h>
#include <ashlar/dev/text_grid.h>

#define WORD      8 /* cells compared at a time */
#define TAB_WIDTH 8

/* Larger than any screen, and such that the sum of two indices into the ring is small. */
#define RING_ROWS_MAX 0x7fffu

static size_t stride_of(unsigned int columns)
{
    return (size_t)align_up(columns, WORD);
}

size_t text_grid_size(unsigned int columns, unsigned int rows)
{
    return 2 * stride_of(columns) * rows * sizeof(text_cell_t);
}

/* @back_rows: how many rows before the screen's first the view begins. */
static text_cell_t *row_from(const struct text_grid *grid, unsigned int row, unsigned int back_rows)
{
    unsigned int index = grid->top + grid->ring_rows - back_rows + row;
    while (index >= grid->ring_rows) /* at most twice */
        index -= grid->ring_rows;
    return grid->wanted + (size_t)index * grid->stride;
}

static text_cell_t *wanted_row(const struct text_grid *grid, unsigned int row)
{
    return row_from(grid, row, 0);
}

static void mark_dirty(struct text_grid *grid, unsigned int start, unsigned int end)
{
    if (start < grid->dirty_start)
        grid->dirty_start = (uint16_t)start;
    if (end > grid->dirty_end)
        grid->dirty_end = (uint16_t)end;
}

/* @count: a multiple of eight, as each row's is. */
static void blank_cells(text_cell_t *cells, size_t count)
{
    const uint64_t blanks = 0x0020002000200020;
    for (text_cell_t *end = cells + count; cells < end; cells += 4)
        __builtin_memcpy(cells, &blanks, sizeof(blanks));
}

static void blank_rows(struct text_grid *grid, unsigned int start, unsigned int end)
{
    for (unsigned int row = start; row < end; row++)
        blank_cells(wanted_row(grid, row), grid->stride);
}

void text_grid_init(struct text_grid *grid, unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                    void *memory, size_t size_bytes)
{
    size_t stride = stride_of(columns);
    size_t ring_rows = size_bytes / (stride * sizeof(text_cell_t)) - rows;
    *grid = (struct text_grid){
        .columns = (uint16_t)columns,
        .rows = (uint16_t)rows,
        .stride = (uint16_t)stride,
        .scroll_rows = (uint16_t)scroll_rows,
        .ring_rows = (uint16_t)(ring_rows < RING_ROWS_MAX ? ring_rows : RING_ROWS_MAX),
        .shown = memory,
        .wanted = (text_cell_t *)memory + stride * rows,
        .dirty_start = (uint16_t)rows,
    };
    /* Rows of the ring are blanked when they come in. */
    blank_cells(memory, 2 * stride * rows);
}

static void scroll(struct text_grid *grid)
{
    unsigned int step = grid->scroll_rows;
    unsigned int top = grid->top + step, older = grid->older_rows + step;
    unsigned int older_max = (unsigned int)grid->ring_rows - grid->rows;
    grid->top = (uint16_t)(top < grid->ring_rows ? top : top - grid->ring_rows);
    grid->older_rows = (uint16_t)(older < older_max ? older : older_max);
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

static void put_visible(struct text_grid *grid, enum text_style style, char c)
{
    if (grid->column >= grid->columns)
        start_row(grid);
    wanted_row(grid, grid->row)[grid->column] = TEXT_CELL(style, c >= 0x20 && c <= 0x7e ? c : '?');
    grid->column++;
    mark_dirty(grid, grid->row, grid->row + 1u);
}

static void put(struct text_grid *grid, enum text_style style, char c)
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
        put_visible(grid, style, c);
    }
}

static void set_view(struct text_grid *grid, unsigned int back_rows)
{
    if (back_rows == grid->back_rows)
        return;
    grid->back_rows = (uint16_t)back_rows;
    mark_dirty(grid, 0, grid->rows);
}

void text_grid_write(struct text_grid *grid, enum text_style style, const char *text, size_t length)
{
    set_view(grid, 0);
    for (size_t i = 0; i < length; i++)
        put(grid, style, text[i]);
}

void text_grid_scroll(struct text_grid *grid, int rows)
{
    int back_rows = rows > grid->back_rows ? 0 : grid->back_rows - rows;
    set_view(grid, back_rows < grid->older_rows ? (unsigned int)back_rows : grid->older_rows);
}

static bool words_equal(const text_cell_t *a, const text_cell_t *b)
{
    uint64_t words_a[2], words_b[2];
    __builtin_memcpy(words_a, a, sizeof(words_a));
    __builtin_memcpy(words_b, b, sizeof(words_b));
    return ((words_a[0] ^ words_b[0]) | (words_a[1] ^ words_b[1])) == 0;
}

static void flush_row(struct text_grid *grid, unsigned int row, text_grid_draw_fn *draw, void *context)
{
    const text_cell_t *wanted = row_from(grid, row, grid->back_rows);
    text_cell_t *shown = grid->shown + (size_t)row * grid->stride;
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
        __builtin_memcpy(shown + start, wanted + start, (column - start) * sizeof(*shown));
    }
}

unsigned int text_grid_cursor_column(const struct text_grid *grid)
{
    return grid->column < grid->columns ? grid->column : grid->columns - 1u;
}

unsigned int text_grid_cursor_row(const struct text_grid *grid)
{
    return (unsigned int)grid->row + grid->back_rows;
}

text_cell_t text_grid_shown(const struct text_grid *grid, unsigned int row, unsigned int column)
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

void text_grid_forget(struct text_grid *grid)
{
    for (size_t cell = 0; cell < (size_t)grid->rows * grid->stride; cell++)
        grid->shown[cell] = TEXT_CELL(STYLE_PLAIN, ' ');
    mark_dirty(grid, 0, grid->rows);
}

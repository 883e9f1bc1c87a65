/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grid against a screen that has only what was drawn on it, and against a model that moves every cell
 * when it scrolls.
 */
#include <ashlar/dev/text_grid.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_CELLS 4096

static struct text_grid grid;
static uint8_t *memory;

static struct {
    text_cell_t cells[MAX_CELLS];
    unsigned int drawn;
} screen;

static void draw(void *context, unsigned int row, unsigned int column, const text_cell_t *shown,
                 const text_cell_t *wanted, unsigned int count)
{
    assert_ptr_equal(context, &screen);
    assert_true(row < grid.rows && count > 0 && column + count <= grid.columns);
    text_cell_t *cells = screen.cells + row * grid.columns + column;
    for (unsigned int i = 0; i < count; i++) {
        assert_int_equal(cells[i], shown[i]);
        assert_int_equal(cells[i], text_grid_shown(&grid, row, column + i));
        assert_int_not_equal(cells[i], wanted[i]);
        cells[i] = wanted[i];
    }
    screen.drawn += count;
}

/* @extra_rows: of memory for rows that have scrolled out. */
static void open_grid_with(unsigned int columns, unsigned int rows, unsigned int scroll_rows,
                           unsigned int extra_rows)
{
    /* Exactly as much memory as asked for, so that ASan reports an access outside. Filled, because only the
       screen's rows are blank at the start. */
    size_t size_bytes = text_grid_size(columns, rows) + text_grid_size(columns, 1) / 2 * extra_rows;
    memory = malloc(size_bytes);
    assert_non_null(memory);
    memset(memory, 'X', size_bytes);
    text_grid_init(&grid, columns, rows, scroll_rows, memory, size_bytes);
    for (unsigned int i = 0; i < MAX_CELLS; i++)
        screen.cells[i] = ' ';
    screen.drawn = 0;
}

static void open_grid(unsigned int columns, unsigned int rows, unsigned int scroll_rows)
{
    open_grid_with(columns, rows, scroll_rows, 0);
}

static int close_grid(void **state)
{
    (void)state;
    free(memory);
    memory = NULL;
    return 0;
}

static void show_styled(enum text_style style, const char *text)
{
    text_grid_write(&grid, style, text, strlen(text));
    text_grid_flush(&grid, draw, &screen);
}

static void show(const char *text)
{
    show_styled(STYLE_PLAIN, text);
}

static void scroll_view(int rows)
{
    text_grid_scroll(&grid, rows);
    text_grid_flush(&grid, draw, &screen);
}

/* The screen's rows, each without its trailing blanks, joined by '|'. */
static const char *seen(void)
{
    static char text[MAX_CELLS * 2];
    size_t length = 0;
    for (unsigned int row = 0; row < grid.rows; row++) {
        size_t row_length = grid.columns;
        while (row_length > 0 && screen.cells[row * grid.columns + row_length - 1] == ' ')
            row_length--;
        for (size_t column = 0; column < row_length; column++)
            text[length++] = (char)TEXT_CELL_CHARACTER(screen.cells[row * grid.columns + column]);
        text[length++] = '|';
    }
    text[length - 1] = 0;
    return text;
}

static void lines_are_placed_below_each_other(void **state)
{
    (void)state;
    open_grid(10, 4, 1);
    show("one\ntwo\n");
    assert_string_equal(seen(), "one|two||");
}

static void carriage_return_moves_to_the_first_column(void **state)
{
    (void)state;
    open_grid(10, 2, 1);
    show("one\rT");
    assert_string_equal(seen(), "Tne|");
}

static void backspace_moves_and_does_not_erase(void **state)
{
    (void)state;
    open_grid(10, 2, 1);
    show("one\b\b");
    assert_string_equal(seen(), "one|");
    assert_int_equal(text_grid_cursor_column(&grid), 1);
    show("\b\b\b\bO");
    assert_string_equal(seen(), "One|");
}

static void backspace_after_a_full_row_moves_to_its_last_cell(void **state)
{
    (void)state;
    open_grid(4, 2, 1);
    show("abcd\bX");
    assert_string_equal(seen(), "abcX|");
}

static void tab_moves_to_the_next_multiple_of_eight_and_erases_nothing(void **state)
{
    (void)state;
    open_grid(20, 2, 1);
    show("\tx\r01234567\ty");
    assert_string_equal(seen(), "01234567x       y|");
    show("\t\tz");
    assert_string_equal(seen(), "01234567x       y|z");
}

static void form_feed_clears_the_screen(void **state)
{
    (void)state;
    open_grid(10, 3, 1);
    show("one\ntwo\fx");
    assert_string_equal(seen(), "x||");
}

static void other_bytes_are_shown_as_question_marks(void **state)
{
    (void)state;
    open_grid(10, 2, 1);
    show("\x1b[m\a\x7f\x80\xff~ ");
    assert_string_equal(seen(), "?[m????~|");
}

static void a_long_line_wraps_to_the_next_row(void **state)
{
    (void)state;
    open_grid(4, 3, 1);
    show("abcdef");
    assert_string_equal(seen(), "abcd|ef|");
}

static void a_line_that_fits_exactly_leaves_no_empty_row(void **state)
{
    (void)state;
    open_grid(4, 3, 1);
    show("abcd\nef");
    assert_string_equal(seen(), "abcd|ef|");
}

static void scrolling_keeps_the_last_rows(void **state)
{
    (void)state;
    open_grid(4, 3, 1);
    show("1\n2\n3\n4\n5");
    assert_string_equal(seen(), "3|4|5");
}

static void the_grid_scrolls_by_the_given_number_of_rows(void **state)
{
    (void)state;
    open_grid(4, 4, 2);
    show("1\n2\n3\n4");
    assert_string_equal(seen(), "1|2|3|4");
    show("\n5");
    assert_string_equal(seen(), "3|4|5|");
    show("\n6");
    assert_string_equal(seen(), "3|4|5|6");
}

static void a_grid_may_have_one_cell(void **state)
{
    (void)state;
    open_grid(1, 1, 1);
    show("ab\nc\tz\b\f");
    assert_string_equal(seen(), "");
    show("xyz");
    assert_string_equal(seen(), "z");
}

static void only_cells_that_change_are_drawn(void **state)
{
    (void)state;
    open_grid(40, 10, 1);
    show("the same line\nthe same line\nthe same line");
    assert_int_equal(screen.drawn, 3 * 11);
    screen.drawn = 0;
    show("\rthe same lime");
    assert_int_equal(screen.drawn, 1);
}

static void lines_written_together_are_drawn_once(void **state)
{
    (void)state;
    static char text[100 * 9 + 1];
    open_grid(40, 10, 1);
    for (int i = 0; i < 100; i++)
        strcat(text, "\n12345678");
    show(text);
    assert_int_equal(screen.drawn, 10 * 8);
}

static void a_style_is_of_the_cells_written_with_it(void **state)
{
    (void)state;
    open_grid(10, 2, 1);
    show("ab");
    show_styled(STYLE_ERROR, "c ");
    show("d");
    assert_int_equal(screen.cells[1], 'b');
    assert_int_equal(screen.cells[2], TEXT_CELL(STYLE_ERROR, 'c'));
    assert_int_equal(screen.cells[3], TEXT_CELL(STYLE_ERROR, ' '));
    assert_int_equal(screen.cells[4], 'd');
    screen.drawn = 0;
    show_styled(STYLE_WARNING, "\rab");
    assert_int_equal(screen.drawn, 2);
}

static void what_the_screen_has_lost_is_drawn_again(void **state)
{
    (void)state;
    open_grid(10, 2, 1);
    show_styled(STYLE_ERROR, "one\ntwo");
    for (unsigned int i = 0; i < MAX_CELLS; i++)
        screen.cells[i] = ' ';
    screen.drawn = 0;
    text_grid_forget(&grid);
    text_grid_flush(&grid, draw, &screen);
    assert_string_equal(seen(), "one|two");
    assert_int_equal(screen.drawn, 6);
}

/* ---- scrolled back ---- */

static void rows_that_scrolled_out_are_seen_again(void **state)
{
    (void)state;
    open_grid_with(4, 3, 1, 5);
    show("1\n2\n3\n4\n5");
    assert_int_equal(text_grid_cursor_row(&grid), 2);
    scroll_view(-1);
    assert_string_equal(seen(), "2|3|4");
    assert_int_equal(text_grid_cursor_row(&grid), 3);
    scroll_view(-1);
    assert_string_equal(seen(), "1|2|3");
    scroll_view(-1);
    assert_string_equal(seen(), "1|2|3");
    scroll_view(1);
    assert_string_equal(seen(), "2|3|4");
    scroll_view(7);
    assert_string_equal(seen(), "3|4|5");
}

static void as_many_rows_are_kept_as_there_is_memory_for(void **state)
{
    (void)state;
    open_grid_with(4, 3, 1, 2);
    for (char row[] = "1"; row[0] <= '9'; row[0]++)
        show(row[0] == '1' ? "1" : (char[]){ '\n', row[0], 0 });
    scroll_view(-100);
    assert_string_equal(seen(), "5|6|7");
    close_grid(NULL);
    open_grid(4, 3, 1);
    show("1\n2\n3\n4\n5");
    scroll_view(-1);
    assert_string_equal(seen(), "3|4|5");
}

static void output_brings_the_newest_rows_back(void **state)
{
    (void)state;
    open_grid_with(4, 3, 1, 5);
    show("1\n2\n3\n4\n5");
    scroll_view(-2);
    show("x");
    assert_string_equal(seen(), "3|4|5x");
}

/* Indices into the ring have 16 bits. */
static void at_most_32767_rows_are_kept(void **state)
{
    (void)state;
    open_grid_with(1, 2, 1, 70000);
    for (int i = 0; i < 40000; i++)
        show("\n");
    scroll_view(-100000);
    assert_int_equal(text_grid_cursor_row(&grid), 0x7fff - 1);
}

/* ---- the model ---- */

static struct {
    unsigned int columns, rows, scroll_rows, column, row;
    text_cell_t cells[MAX_CELLS];
} model;

static void model_blank(unsigned int start, unsigned int end)
{
    while (start < end)
        model.cells[start++] = ' ';
}

static void model_new_line(void)
{
    model.column = 0;
    if (++model.row < model.rows)
        return;
    unsigned int gone = model.scroll_rows * model.columns, all = model.rows * model.columns;
    memmove(model.cells, model.cells + gone, (all - gone) * sizeof(model.cells[0]));
    model_blank(all - gone, all);
    model.row -= model.scroll_rows;
}

static void model_put(enum text_style style, char c)
{
    if (c == '\n') {
        model_new_line();
    } else if (c == '\r') {
        model.column = 0;
    } else if (c == '\b') {
        model.column -= model.column > 0;
    } else if (c == '\t') {
        do
            model.column++;
        while (model.column % 8 != 0);
        if (model.column > model.columns)
            model.column = model.columns;
    } else if (c == '\f') {
        model_blank(0, MAX_CELLS);
        model.column = model.row = 0;
    } else {
        if (model.column == model.columns)
            model_new_line();
        model.cells[model.row * model.columns + model.column++] =
            TEXT_CELL(style, c < ' ' || c > '~' ? '?' : c);
    }
}

static void random_text_matches_the_model(void **state)
{
    (void)state;
    unsigned int seed = (unsigned int)time(NULL);
    printf("seed %u\n", seed);
    srand(seed);
    for (int round = 0; round < 300; round++) {
        model.columns = 1 + (unsigned int)rand() % 100;
        model.rows = 1 + (unsigned int)rand() % 40;
        model.scroll_rows = 1 + (unsigned int)rand() % model.rows;
        model.column = model.row = 0;
        model_blank(0, MAX_CELLS);
        open_grid_with(model.columns, model.rows, model.scroll_rows, (unsigned int)rand() % 60);
        for (int step = 0; step < 200; step++) {
            char text[64];
            size_t length = (size_t)rand() % sizeof(text);
            enum text_style style = rand() % 4 ? STYLE_PLAIN : (enum text_style)(rand() % TEXT_STYLES);
            text_grid_scroll(&grid, rand() % 40 - 20);
            text_grid_flush(&grid, draw, &screen);
            for (size_t i = 0; i < length; i++) {
                int kind = rand() % 40;
                text[i] = kind < 5 ? "\n\r\b\t\n"[kind] : kind == 5 && rand() % 20 == 0 ? '\f' : (char)rand();
                model_put(style, text[i]);
            }
            text_grid_write(&grid, style, text, length);
            text_grid_flush(&grid, draw, &screen);
            assert_memory_equal(screen.cells, model.cells,
                                model.columns * model.rows * sizeof(model.cells[0]));
        }
        close_grid(NULL);
    }
}

#define TEST(claim) cmocka_unit_test_teardown(claim, close_grid)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_placed_below_each_other),
        TEST(carriage_return_moves_to_the_first_column),
        TEST(backspace_moves_and_does_not_erase),
        TEST(backspace_after_a_full_row_moves_to_its_last_cell),
        TEST(tab_moves_to_the_next_multiple_of_eight_and_erases_nothing),
        TEST(form_feed_clears_the_screen),
        TEST(other_bytes_are_shown_as_question_marks),
        TEST(a_long_line_wraps_to_the_next_row),
        TEST(a_line_that_fits_exactly_leaves_no_empty_row),
        TEST(scrolling_keeps_the_last_rows),
        TEST(the_grid_scrolls_by_the_given_number_of_rows),
        TEST(a_grid_may_have_one_cell),
        TEST(only_cells_that_change_are_drawn),
        TEST(lines_written_together_are_drawn_once),
        TEST(a_style_is_of_the_cells_written_with_it),
        TEST(what_the_screen_has_lost_is_drawn_again),
        TEST(rows_that_scrolled_out_are_seen_again),
        TEST(as_many_rows_are_kept_as_there_is_memory_for),
        TEST(output_brings_the_newest_rows_back),
        TEST(at_most_32767_rows_are_kept),
        TEST(random_text_matches_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

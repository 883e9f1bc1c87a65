/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on a linear framebuffer.
 *
 * Video memory is write-combining at best: reading it costs a hundred times as much as reading RAM, and
 * writes are cheap in ascending order and in wide stores. So
 *
 * - nothing is read back: text_grid.c keeps which character each cell shows, and the lines in which the old
 *   glyph equals the new one are not drawn;
 * - a run of cells is drawn line by line across the whole run;
 * - a byte of a glyph is eight pixels, and eight pixels are as many 64-bit words as a pixel has bytes, at any
 *   depth. One table of 256 entries translates, and the depth matters nowhere else;
 * - at the bottom of the screen the text scrolls by several rows, but by so few that 25 rows stay. Scrolling
 * by twelve rows costs as much as by one.
 *
 * The cursor is a bar under its cell, drawn after the text and removed before.
 *
 * Colours are those of the styles on black, or the nearest ones of the palette.
 */
#include <ashlar/dev/framebuffer.h>

#define BAR_LINES      2
#define ROWS_THAT_STAY 25
#define NO_BAR         UINT16_MAX

/* The large font is used from this size on: 160 columns and 40 rows. */
#define LARGE_FONT_WIDTH  2560
#define LARGE_FONT_HEIGHT 1280

struct unaligned {
    volatile uint64_t word; /* volatile: each store as written, neither split nor turned into memset() */
} PACKED;

static void store(uint8_t *to, uint64_t word)
{
    ((struct unaligned *)(void *)to)->word = word;
}

/* Eight pixels. @words: a constant in each caller that counts instructions. */
static ALWAYS_INLINE void store_octet(uint8_t *to, const uint64_t *octet, unsigned int words)
{
    store(to, octet[0]);
    if (words > 1)
        store(to + 8, octet[1]);
    if (words > 2)
        store(to + 16, octet[2]);
    if (words > 3)
        store(to + 24, octet[3]);
}

/* ---- colours ---- */

struct colour {
    uint8_t red, green, blue; /* of 255 */
};

static const struct colour background;

/* As bright as each other on black, where pure red or blue would be dark. */
static const struct colour colours[TEXT_STYLES] = {
    [STYLE_PLAIN] = { 0xaa, 0xaa, 0xaa },  [STYLE_HEADLINE] = { 0xff, 0xff, 0xff },
    [STYLE_PROMPT] = { 0x55, 0xff, 0x55 }, [STYLE_WARNING] = { 0xff, 0xff, 0x55 },
    [STYLE_ERROR] = { 0xff, 0x55, 0x55 },
};

static bool field_fits(uint8_t position, uint8_t size, uint8_t bits)
{
    return size >= 1 && size <= 16 && position + size <= bits;
}

static uint32_t field_of(uint32_t level, uint8_t position, uint8_t size)
{
    uint32_t max = (1u << size) - 1;
    return (level * max + 127) / 255 << position;
}

static uint32_t square(int difference)
{
    return (uint32_t)(difference * difference);
}

/* Without a palette from the loader, it is assumed to be the VGA's default, where 7 is light grey. */
static uint32_t nearest_in_palette(const struct framebuffer_mode *mode, struct colour wanted)
{
    uint32_t best = wanted.green == 0 ? 0 : 7, best_distance = UINT32_MAX;
    for (uint32_t i = 0; i < mode->palette_count && i < 256; i++) {
        const uint8_t *colour = mode->palette + 3 * i;
        uint32_t distance = square(colour[0] - wanted.red) + square(colour[1] - wanted.green) +
                            square(colour[2] - wanted.blue);
        if (distance < best_distance) {
            best = i;
            best_distance = distance;
        }
    }
    return best;
}

/* Return: the pixel value of a colour. */
static uint32_t pixel_of(const struct framebuffer_mode *mode, struct colour colour)
{
    if (mode->palette)
        return nearest_in_palette(mode, colour);
    return field_of(colour.red, mode->red_position, mode->red_size) |
           field_of(colour.green, mode->green_position, mode->green_size) |
           field_of(colour.blue, mode->blue_position, mode->blue_size);
}

/* ---- modes ---- */

static unsigned int bytes_per_pixel_of(const struct framebuffer_mode *mode)
{
    return (mode->bits_per_pixel + 7u) / 8;
}

static const struct font *font_for(const struct framebuffer_mode *mode)
{
    bool is_large = mode->width >= LARGE_FONT_WIDTH && mode->height >= LARGE_FONT_HEIGHT;
    return is_large ? &font_16x32 : &font_8x16;
}

static unsigned int columns_of(const struct framebuffer_mode *mode)
{
    uint32_t columns = mode->width / font_for(mode)->width;
    return columns < TEXT_GRID_MAX_COLUMNS ? columns : TEXT_GRID_MAX_COLUMNS;
}

static unsigned int rows_of(const struct framebuffer_mode *mode)
{
    uint32_t rows = mode->height / font_for(mode)->height;
    return rows < TEXT_GRID_MAX_ROWS ? rows : TEXT_GRID_MAX_ROWS;
}

static status_t check_mode(const struct framebuffer_mode *mode)
{
    uint8_t bits = mode->bits_per_pixel;
    bool has_colours = mode->palette ? bits == 8
                                     : bits >= 8 && bits <= 32 &&
                                           field_fits(mode->red_position, mode->red_size, bits) &&
                                           field_fits(mode->green_position, mode->green_size, bits) &&
                                           field_fits(mode->blue_position, mode->blue_size, bits);
    if (!has_colours || columns_of(mode) == 0 || rows_of(mode) == 0)
        return STATUS_UNSUPPORTED;
    if (mode->pitch_bytes < (uint64_t)mode->width * bytes_per_pixel_of(mode))
        return STATUS_MALFORMED;
    return STATUS_OK;
}

size_t framebuffer_memory_size(const struct framebuffer_mode *mode)
{
    return check_mode(mode) == STATUS_OK ? text_grid_size(columns_of(mode), rows_of(mode)) : 0;
}

/* ---- drawing ---- */

static void set_pixel(uint64_t *octet, unsigned int index, unsigned int size, uint32_t value)
{
    for (unsigned int i = 0; i < size; i++)
        ((uint8_t *)octet)[index * size + i] = (uint8_t)(value >> (8 * i));
}

/* Each entry but the first is an earlier one with one more pixel set; the first is all background. */
static void fill_octets(struct framebuffer *framebuffer, unsigned int style)
{
    unsigned int size = framebuffer->bytes_per_pixel;
    uint64_t(*octets)[FRAMEBUFFER_MAX_BYTES_PER_PIXEL] = framebuffer->octets[style];
    for (unsigned int index = 0; index < 8; index++)
        set_pixel(octets[0], index, size, framebuffer->background);
    for (unsigned int bits = 1; bits < 256; bits++) {
        __builtin_memcpy(octets[bits], octets[bits & (bits - 1)], sizeof(octets[0]));
        set_pixel(octets[bits], 7 - (unsigned int)__builtin_ctz(bits), size, framebuffer->colours[style]);
    }
    framebuffer->has_octets[style] = true;
}

/*
 * Black is the same in every byte of every pixel except in a palette, where a pixel is a byte,
 * so one word fills a row whatever the depth and wherever the row begins.
 */
static void store_64_bytes(uint8_t *to, uint64_t word)
{
    store(to, word);
    store(to + 8, word);
    store(to + 16, word);
    store(to + 24, word);
    store(to + 32, word);
    store(to + 40, word);
    store(to + 48, word);
    store(to + 56, word);
}

static void clear_pixels(uint8_t *row, size_t size_bytes, uint64_t word)
{
    uint8_t *end = row + size_bytes;
    for (uint8_t *last = row + (size_bytes & ~(size_t)127); row < last; row += 128) {
        store_64_bytes(row, word);
        store_64_bytes(row + 64, word);
    }
    for (; row < end; row++)
        *(volatile uint8_t *)row = (uint8_t)word;
}

static uint8_t *pixels_at(const struct framebuffer *framebuffer, unsigned int row, unsigned int column)
{
    return framebuffer->pixels + (size_t)row * framebuffer->font->height * framebuffer->pitch_bytes +
           (size_t)column * framebuffer->font->width * framebuffer->bytes_per_pixel;
}

/* Cells that have all one style, and had all one style. */
struct run {
    uint8_t *to; /* where its first line begins */
    const text_cell_t *shown, *wanted;
    unsigned int count;
    const uint64_t (*octets)[FRAMEBUFFER_MAX_BYTES_PER_PIXEL];
    uint8_t recoloured; /* the foreground pixels to draw that were foreground before: 0 or 0xff */
};

/*
 * Draws what differs in a run, line by line. @words is the bytes of a pixel and @step those of a
 * glyph's line; each caller names them as constants, so that the loops over them unroll.
 */
static ALWAYS_INLINE void draw_run(const struct framebuffer *framebuffer, struct run run, unsigned int words,
                                   unsigned int step)
{
    const uint8_t *line = framebuffer->font->lines;
    const text_cell_t *end = run.wanted + run.count;
    for (unsigned int y = framebuffer->font->height; y > 0; y--, line += FONT_CHARACTERS * step) {
        uint8_t *to = run.to;
        const text_cell_t *shown = run.shown;
        for (const text_cell_t *wanted = run.wanted; wanted < end; wanted++, shown++)
            for (unsigned int i = 0; i < step; i++, to += words * sizeof(uint64_t)) {
                uint8_t bits = line[TEXT_CELL_CHARACTER(wanted[0]) * step + i];
                uint8_t before = line[TEXT_CELL_CHARACTER(shown[0]) * step + i];
                if ((bits ^ before) | (bits & run.recoloured))
                    store_octet(to, run.octets[bits], words);
            }
        run.to += framebuffer->pitch_bytes;
    }
}

static void draw_in_mode(const struct framebuffer *framebuffer, struct run run)
{
    switch (framebuffer->bytes_per_pixel * 2 + framebuffer->font->width / 8) {
    case 1 * 2 + 1:
        draw_run(framebuffer, run, 1, 1);
        break;
    case 1 * 2 + 2:
        draw_run(framebuffer, run, 1, 2);
        break;
    case 2 * 2 + 1:
        draw_run(framebuffer, run, 2, 1);
        break;
    case 2 * 2 + 2:
        draw_run(framebuffer, run, 2, 2);
        break;
    case 3 * 2 + 1:
        draw_run(framebuffer, run, 3, 1);
        break;
    case 3 * 2 + 2:
        draw_run(framebuffer, run, 3, 2);
        break;
    case 4 * 2 + 1:
        draw_run(framebuffer, run, 4, 1);
        break;
    default:
        draw_run(framebuffer, run, 4, 2);
    }
}

static void draw(void *context, unsigned int row, unsigned int column, const text_cell_t *shown,
                 const text_cell_t *wanted, unsigned int count)
{
    struct framebuffer *framebuffer = context;
    for (unsigned int start = 0, end; start < count; start = end) {
        uint8_t style = TEXT_CELL_STYLE(wanted[start]), old_style = TEXT_CELL_STYLE(shown[start]);
        for (end = start + 1; end < count && TEXT_CELL_STYLE(wanted[end]) == style &&
                              TEXT_CELL_STYLE(shown[end]) == old_style;)
            end++;
        if (!framebuffer->has_octets[style])
            fill_octets(framebuffer, style);
        draw_in_mode(framebuffer, (struct run){
                                      .to = pixels_at(framebuffer, row, column + start),
                                      .shown = shown + start,
                                      .wanted = wanted + start,
                                      .count = end - start,
                                      .octets = framebuffer->octets[style],
                                      .recoloured = style == old_style ? 0 : 0xff,
                                  });
    }
}

/* Draws the lowest lines of a cell: the bar, or what the character in the cell has there. */
static void draw_bar(const struct framebuffer *framebuffer, unsigned int row, unsigned int column,
                     bool is_bar)
{
    const struct font *font = framebuffer->font;
    unsigned int step = font->width / 8u;
    text_cell_t cell = text_grid_shown(&framebuffer->grid, row, column);
    const uint64_t(*octets)[FRAMEBUFFER_MAX_BYTES_PER_PIXEL] =
        framebuffer->octets[is_bar ? STYLE_PLAIN : TEXT_CELL_STYLE(cell)];
    for (unsigned int y = font->height - BAR_LINES; y < font->height; y++) {
        const uint8_t *bits = font->lines + (y * FONT_CHARACTERS + TEXT_CELL_CHARACTER(cell)) * step;
        uint8_t *to = pixels_at(framebuffer, row, column) + (size_t)y * framebuffer->pitch_bytes;
        for (unsigned int i = 0; i < step; i++, to += framebuffer->bytes_per_pixel * sizeof(uint64_t))
            store_octet(to, octets[is_bar ? 0xff : bits[i]], framebuffer->bytes_per_pixel);
    }
}

static void hide_bar(struct framebuffer *framebuffer)
{
    if (framebuffer->bar_column != NO_BAR)
        draw_bar(framebuffer, framebuffer->bar_row, framebuffer->bar_column, false);
    framebuffer->bar_column = NO_BAR;
}

static void show_bar(struct framebuffer *framebuffer)
{
    unsigned int row = text_grid_cursor_row(&framebuffer->grid);
    if (row >= framebuffer->grid.rows)
        return;
    framebuffer->bar_row = (uint16_t)row;
    framebuffer->bar_column = (uint16_t)text_grid_cursor_column(&framebuffer->grid);
    draw_bar(framebuffer, framebuffer->bar_row, framebuffer->bar_column, true);
}

static void draw_text(struct framebuffer *framebuffer)
{
    if (framebuffer->is_covered)
        return;
    text_grid_flush(&framebuffer->grid, draw, framebuffer);
    show_bar(framebuffer);
}

static void framebuffer_console_write(struct console *console, const char *text, size_t length)
{
    struct framebuffer *framebuffer = container_of(console, struct framebuffer, console);
    hide_bar(framebuffer);
    text_grid_write(&framebuffer->grid, console->style, text, length);
    draw_text(framebuffer);
}

void framebuffer_scroll(struct framebuffer *framebuffer, int rows)
{
    hide_bar(framebuffer);
    text_grid_scroll(&framebuffer->grid, rows);
    draw_text(framebuffer);
}

static void clear_screen(const struct framebuffer *framebuffer)
{
    for (uint32_t y = 0; y < framebuffer->height; y++)
        clear_pixels(framebuffer->pixels + (size_t)y * framebuffer->pitch_bytes,
                     (size_t)framebuffer->width * framebuffer->bytes_per_pixel,
                     framebuffer->octets[STYLE_PLAIN][0][0]);
}

void framebuffer_cover(struct framebuffer *framebuffer, const char *label)
{
    static const text_cell_t blank = TEXT_CELL(STYLE_PLAIN, ' ');
    unsigned int last = framebuffer->grid.rows - 1u;
    hide_bar(framebuffer);
    framebuffer->is_covered = true;
    clear_screen(framebuffer);
    for (unsigned int column = 0; label[column] && column < framebuffer->grid.columns; column++) {
        text_cell_t cell = TEXT_CELL(STYLE_PLAIN, (uint8_t)label[column]);
        draw(framebuffer, last, column, &blank, &cell, 1);
    }
}

void framebuffer_put_pixels(const struct framebuffer *framebuffer, unsigned int x, unsigned int y,
                            uint8_t bits, unsigned int count)
{
    unsigned int size = framebuffer->bytes_per_pixel;
    uint8_t *to = framebuffer->pixels + (size_t)y * framebuffer->pitch_bytes + (size_t)x * size;
    const uint64_t *octet = framebuffer->octets[STYLE_PLAIN][bits];
    if (count == 8) {
        store_octet(to, octet, size);
        return;
    }
    for (unsigned int i = 0; i < count * size; i++)
        ((volatile uint8_t *)to)[i] = ((const uint8_t *)octet)[i];
}

void framebuffer_hide_picture(struct framebuffer *framebuffer)
{
    if (!framebuffer->is_covered)
        return;
    framebuffer->is_covered = false;
    clear_screen(framebuffer);
    text_grid_forget(&framebuffer->grid);
    draw_text(framebuffer);
}

static void framebuffer_console_settle(struct console *console)
{
    framebuffer_hide_picture(container_of(console, struct framebuffer, console));
}

/* At most a quarter of the screen at a time, and no more than leaves ROWS_THAT_STAY. */
static unsigned int scroll_rows_of(unsigned int rows)
{
    unsigned int spare = rows > ROWS_THAT_STAY ? rows - ROWS_THAT_STAY : 1;
    unsigned int quarter = rows / 4;
    return quarter == 0 ? 1 : spare < quarter ? spare : quarter;
}

status_t framebuffer_init(struct framebuffer *framebuffer, const struct framebuffer_mode *mode, void *pixels,
                          void *memory, size_t size_bytes)
{
    status_t status = check_mode(mode);
    if (status != STATUS_OK)
        return status;

    framebuffer->console = (struct console){
        .name = "fb",
        .write = framebuffer_console_write,
        .settle = framebuffer_console_settle,
        .is_screen = true,
    };
    framebuffer->font = font_for(mode);
    framebuffer->pixels = pixels;
    framebuffer->pitch_bytes = mode->pitch_bytes;
    framebuffer->width = mode->width;
    framebuffer->height = mode->height;
    framebuffer->is_covered = false;
    framebuffer->bytes_per_pixel = (uint8_t)bytes_per_pixel_of(mode);
    framebuffer->background = pixel_of(mode, background);
    for (unsigned int style = 0; style < TEXT_STYLES; style++) {
        framebuffer->colours[style] = pixel_of(mode, colours[style]);
        framebuffer->has_octets[style] = false;
    }
    fill_octets(framebuffer, STYLE_PLAIN);

    unsigned int rows = rows_of(mode);
    unsigned int scroll_rows = scroll_rows_of(rows);
    framebuffer->console.columns = (uint16_t)columns_of(mode);
    /* What is still there after it has scrolled. */
    framebuffer->console.rows = (uint16_t)(rows - scroll_rows + 1);
    text_grid_init(&framebuffer->grid, columns_of(mode), rows, scroll_rows, memory, size_bytes);
    clear_screen(framebuffer);
    show_bar(framebuffer);
    return STATUS_OK;
}

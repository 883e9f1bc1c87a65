/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * VGA text mode: the adapter's memory (a character and an attribute a cell), its hardware cursor, and the
 * probe. text_grid.c keeps the text.
 *
 * Source: IBM PS/2 Hardware Interface Technical Reference, Video Subsystem: "CRT Controller Registers",
 * "Graphics Controller Registers", "General Registers".
 */
#include <ashlar/dev/vga_text.h>
#include <ashlar/io.h>

#define MISC_OUTPUT_READ     0x3cc
#define MISC_COLOUR          0x01 /* the CRTC is at 0x3d4, else, as on a monochrome card, at 0x3b4 */
#define CRTC_PORT_COLOUR     0x3d4
#define CRTC_PORT_MONOCHROME 0x3b4

#define GRAPHICS_PORT          0x3ce
#define GRAPHICS_MISCELLANEOUS 6
#define GRAPHICS_IS_GRAPHICS   0x01

enum crtc_register {
    CRTC_MAX_SCAN_LINE = 0x09, /* low five bits: height of a cell less one */
    CRTC_CURSOR_START = 0x0a,  /* bit 5 hides the cursor */
    CRTC_CURSOR_END = 0x0b,
    CRTC_START_HIGH = 0x0c,
    CRTC_START_LOW = 0x0d,
    CRTC_CURSOR_HIGH = 0x0e,
    CRTC_CURSOR_LOW = 0x0f,
};

#define LIGHT_GREY_ON_BLACK 0x07

/* By enum text_style; bright foregrounds, which every adapter has. */
static const uint8_t attributes[TEXT_STYLES] = {
    [STYLE_PLAIN] = LIGHT_GREY_ON_BLACK, [STYLE_HEADLINE] = 0x0f /* white */,
    [STYLE_PROMPT] = 0x0a /* green */,   [STYLE_WARNING] = 0x0e /* yellow */,
    [STYLE_ERROR] = 0x0c /* red */,
};

static uint8_t indexed_read(uint16_t port, uint8_t index)
{
    io_out8(port, index);
    return io_in8((uint16_t)(port + 1));
}

static void indexed_write(uint16_t port, uint8_t index, uint8_t value)
{
    io_out8(port, index);
    io_out8((uint16_t)(port + 1), value);
}

static void write_pair(const struct vga_text *vga, enum crtc_register high, uint32_t value)
{
    indexed_write(vga->crtc_port, (uint8_t)high, (uint8_t)(value >> 8));
    indexed_write(vga->crtc_port, (uint8_t)(high + 1), (uint8_t)value);
}

static void put_cell(const struct vga_text *vga, unsigned int row, unsigned int column, text_cell_t value)
{
    volatile uint8_t *cell = vga->screen + (size_t)row * vga->pitch_bytes + column * 2u;
    *(volatile uint16_t *)(volatile void *)cell =
        (uint16_t)(attributes[TEXT_CELL_STYLE(value)] << 8 | TEXT_CELL_CHARACTER(value));
}

static void draw(void *context, unsigned int row, unsigned int column, const text_cell_t *shown,
                 const text_cell_t *wanted, unsigned int count)
{
    const struct vga_text *vga = context;
    (void)shown;
    for (unsigned int i = 0; i < count; i++)
        put_cell(vga, row, column + i, wanted[i]);
}

static void show_cursor(const struct vga_text *vga)
{
    /* In a row below the screen the adapter shows none. */
    uint32_t row = text_grid_cursor_row(&vga->grid), end = vga->grid.rows;
    uint32_t position =
        (row < end ? row : end) * (vga->pitch_bytes / 2) + text_grid_cursor_column(&vga->grid);
    write_pair(vga, CRTC_CURSOR_HIGH, position);
}

static void vga_console_write(struct console *console, const char *text, size_t length)
{
    struct vga_text *vga = container_of(console, struct vga_text, console);
    text_grid_write(&vga->grid, console->style, text, length);
    text_grid_flush(&vga->grid, draw, vga);
    show_cursor(vga);
}

void vga_text_scroll(struct vga_text *vga, int rows)
{
    text_grid_scroll(&vga->grid, rows);
    text_grid_flush(&vga->grid, draw, vga);
    show_cursor(vga);
}

/* The probe: the cursor's position reads back, and writing it is harmless. */
static bool holds_a_value(const struct vga_text *vga)
{
    uint8_t before = indexed_read(vga->crtc_port, CRTC_CURSOR_LOW);
    bool holds = true;
    for (unsigned int pattern = 0x55; pattern <= 0xaa; pattern += 0x55) {
        indexed_write(vga->crtc_port, CRTC_CURSOR_LOW, (uint8_t)pattern);
        holds = holds && indexed_read(vga->crtc_port, CRTC_CURSOR_LOW) == pattern;
    }
    indexed_write(vga->crtc_port, CRTC_CURSOR_LOW, before);
    return holds;
}

status_t vga_text_init(struct vga_text *vga, volatile void *screen, uint32_t columns, uint32_t rows,
                       uint32_t pitch_bytes, void *memory, size_t size_bytes)
{
    if (columns == 0 || columns > TEXT_GRID_MAX_COLUMNS || rows == 0 || rows > TEXT_GRID_MAX_ROWS ||
        pitch_bytes < columns * 2 || pitch_bytes % 2 != 0)
        return STATUS_INVALID;

    *vga = (struct vga_text){
        .console = { .name = "vga", .write = vga_console_write, .is_screen = true },
        .screen = screen,
        .pitch_bytes = pitch_bytes,
        .crtc_port = io_in8(MISC_OUTPUT_READ) & MISC_COLOUR ? CRTC_PORT_COLOUR : CRTC_PORT_MONOCHROME,
    };
    if (!holds_a_value(vga))
        return STATUS_NOT_FOUND;
    if (indexed_read(GRAPHICS_PORT, GRAPHICS_MISCELLANEOUS) & GRAPHICS_IS_GRAPHICS)
        return STATUS_UNSUPPORTED;

    vga->console.columns = (uint16_t)columns;
    vga->console.rows = (uint16_t)rows;
    text_grid_init(&vga->grid, columns, rows, 1, memory, size_bytes);
    for (unsigned int row = 0; row < rows; row++)
        for (unsigned int column = 0; column < columns; column++)
            put_cell(vga, row, column, ' ');

    /* Firmware or the loader may have scrolled by moving the start address, and hidden the cursor. */
    write_pair(vga, CRTC_START_HIGH, 0);
    uint8_t last_line = indexed_read(vga->crtc_port, CRTC_MAX_SCAN_LINE) & 0x1f;
    indexed_write(vga->crtc_port, CRTC_CURSOR_START, (uint8_t)(last_line > 0 ? last_line - 1 : 0));
    indexed_write(vga->crtc_port, CRTC_CURSOR_END, last_line);
    show_cursor(vga);
    return STATUS_OK;
}

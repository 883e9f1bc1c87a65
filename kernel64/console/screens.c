/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The loader chooses between framebuffer and text screen. The characters are in early memory; those of the
 * standard text screen are in static memory if there is none yet, so that it works in an early panic.
 */
#include <console/screens.h>

#include <ashlar/bits.h>
#include <ashlar/dev/framebuffer.h>
#include <ashlar/dev/vga_text.h>
#include <ashlar/mm/paging.h>
#include <ashlar/report.h>
#include <boot/early.h>
#include <vm/early_device.h>
#include <log/log.h>
#include <log/output.h>

/* For what a screen shows and a ring of rows, which has those that have scrolled out: 274 rows of 240
   columns, the largest screens sold, of which 67 are on the screen; 999 of 80, of which 25 are. */
#define CELLS_SIZE KIB(160)

/* Limit for early memory, most of which is for the memory map. */
#define CELLS_MAX KIB(512)

static struct framebuffer framebuffer;
static struct vga_text vga;

static struct framebuffer_mode mode;
static phys_t framebuffer_address;
static struct boot_framebuffer text;
static void *pixels, *cells; /* of the screen found; NULL: it cannot be used */
static size_t cells_size;
static bool is_searched;

/* The text mode that a PC's firmware sets: 80x25 characters at 0xb8000. */
static const struct boot_framebuffer usual_text = {
    .type = FRAMEBUFFER_TEXT,
    .address = { VGA_TEXT_ADDRESS },
    .width = VGA_TEXT_COLUMNS,
    .height = VGA_TEXT_ROWS,
    .pitch_bytes = VGA_TEXT_PITCH_BYTES,
};

static bool has_framebuffer(void)
{
    return mode.width != 0;
}

static void *take_cells(size_t size_bytes)
{
    static text_cell_t usual_cells[2 * VGA_TEXT_COLUMNS * VGA_TEXT_ROWS] ALIGNED(8);
    cells_size = size_bytes > CELLS_SIZE ? size_bytes : CELLS_SIZE;
    void *taken = cells_size <= CELLS_MAX ? early_take(cells_size, 8) : NULL;
    if (taken || size_bytes > sizeof(usual_cells))
        return taken;
    cells_size = sizeof(usual_cells);
    return usual_cells;
}

static void find_framebuffer(const struct boot_framebuffer *loader)
{
    framebuffer_address = loader->address;
    mode = (struct framebuffer_mode){
        .width = loader->width,
        .height = loader->height,
        .pitch_bytes = loader->pitch_bytes,
        .bits_per_pixel = loader->bits_per_pixel,
        .red_position = loader->red_position,
        .red_size = loader->red_size,
        .green_position = loader->green_position,
        .green_size = loader->green_size,
        .blue_position = loader->blue_position,
        .blue_size = loader->blue_size,
        .palette = loader->palette.data,
        .palette_count = (uint32_t)(loader->palette.size_bytes / 3),
    };
    size_t size_bytes = framebuffer_memory_size(&mode);
    if (size_bytes == 0)
        return;
    pixels = early_device_map(loader->address, (size_t)mode.pitch_bytes * mode.height, DEVICE_SCREEN,
                              PAGE_WRITE | PAGE_WRITE_COMBINING, "framebuffer");
    cells = pixels ? take_cells(size_bytes) : NULL;
}

static void find_text(const struct boot_framebuffer *loader)
{
    text = *loader;
    if (text.width == 0 || text.width > TEXT_GRID_MAX_COLUMNS || text.height == 0 ||
        text.height > TEXT_GRID_MAX_ROWS)
        return;
    pixels = early_device_map(text.address, (size_t)text.pitch_bytes * text.height, DEVICE_SCREEN,
                              PAGE_WRITE | PAGE_UNCACHED, "text screen");
    cells = pixels ? take_cells(text_grid_size(text.width, text.height)) : NULL;
}

void screens_find(const struct boot_framebuffer *loader)
{
    if (is_searched)
        return;
    is_searched = true;
    if (loader->type == FRAMEBUFFER_RGB || loader->type == FRAMEBUFFER_INDEXED)
        find_framebuffer(loader);
    else
        find_text(loader->type == FRAMEBUFFER_TEXT ? loader : &usual_text);
}

struct console *screens_start_framebuffer(void)
{
    if (!has_framebuffer())
        return NULL;
    status_t status = framebuffer_memory_size(&mode) == 0 ? STATUS_UNSUPPORTED
                      : !pixels || !cells                 ? STATUS_NO_MEMORY
                                          : framebuffer_init(&framebuffer, &mode, pixels, cells, cells_size);
    if (status != STATUS_OK) {
        if (status != STATUS_NO_MEMORY || pixels) /* else the refusal is logged already */
            log_warn("console", "framebuffer of %ux%u pixels, %u bits each: %s", mode.width, mode.height,
                     mode.bits_per_pixel, status_sentence(status));
        return NULL;
    }
    log_info("console", "framebuffer at P%#lx: %ux%u pixels, %u bits each, %ux%u characters",
             framebuffer_address.raw, mode.width, mode.height, mode.bits_per_pixel, framebuffer.grid.columns,
             framebuffer.grid.rows);
    return &framebuffer.console;
}

struct console *screens_start_vga(void)
{
    if (has_framebuffer() || !pixels || !cells ||
        vga_text_init(&vga, pixels, text.width, text.height, text.pitch_bytes, cells, cells_size) !=
            STATUS_OK)
        return NULL;
    return &vga.console;
}

bool screens_here(struct screen *screen)
{
    bool is_framebuffer = framebuffer.grid.columns != 0;
    const struct text_grid *grid = is_framebuffer ? &framebuffer.grid : &vga.grid;
    if (grid->columns == 0)
        return false;
    *screen = (struct screen){ .columns = grid->columns, .rows = grid->rows };
    if (is_framebuffer) {
        screen->is_framebuffer = true;
        screen->width = mode.width;
        screen->height = mode.height;
        screen->bits_per_pixel = mode.bits_per_pixel;
    }
    return true;
}

void screens_scroll(int direction)
{
    struct output_held held = output_take();
    if (framebuffer.grid.columns != 0)
        framebuffer_scroll(&framebuffer, direction * (framebuffer.grid.rows / 2));
    else if (vga.grid.columns != 0)
        vga_text_scroll(&vga, direction * (vga.grid.rows / 2));
    output_give(held);
}

void screens_show_picture(const struct framebuffer_picture *picture)
{
    struct output_held held = output_take();
    framebuffer_show_picture(&framebuffer, picture);
    output_give(held);
}

void screens_hide_picture(void)
{
    struct output_held held = output_take();
    framebuffer_hide_picture(&framebuffer);
    output_give(held);
}

unsigned int screens_picture_max(unsigned int module_pixels)
{
    return framebuffer.grid.columns == 0 ? 0 : framebuffer_module_pixels(&framebuffer, module_pixels);
}

static void report_screen(struct json *json)
{
    struct screen screen;
    if (!screens_here(&screen)) {
        json_string(json, "kind", "none");
        return;
    }
    json_string(json, "kind", screen.is_framebuffer ? "framebuffer" : "text");
    if (screen.is_framebuffer) {
        json_number(json, "width", screen.width);
        json_number(json, "height", screen.height);
        json_number(json, "bits_per_pixel", screen.bits_per_pixel);
    }
    json_number(json, "columns", screen.columns);
    json_number(json, "rows", screen.rows);
}
REPORT(screen, report_screen);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The text screen of a VGA adapter as a console.
 */
#include <ashlar/dev/console.h>
#include <ashlar/dev/text_grid.h>
#include <ashlar/status.h>

/* The text mode after reset: physical address, and size in characters. */
#define VGA_TEXT_ADDRESS     0xb8000
#define VGA_TEXT_COLUMNS     80
#define VGA_TEXT_ROWS        25
#define VGA_TEXT_PITCH_BYTES 160

struct vga_text {
    struct console console;
    struct text_grid grid;
    volatile uint8_t *screen;
    uint32_t pitch_bytes;
    uint16_t crtc_port;
};

/**
 * vga_text_init() - take over the text screen and clear it.
 * @vga:           filled in; its console may then be registered.
 * @screen:        the video memory, mapped, @pitch_bytes * @rows long.
 * @columns, @rows: of the current mode, at most TEXT_GRID_MAX_COLUMNS and TEXT_GRID_MAX_ROWS.
 * @pitch_bytes:   from row to row, at least 2 * @columns.
 * @memory, @size_bytes: as text_grid_init() takes them.
 *
 * Return: STATUS_OK; STATUS_INVALID for a size out of range; STATUS_NOT_FOUND without a VGA;
 *         STATUS_UNSUPPORTED in a graphics mode. On failure the screen is left as it was.
 * Context: any; no concurrent access to the adapter.
 */
status_t vga_text_init(struct vga_text *vga, volatile void *screen, uint32_t columns, uint32_t rows,
                       uint32_t pitch_bytes, void *memory, size_t size_bytes) MUST_CHECK;

/* As text_grid_scroll(), and draws it. Context: as the console's write(). */
void vga_text_scroll(struct vga_text *vga, int rows);

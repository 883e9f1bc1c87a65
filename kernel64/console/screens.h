/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The screen: the loader's framebuffer, or a VGA in text mode. It is found even when console= omits it, so
 * that a panic can use it.
 */
#include <ashlar/dev/framebuffer.h>
#include <boot/boot_info.h>

/**
 * screens_find() - map the loader's screen and allocate memory for its characters. Nothing is shown yet.
 * @loader: its framebuffer; if it gives none, as with PVH, screens_start_vga() probes for a VGA.
 *
 * Context: the BSP, before address_space_init(). Only the first call has an effect.
 */
void screens_find(const struct boot_framebuffer *loader);

/* The screen in use. */
struct screen {
    bool is_framebuffer;         /* else text */
    unsigned int width, height;  /* pixels; 0 of a text screen */
    unsigned int bits_per_pixel; /* 0 of a text screen */
    unsigned int columns, rows;  /* characters */
};

/* Return: whether a screen is a console; @screen is filled in then. Context: any, after consoles_start(). */
bool screens_here(struct screen *screen);

/**
 * screens_scroll() - scroll the screen's view by half a screen, over the rows that are kept.
 * @direction: -1: to older rows; 1: to newer ones.
 *
 * The next output brings the newest rows back.
 * Context: thread, or panic. Takes the lock of log/output.h.
 */
void screens_scroll(int direction);

/**
 * screens_show_picture() - show a picture in place of the text, as framebuffer_show_picture() does.
 * @picture: at most screens_picture_max(1) modules a side.
 *
 * Context: thread. Takes the lock of log/output.h, and holds it while it draws.
 */
void screens_show_picture(const struct framebuffer_picture *picture);

/* Shows the text again. Context: as screens_show_picture(). */
void screens_hide_picture(void);

/**
 * screens_picture_max() - how large a picture can be.
 * @module_pixels: the least pixels of a module's side, 1 or more.
 *
 * Return: modules a side; 0 when no framebuffer is in use.
 * Context: any, after consoles_start().
 */
unsigned int screens_picture_max(unsigned int module_pixels);

/**
 * screens_start_framebuffer(), screens_start_vga() - initialise and clear the screen.
 *
 * Return: the console; NULL when that kind of screen is absent (an unusable framebuffer is logged).
 * Context: after screens_find(), once each; also a panic.
 */
struct console *screens_start_framebuffer(void);
struct console *screens_start_vga(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The one screen that there may be: the loader's framebuffer, or a VGA in text mode. To find it and to write
 * to it are two things: a screen that console= leaves out is there for a panic.
 */
#include <ashlar/dev/console.h>
#include <boot/boot_info.h>

/**
 * screens_find() - what the loader says of a screen, mapped, with memory for its characters. Nothing is shown
 * yet.
 * @loader: its framebuffer; where it says nothing, as with PVH, a VGA is looked for when one is wanted.
 *
 * Context: the first CPU, before address_space_init(). Only the first call does something.
 */
void screens_find(const struct boot_framebuffer *loader);

/**
 * screens_start_framebuffer(), screens_start_vga() - take the screen over and clear it.
 *
 * Return: the console; NULL when that kind of screen is not there (a framebuffer that cannot be used is
 * named).
 * Context: after screens_find(), once each; also a panic.
 */
struct console *screens_start_framebuffer(void);
struct console *screens_start_vga(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A memory map as a row of letters. Pure, hosted-tested.
 */
#include <ashlar/mm/memmap.h>

#define MAP_PICTURE_NONE '.' /* in no range */

/* Return: the letter of a kind, a different one for each. */
char map_picture_letter(enum memmap_kind kind);

/**
 * map_picture() - draw [0, @end) in equal cells.
 * @ranges, @count: as memmap_sweep() made them.
 * @end:    a multiple of @cells, above 0.
 * @text:   receives @cells letters and a NUL.
 * @cells:  1 .. any.
 *
 * A cell shows the kind of most of its bytes, and of two kinds with equal shares the stricter one.
 */
void map_picture(const struct memmap_range *ranges, size_t count, phys_t end, char *text, size_t cells);

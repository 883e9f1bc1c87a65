/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * A swept memory map as a row of letters. Pure, hosted-tested.
 */
#include <ashlar/mm/memmap.h>

#define MAP_PICTURE_NOBODY '.' /* what no range holds */

/* Return: the letter of a kind, a different one for each. */
char map_picture_letter(enum memmap_kind kind);

/**
 * map_picture() - draw [0, @end) in equal cells.
 * @ranges, @count: as memmap_sweep() made them.
 * @end:    a multiple of @cells, above 0.
 * @text:   receives @cells letters and a NUL.
 * @cells:  1 .. any.
 *
 * A cell shows what most of its bytes are, and of two that have as many the stricter.
 */
void map_picture(const struct memmap_range *ranges, size_t count, uint64_t end, char *text, size_t cells);

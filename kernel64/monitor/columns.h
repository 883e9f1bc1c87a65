/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Lists in columns: the lines of a list command (COMMAND_LIST()) are kept until it ends, and then shown side
 * by side, down and then across, as far as the screen is wide enough.
 *
 *     a list that fits the screen      one column, as it was printed
 *     a longer one                     the fewest columns in which it fits, all of the same height
 *     one that does not fit at all     screens full of columns, which the pager (pager.h) pauses
 *
 * A line in the headline style heads the lines up to the next headline or blank line, and is shown again at
 * the top of a column that begins among them. On a screen narrower than COLUMNS_SCREEN_MIN, and with a
 * filter, nothing is kept. Neither is the rest of an output that has a record for programs, an error message,
 * or a control character other than '\n'.
 *
 * Context of all: the monitor's thread. They allocate nothing.
 */
#include <command/dispatch.h>

/* Two columns of 50 characters, with a gap. */
#define COLUMNS_SCREEN_MIN 102

/* Of what is kept; of a longer list, screens full are shown before. The largest screens sold have 240 columns
   of 67 rows in the large font. */
#define COLUMNS_TEXT_MAX  16384
#define COLUMNS_LINES_MAX 1024

extern const struct dispatch_lists columns_lists;

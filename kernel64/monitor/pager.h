/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * --More-- : pauses the output of an interactive command at each full screen. Rows of the screen are counted,
 * so a wrapped line counts more than once; a record for programs is not interrupted.
 *
 *     Space, Page Down   next screen     q, Ctrl-C   drop the rest
 *     Enter, Down        next line
 */
#include <ashlar/types.h>

/* Waits for a key. */
typedef int pager_key_fn(void);

/**
 * pager_begin() - page all output from now on.
 * @rows, @columns: of the screen.
 * @key:  waits for a key.
 */
void pager_begin(size_t rows, size_t columns, pager_key_fn *key);

/* Stops paging. */
void pager_end(void);

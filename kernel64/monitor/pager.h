/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * --More-- : stops what a command prints at each full screen, while a person types. Rows of the screen are
 * counted, so a line that is wrapped counts more than once; a record for programs is not stopped in.
 *
 *     Space, Page Down   one screen more     q, Ctrl-C   drop the rest
 *     Enter, Down        one line more
 */
#include <ashlar/types.h>

/* Waits for a key. */
typedef int pager_key_fn(void);

/**
 * pager_begin() - page what is printed from now on.
 * @rows, @columns: of the screen.
 * @key:  who waits for a key.
 */
void pager_begin(size_t rows, size_t columns, pager_key_fn *key);

/* Lets everything through again. */
void pager_end(void);

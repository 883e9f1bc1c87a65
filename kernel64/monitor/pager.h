/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * --More-- : pauses the output of an interactive command at each full screen. Rows of the screen are counted,
 * so a wrapped line counts more than once; a record for programs is not interrupted.
 *
 *     Space, Page Down   next screen     q, Ctrl-C   drop the rest
 *     Enter, Down        next line       /WORD       go on at the next line that has WORD; n: again
 *
 * Ctrl-C stops the output also between prompts.
 */
#include <ashlar/types.h>

/* Where the pager gets keys. */
struct pager_keys {
    int (*wait)(void);        /* waits for a new key */
    bool (*is_stopped)(void); /* whether Ctrl-C was typed; does not wait */
};

#define PAGER_WORD_MAX 63 /* bytes of a WORD */

/**
 * pager_begin() - page all output from now on.
 * @rows, @columns: of the screen.
 * @keys: must persist.
 */
void pager_begin(size_t rows, size_t columns, const struct pager_keys *keys);

/* Stops paging, and says so if the last WORD was not found. */
void pager_end(void);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layouts of keyboards, named by the codes of their countries. They have the ASCII characters only. A dead
 * key types its character at once, as in the layouts' variants without dead keys.
 *
 * Context of all: any.
 */
#include <ashlar/dev/scan_keys.h>

/* The layout at an index, the US one first; NULL from the end on. */
const struct keymap *keymap_at(unsigned int index);

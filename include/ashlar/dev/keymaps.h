/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Layouts of keyboards, by the code of their country: what of them is ASCII. Dead keys are as in the layouts'
 * variants without them.
 *
 * Context of all: any.
 */
#include <ashlar/dev/scan_keys.h>

/* The layout at an index, the US one first; NULL from the end on. */
const struct keymap *keymap_at(unsigned int index);

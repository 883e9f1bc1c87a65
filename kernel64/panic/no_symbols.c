/* SPDX-License-Identifier: BSD-2-Clause */
/* The empty symbol table of the first link, from which the full one is made. */
#include <panic/symbols.h>

const uint32_t symbol_count = 0;
const uint32_t symbol_text_end = 0;
const uint16_t symbol_offsets[1] = { 0 };
const uint32_t symbol_bases[1] = { 0 };
const uint32_t symbol_marks[1] = { 0 };
const char symbol_names[] = "";

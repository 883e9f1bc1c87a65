/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The kernel's segments: kernel64.ld's symbols. Each is [start, end); the gaps are not mapped. Only the
 * addresses of the symbols have a meaning.
 */
#include <ashlar/types.h>

extern const uint8_t __kernel_start[], __kernel_end[];
extern const uint8_t __text_start[], __text_end[];     /* read, execute */
extern const uint8_t __rodata_start[], __rodata_end[]; /* read */
extern const uint8_t __data_start[], __data_end[];     /* read, write; .bss too */

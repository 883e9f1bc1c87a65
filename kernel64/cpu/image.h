/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Where the kernel's own segments lie: kernel64.ld's symbols. Each [start, end); what lies between
 * them is not mapped. Only their addresses mean anything.
 */
#include <ashlar/types.h>

extern const uint8_t __kernel_start[], __kernel_end[];
extern const uint8_t __text_start[], __text_end[];     /* read, execute */
extern const uint8_t __rodata_start[], __rodata_end[]; /* read */
extern const uint8_t __data_start[], __data_end[];     /* read, write; .bss too */

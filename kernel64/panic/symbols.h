/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Names of the kernel's functions, linked into its read-only data, so that they are available before any
 * allocator and independent of it. scripts/build/symbols.py makes the table.
 */
#include <ashlar/addr.h>
#include <ashlar/status.h>

extern const uint32_t symbol_count;
extern const uint32_t symbol_text_end;  /* offset of the first byte after the code */
extern const uint16_t symbol_offsets[]; /* of each function from its group's base; ascending */
extern const char symbol_names[];       /* in the same order, each with its NUL */

/* Whole numbers for each function would take a third of the table: only each group of SYMBOL_MARK_STEP has
   them, and the names in it are walked. */
#define SYMBOL_MARK_STEP 16
extern const uint32_t symbol_bases[]; /* of a group's first function from KERNEL_IMAGE_START */
extern const uint32_t symbol_marks[]; /* of its name in symbol_names */

/**
 * symbol_find() - find the function that contains a code address.
 * @address: any number.
 * @offset, @size_bytes: from the function's start, and to the next function; may be NULL.
 *
 * Return: its name, or NULL when the address is not in the kernel's code.
 * Context: any, also NMI and panic.
 */
const char *symbol_find(virt_t address, uint64_t *offset, uint64_t *size_bytes);

/**
 * symbol_read_address() - parse an address: a number, or the name of a function.
 * @text:    decimal, hexadecimal after 0x, or the whole name. Of static functions that share a name, the one
 *           with the lowest address.
 * @address: untouched on failure.
 *
 * Return: STATUS_OK; STATUS_NOT_FOUND when it is neither.
 * Context: any.
 * Cost: a comparison with each symbol.
 */
status_t symbol_read_address(const char *text, virt_t *address) MUST_CHECK;

/**
 * symbol_describe() - "name+0xoffset/0xsize", for %pS: a format_symbol_fn.
 * @address: any number.
 * @buffer:  receives @size bytes at most, the NUL included.
 *
 * Return: false, and @buffer untouched, when the address is not in the kernel's code.
 * Context: any, also NMI and panic.
 */
bool symbol_describe(virt_t address, char *buffer, size_t size);

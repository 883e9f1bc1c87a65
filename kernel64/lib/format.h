/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The one formatter. A subset of C's printf, checked against the C library's, with two
 * additions after %p.
 *
 *   flags      - + space # 0        width, precision: number or *
 *   lengths    hh h l ll z t j      conversions: d i u x X o c s p %
 *   %pS        symbol+0xoffset/0xsize of a code address (or the bare number when unknown)
 *
 * No floating point and no %n. A conversion nobody knows is copied as it stands and takes no
 * argument. A NULL for %s prints as "(null)". Allocates nothing, locks nothing, never fails.
 * Context: any, also NMI and panic.
 */
#include <ashlar/types.h>
#include <stdarg.h>

/* Takes @length bytes of output (not NUL-terminated); called as often as needed. */
typedef void format_put_fn(void *context, const char *text, size_t length);

/* Writes the symbol that holds @address into @buffer; false when there is none. */
typedef bool format_symbol_fn(uint64_t address, char *buffer, size_t size);

/**
 * format_to() - format into a sink.
 * @put, @context: the sink.
 * @format: see above.
 *
 * Return: how many bytes went into the sink.
 */
size_t format_to(format_put_fn *put, void *context, const char *format, va_list arguments);

/**
 * format_buffer() - as C's snprintf: at most @size - 1 bytes and a NUL (nothing when @size is 0).
 *
 * Return: the length the whole text has.
 */
size_t format_buffer(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_buffer_v(char *buffer, size_t size, const char *format, va_list arguments);

/* Who answers %pS; NULL, as at the start, prints numbers. */
void format_set_symbols(format_symbol_fn *lookup);

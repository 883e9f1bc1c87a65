/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The formatter: a subset of C's printf, tested against the C library's, with one addition, %pS.
 *
 *   flags      - + space # 0        width, precision: number or *
 *   lengths    hh h l ll z t j      conversions: d i u x X o c s p %
 *   %pS        symbol+0xoffset/0xsize of a code address (or the bare number when unknown)
 *
 * No floating point and no %n. An unknown conversion is copied as it is and takes no argument. A NULL for %s
 * prints as "(null)".
 *
 * Context of all: any, also NMI and panic. They allocate nothing, take no lock and do not fail.
 */
#include <ashlar/addr.h>
#include <stdarg.h>

/* Receives @length bytes of output (not NUL-terminated); called as often as needed. */
typedef void format_put_fn(void *context, const char *text, size_t length);

/* Writes the symbol that contains @address into @buffer. Return: false when there is none. */
typedef bool format_symbol_fn(virt_t address, char *buffer, size_t size);

/**
 * format_to() - format into a sink.
 * @put, @context: the sink.
 * @format, @arguments: see above.
 *
 * Return: how many bytes went into the sink.
 */
size_t format_to(format_put_fn *put, void *context, const char *format, va_list arguments);

/**
 * format_buffer(), format_buffer_v() - as C's snprintf: at most @size - 1 bytes and a NUL (nothing when @size
 * is 0).
 * @buffer, @size: the buffer.
 * @format, @arguments: see above.
 *
 * Return: the length of the whole text.
 */
size_t format_buffer(char *buffer, size_t size, const char *format, ...) PRINTF_LIKE(3, 4);
size_t format_buffer_v(char *buffer, size_t size, const char *format, va_list arguments);

/* Sets the symbol lookup of %pS; with NULL, as at first, it prints numbers. */
void format_set_symbols(format_symbol_fn *lookup);

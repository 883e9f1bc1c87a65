/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's string functions and formatter under real programs: a library for LD_PRELOAD that
 * answers to the C library's names. tests/preload/run.py uses it.
 *
 * A format with something in it that is not ours (floating point, %n, wide characters, positions,
 * %m, and %p, whose null pointers differ) goes on to the C library. Each call is counted by
 * function, and a program that ends appends its name and its counts to the file that ASHLAR_PRELOAD_COUNTS
 * names: without that a test could pass with nothing preloaded.
 *
 * Calls inside the C library itself do not come here; those of programs and other libraries do.
 */
#define _GNU_SOURCE
#include "ashlar_string.h"

#include <lib/format.h>

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

/* clang-format off */
#define COUNTED(F)                                                                                           \
    F(memcpy)                                                                                                \
    F(memmove)                                                                                               \
    F(memset) F(memcmp) F(memchr) F(strlen) F(strnlen) F(strcmp) F(strncmp) F(strchr)   \
        F(strspn) F(strcspn) F(format) F(format_passed_on)
/* clang-format on */

#define COUNT_INDEX(name) COUNT_##name,
enum { COUNTED(COUNT_INDEX) COUNT_END };

static unsigned long counts[COUNT_END];

#define COUNT(name) __atomic_fetch_add(&counts[COUNT_##name], 1, __ATOMIC_RELAXED)

/* One write, so that lines of programs that end together do not mix. */
__attribute__((destructor)) static void write_counts(void)
{
#define COUNT_NAME(name) #name,
    static const char *const names[] = { COUNTED(COUNT_NAME) };
    const char *path = getenv("ASHLAR_PRELOAD_COUNTS");
    int file = path ? open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666) : -1;
    char line[1024];

    if (file < 0)
        return;
    size_t length = format_buffer(line, sizeof(line), "%s ", program_invocation_short_name);
    for (unsigned int i = 0; i < COUNT_END; i++)
        length += format_buffer(line + length, sizeof(line) - length, "%s=%lu%c", names[i], counts[i],
                                i + 1 < COUNT_END ? ' ' : '\n');
    if (write(file, line, length) < 0)
        abort();
    close(file);
}

/* ---- strings ---- */

#define FORWARD(type, name, parameters, ...)                                                                 \
    EXPORT type name parameters;                                                                             \
    EXPORT type name parameters                                                                              \
    {                                                                                                        \
        COUNT(name);                                                                                         \
        return ashlar_##name(__VA_ARGS__);                                                                   \
    }

FORWARD(void *, memcpy, (void *restrict to, const void *restrict from, size_t n), to, from, n)
FORWARD(void *, memmove, (void *to, const void *from, size_t n), to, from, n)
FORWARD(void *, memset, (void *to, int byte, size_t n), to, byte, n)
FORWARD(int, memcmp, (const void *a, const void *b, size_t n), a, b, n)
FORWARD(void *, memchr, (const void *s, int byte, size_t n), s, byte, n)
FORWARD(size_t, strlen, (const char *s), s)
FORWARD(size_t, strnlen, (const char *s, size_t limit), s, limit)
FORWARD(int, strcmp, (const char *a, const char *b), a, b)
FORWARD(int, strncmp, (const char *a, const char *b, size_t n), a, b, n)
FORWARD(char *, strchr, (const char *s, int c), s, c)
FORWARD(size_t, strspn, (const char *s, const char *accept), s, accept)
FORWARD(size_t, strcspn, (const char *s, const char *reject), s, reject)

/* What programs built with _FORTIFY_SOURCE call. */
EXPORT void *__memcpy_chk(void *restrict to, const void *restrict from, size_t n, size_t object_size);
EXPORT void *__memcpy_chk(void *restrict to, const void *restrict from, size_t n, size_t object_size)
{
    return n > object_size ? (abort(), NULL) : memcpy(to, from, n);
}

EXPORT void *__memmove_chk(void *to, const void *from, size_t n, size_t object_size);
EXPORT void *__memmove_chk(void *to, const void *from, size_t n, size_t object_size)
{
    return n > object_size ? (abort(), NULL) : memmove(to, from, n);
}

EXPORT void *__memset_chk(void *to, int byte, size_t n, size_t object_size);
EXPORT void *__memset_chk(void *to, int byte, size_t n, size_t object_size)
{
    return n > object_size ? (abort(), NULL) : memset(to, byte, n);
}

/* ---- the printf family ---- */

/* Whether all of @format is in the formatter's contract, and prints the same here and there. */
static bool is_ours(const char *format)
{
    while ((format = ashlar_strchr(format, '%')) != NULL) {
        format++;
        format += ashlar_strspn(format, "-+ #0123456789.*");
        const char *length = format;
        format += ashlar_strspn(format, "hlztj");
        if (*format == 0 || !ashlar_strchr("diuxXocs%", *format))
            return false;
        if ((*format == 'c' || *format == 's') && *length == 'l')
            return false;
        format++;
    }
    COUNT(format);
    return true;
}

#define NEXT(name)                                                                                           \
    static __typeof__(name) *next;                                                                           \
    if (!next)                                                                                               \
        next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name);                                                  \
    COUNT(format_passed_on)

EXPORT int vsnprintf(char *to, size_t size, const char *format, va_list arguments)
{
    if (is_ours(format))
        return (int)format_buffer_v(to, size, format, arguments);
    NEXT(vsnprintf);
    return next(to, size, format, arguments);
}

static void put_into_file(void *context, const char *text, size_t length)
{
    fwrite_unlocked(text, 1, length, context);
}

EXPORT int vfprintf(FILE *file, const char *format, va_list arguments)
{
    if (is_ours(format)) {
        flockfile(file);
        size_t length = format_to(put_into_file, file, format, arguments);
        int error = ferror_unlocked(file);
        funlockfile(file);
        return error ? -1 : (int)length;
    }
    NEXT(vfprintf);
    return next(file, format, arguments);
}

EXPORT int vsprintf(char *to, const char *format, va_list arguments)
{
    if (is_ours(format))
        return (int)format_buffer_v(to, (size_t)INT32_MAX, format, arguments);
    NEXT(vsprintf);
    return next(to, format, arguments);
}

EXPORT int vprintf(const char *format, va_list arguments)
{
    return vfprintf(stdout, format, arguments);
}

#define VARIADIC(name, last, call, ...)                                                                      \
    EXPORT int name(__VA_ARGS__, ...);                                                                       \
    EXPORT int name(__VA_ARGS__, ...)                                                                        \
    {                                                                                                        \
        va_list arguments;                                                                                   \
        va_start(arguments, last);                                                                           \
        int length = call;                                                                                   \
        va_end(arguments);                                                                                   \
        return length;                                                                                       \
    }

VARIADIC(snprintf, format, vsnprintf(to, size, format, arguments), char *to, size_t size, const char *format)
VARIADIC(sprintf, format, vsprintf(to, format, arguments), char *to, const char *format)
VARIADIC(fprintf, format, vfprintf(file, format, arguments), FILE *file, const char *format)
VARIADIC(printf, format, vfprintf(stdout, format, arguments), const char *format)

VARIADIC(__snprintf_chk, format, vsnprintf(to, size, format, arguments), char *to, size_t size,
         int flag UNUSED, size_t object_size UNUSED, const char *format)
VARIADIC(__sprintf_chk, format, vsnprintf(to, object_size, format, arguments), char *to, int flag UNUSED,
         size_t object_size, const char *format)
VARIADIC(__fprintf_chk, format, vfprintf(file, format, arguments), FILE *file, int flag UNUSED,
         const char *format)
VARIADIC(__printf_chk, format, vfprintf(stdout, format, arguments), int flag UNUSED, const char *format)

EXPORT int __vsnprintf_chk(char *to, size_t size, int flag, size_t object_size, const char *format,
                           va_list arguments);
EXPORT int __vsnprintf_chk(char *to, size_t size, int flag UNUSED, size_t object_size UNUSED,
                           const char *format, va_list arguments)
{
    return vsnprintf(to, size, format, arguments);
}

EXPORT int __vfprintf_chk(FILE *file, int flag, const char *format, va_list arguments);
EXPORT int __vfprintf_chk(FILE *file, int flag UNUSED, const char *format, va_list arguments)
{
    return vfprintf(file, format, arguments);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter. A conversion is parsed into a struct spec, its text is made in a small buffer
 * (digits, right to left) or taken where it lies (strings), and emit_field() adds sign, prefix,
 * zeros and padding around it. All output goes through one function, so it is counted in one place.
 */
#include <lib/format.h>

#include <lib/string.h>

#define DIGITS_MAX 24 /* 64 bits in octal are 22 digits */
#define SYMBOL_MAX 160

struct sink {
    format_put_fn *put;
    void *context;
    size_t length;
};

struct spec {
    bool left, plus, space, alternate, zero;
    int width, precision; /* precision -1: not given */
    int length;           /* -2 char, -1 short, 0 int, 1 the 64-bit ones */
    char conversion;
};

static format_symbol_fn *find_symbol;

void format_set_symbols(format_symbol_fn *lookup)
{
    find_symbol = lookup;
}

static void emit(struct sink *sink, const char *text, size_t length)
{
    if (length == 0)
        return;
    sink->put(sink->context, text, length);
    sink->length += length;
}

static void emit_repeated(struct sink *sink, char c, int count)
{
    char block[32];
    memset(block, c, sizeof(block));
    for (; count > 0; count -= (int)sizeof(block))
        emit(sink, block, count < (int)sizeof(block) ? (size_t)count : sizeof(block));
}

/* prefix ("-", "0x"), then zeros, then the body, all padded with blanks to the width. */
static void emit_field(struct sink *sink, const struct spec *spec, const char *prefix, int zeros, const char *body,
                       int body_length)
{
    int prefix_length = (int)strlen(prefix);
    int padding = spec->width - prefix_length - zeros - body_length;
    if (!spec->left)
        emit_repeated(sink, ' ', padding);
    emit(sink, prefix, (size_t)prefix_length);
    emit_repeated(sink, '0', zeros);
    emit(sink, body, (size_t)body_length);
    if (spec->left)
        emit_repeated(sink, ' ', padding);
}

static void emit_number(struct sink *sink, const struct spec *spec, uint64_t value, const char *prefix)
{
    char digits[DIGITS_MAX];
    char *first = digits + sizeof(digits);
    unsigned int base = spec->conversion == 'o' ? 8 : spec->conversion == 'd' || spec->conversion == 'u' ? 10 : 16;
    const char *alphabet = spec->conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    for (uint64_t rest = value; rest != 0; rest /= base)
        *--first = alphabet[rest % base];

    int count = (int)(digits + sizeof(digits) - first);
    /* A zero has one digit, unless a precision of 0 asks for none. */
    int wanted = spec->precision < 0 ? 1 : spec->precision;
    int zeros = wanted > count ? wanted - count : 0;
    if (spec->alternate && spec->conversion == 'o' && zeros == 0 && (count == 0 || *first != '0'))
        zeros = 1;
    if (spec->zero && !spec->left && spec->precision < 0) {
        int room = spec->width - (int)strlen(prefix) - count;
        if (room > zeros)
            zeros = room;
    }
    emit_field(sink, spec, prefix, zeros, first, count);
}

static int64_t narrow_signed(int64_t value, int length)
{
    return length == -2 ? (signed char)value : length == -1 ? (short)value : length == 0 ? (int)value : value;
}

static uint64_t narrow_unsigned(uint64_t value, int length)
{
    return length == -2   ? (unsigned char)value
           : length == -1 ? (unsigned short)value
           : length == 0  ? (unsigned int)value
                          : value;
}

static void emit_signed(struct sink *sink, struct spec *spec, int64_t value)
{
    spec->conversion = 'd';
    const char *sign = value < 0 ? "-" : spec->plus ? "+" : spec->space ? " " : "";
    emit_number(sink, spec, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, sign);
}

static void emit_unsigned(struct sink *sink, const struct spec *spec, uint64_t value)
{
    bool hex = spec->conversion == 'x' || spec->conversion == 'X';
    const char *prefix = !hex || !spec->alternate || value == 0 ? "" : spec->conversion == 'x' ? "0x" : "0X";
    emit_number(sink, spec, value, prefix);
}

static void emit_string(struct sink *sink, const struct spec *spec, const char *text)
{
    if (!text)
        text = "(null)";
    size_t length = spec->precision < 0 ? strlen(text) : strnlen(text, (size_t)spec->precision);
    emit_field(sink, spec, "", 0, text, (int)length);
}

static void emit_pointer(struct sink *sink, const struct spec *spec, uint64_t value)
{
    struct spec hex = *spec;
    hex.conversion = 'x';
    emit_number(sink, &hex, value, "0x");
}

static void emit_symbol(struct sink *sink, const struct spec *spec, uint64_t address)
{
    char name[SYMBOL_MAX];
    if (find_symbol && find_symbol(address, name, sizeof(name)))
        emit_string(sink, spec, name);
    else
        emit_pointer(sink, spec, address);
}

static const char *parse_flags(const char *at, struct spec *spec)
{
    for (;; at++) {
        switch (*at) {
        case '-':
            spec->left = true;
            break;
        case '+':
            spec->plus = true;
            break;
        case ' ':
            spec->space = true;
            break;
        case '#':
            spec->alternate = true;
            break;
        case '0':
            spec->zero = true;
            break;
        default:
            return at;
        }
    }
}

static const char *parse_count(const char *at, int *count)
{
    int value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (value < 1000000)
            value = value * 10 + (*at - '0');
    *count = value;
    return at;
}

static const char *parse_length(const char *at, struct spec *spec)
{
    switch (*at) {
    case 'h':
        spec->length = at[1] == 'h' ? -2 : -1;
        return at + (at[1] == 'h' ? 2 : 1);
    case 'l':
        spec->length = 1;
        return at + (at[1] == 'l' ? 2 : 1);
    case 'z':
    case 't':
    case 'j':
        spec->length = 1;
        return at + 1;
    default:
        return at;
    }
}

/* Behind the '%': everything up to the conversion's letter. va_list by pointer, for the stars. */
static const char *parse_spec(const char *at, struct spec *spec, va_list *arguments)
{
    *spec = (struct spec){ .precision = -1 };
    at = parse_flags(at, spec);
    if (*at == '*') {
        spec->width = va_arg(*arguments, int);
        if (spec->width < 0) {
            spec->left = true;
            spec->width = -spec->width;
        }
        at++;
    } else {
        at = parse_count(at, &spec->width);
    }
    if (*at == '.') {
        at++;
        if (*at == '*') {
            spec->precision = va_arg(*arguments, int);
            at++;
        } else {
            at = parse_count(at, &spec->precision);
        }
    }
    at = parse_length(at, spec);
    spec->conversion = *at;
    return at;
}

size_t format_to(format_put_fn *put, void *context, const char *format, va_list arguments_given)
{
    struct sink sink = { put, context, 0 };
    va_list arguments;
    va_copy(arguments, arguments_given);
    while (*format) {
        const char *percent = strchr(format, '%');
        if (!percent) {
            emit(&sink, format, strlen(format));
            break;
        }
        emit(&sink, format, (size_t)(percent - format));

        struct spec spec;
        const char *at = parse_spec(percent + 1, &spec, &arguments);
        switch (spec.conversion) {
        case 'd':
        case 'i':
            emit_signed(&sink, &spec,
                        narrow_signed(spec.length > 0 ? va_arg(arguments, int64_t) : va_arg(arguments, int),
                                      spec.length));
            break;
        case 'u':
        case 'x':
        case 'X':
        case 'o':
            emit_unsigned(&sink, &spec,
                          narrow_unsigned(spec.length > 0 ? va_arg(arguments, uint64_t)
                                                          : va_arg(arguments, unsigned int),
                                          spec.length));
            break;
        case 'c': {
            char c = (char)va_arg(arguments, int);
            emit_field(&sink, &spec, "", 0, &c, 1);
            break;
        }
        case 's':
            emit_string(&sink, &spec, va_arg(arguments, const char *));
            break;
        case 'p': {
            uint64_t address = (uint64_t)(uintptr_t)va_arg(arguments, void *);
            if (at[1] == 'S') {
                at++;
                emit_symbol(&sink, &spec, address);
            } else {
                emit_pointer(&sink, &spec, address);
            }
            break;
        }
        case '%':
            emit(&sink, "%", 1);
            break;
        default:
            /* Nobody knows it: shown as it stands, and the end of the text is not run past. */
            emit(&sink, percent, (size_t)(at - percent) + (*at != '\0'));
            if (!*at)
                at--;
            break;
        }
        format = at + 1;
    }
    va_end(arguments);
    return sink.length;
}

struct buffer {
    char *next, *last; /* @last: where the NUL goes at the latest */
};

static void put_in_buffer(void *context, const char *text, size_t length)
{
    struct buffer *buffer = context;
    size_t room = (size_t)(buffer->last - buffer->next);
    if (length > room)
        length = room;
    memcpy(buffer->next, text, length);
    buffer->next += length;
}

static void drop(void *context, const char *text, size_t length)
{
    (void)context, (void)text, (void)length;
}

size_t format_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
{
    if (size == 0)
        return format_to(drop, NULL, format, arguments);
    struct buffer target = { buffer, buffer + size - 1 };
    size_t length = format_to(put_in_buffer, &target, format, arguments);
    *target.next = '\0';
    return length;
}

size_t format_buffer(char *buffer, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_buffer_v(buffer, size, format, arguments);
    va_end(arguments);
    return length;
}

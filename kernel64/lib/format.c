/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter. A directive is parsed whole before its first argument is taken, so that an unknown one can
 * be copied as it is and take none.
 *
 * The output of a number has five parts, each of which may be empty:
 *
 *     blanks | sign or 0x | zeros | digits | blanks
 *
 * The zeros come from the precision, from the flag 0 (then they replace the blanks), or from the
 * flag # in octal.
 */
#include <lib/format.h>

#include <ashlar/overflow.h>

#include <ashlar/check.h>
#include <lib/string.h>

enum { LEFT = 1, PLUS = 2, SPACE = 4, ALTERNATE = 8, ZERO = 16 };

enum length { LENGTH_INT, LENGTH_CHAR, LENGTH_SHORT, LENGTH_LONG };

/* One directive, as it was read. */
struct directive {
    unsigned int flags;
    int width;       /* 0: none */
    int precision;   /* -1: none */
    bool width_star; /* the number is the next argument */
    bool precision_star;
    bool symbol; /* %pS */
    enum length length;
    char conversion; /* 0: unknown */
    const char *end; /* the character after it */
};

struct sink {
    format_put_fn *put;
    void *context;
    size_t length;
};

/* va_list is an array: only inside a struct can a pointer to it be passed on. */
struct arguments {
    va_list list;
};

static format_symbol_fn *symbol_lookup;

void format_set_symbols(format_symbol_fn *lookup)
{
    symbol_lookup = lookup;
}

static void put(struct sink *sink, const char *text, size_t length)
{
    if (length > 0)
        sink->put(sink->context, text, length);
    sink->length += length;
}

static void put_many(struct sink *sink, char c, size_t count)
{
    char run[32];
    size_t part;

    memset(run, c, sizeof(run));
    for (; count > 0; count -= part) {
        part = count < sizeof(run) ? count : sizeof(run);
        put(sink, run, part);
    }
}

/* The text, in blanks up to the width. */
static void put_padded(struct sink *sink, const struct directive *d, const char *text, size_t length)
{
    size_t blanks = (size_t)d->width > length ? (size_t)d->width - length : 0;

    if (!(d->flags & LEFT))
        put_many(sink, ' ', blanks);
    put(sink, text, length);
    if (d->flags & LEFT)
        put_many(sink, ' ', blanks);
}

/* A decimal number; INT32_MAX when it is larger. */
static int read_int(const char **text)
{
    int value = 0;

    for (; **text >= '0' && **text <= '9'; (*text)++)
        if (!multiply_fits(value, 10, &value) || !add_fits(value, **text - '0', &value))
            value = INT32_MAX;
    return value;
}

static unsigned int read_flags(const char **text)
{
    unsigned int flags = 0;

    for (;; (*text)++) {
        switch (**text) {
        case '-':
            flags |= LEFT;
            break;
        case '+':
            flags |= PLUS;
            break;
        case ' ':
            flags |= SPACE;
            break;
        case '#':
            flags |= ALTERNATE;
            break;
        case '0':
            flags |= ZERO;
            break;
        default:
            return flags;
        }
    }
}

static enum length read_length(const char **text)
{
    switch (**text) {
    case 'h':
        (*text)++;
        if (**text != 'h')
            return LENGTH_SHORT;
        (*text)++;
        return LENGTH_CHAR;
    case 'l':
        (*text)++;
        if (**text == 'l')
            (*text)++;
        return LENGTH_LONG;
    case 'z':
    case 't':
    case 'j':
        (*text)++;
        return LENGTH_LONG;
    default:
        return LENGTH_INT;
    }
}

STATIC_ASSERT(sizeof(long) == 8 && sizeof(long long) == 8 && sizeof(size_t) == 8 && sizeof(intmax_t) == 8 &&
                  sizeof(ptrdiff_t) == 8,
              "LENGTH_LONG stands for all of l, ll, z, t and j");

/* @text: the character after the '%'. */
static struct directive read_directive(const char *text)
{
    struct directive d = { .precision = -1 };

    d.flags = read_flags(&text);
    d.width_star = *text == '*';
    if (d.width_star)
        text++;
    else
        d.width = read_int(&text);
    if (*text == '.') {
        text++;
        d.precision_star = *text == '*';
        if (d.precision_star)
            text++;
        else
            d.precision = read_int(&text);
    }
    d.length = read_length(&text);
    if (*text && strchr("diuxXocsp%", *text))
        d.conversion = *text++;
    d.symbol = d.conversion == 'p' && *text == 'S';
    if (d.symbol)
        text++;
    d.end = text;
    return d;
}

/* A negative width is the flag - and a width; a negative precision is none. */
static void take_stars(struct directive *d, struct arguments *arguments)
{
    if (d->width_star) {
        d->width = va_arg(arguments->list, int);
        if (d->width < 0) {
            d->flags |= LEFT;
            d->width = d->width == INT32_MIN ? INT32_MAX : -d->width;
        }
    }
    if (d->precision_star) {
        d->precision = va_arg(arguments->list, int);
        if (d->precision < 0)
            d->precision = -1;
    }
}

static int64_t take_signed(enum length length, struct arguments *arguments)
{
    if (length == LENGTH_LONG)
        return va_arg(arguments->list, int64_t);
    int value = va_arg(arguments->list, int);
    if (length == LENGTH_CHAR)
        return (signed char)value;
    return length == LENGTH_SHORT ? (short)value : value;
}

static uint64_t take_unsigned(enum length length, struct arguments *arguments)
{
    if (length == LENGTH_LONG)
        return va_arg(arguments->list, uint64_t);
    unsigned int value = va_arg(arguments->list, unsigned int);
    if (length == LENGTH_CHAR)
        return (unsigned char)value;
    return length == LENGTH_SHORT ? (unsigned short)value : value;
}

#define DIGITS_MAX 22 /* 64 bits in octal */

/* Writes the digits so that they end at @end; none for zero. The bases are constants: no division. */
static char *write_digits(char *end, uint64_t value, char conversion)
{
    const char *digits = conversion == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";

    switch (conversion) {
    case 'o':
        for (; value > 0; value >>= 3)
            *--end = digits[value & 7];
        break;
    case 'x':
    case 'X':
        for (; value > 0; value >>= 4)
            *--end = digits[value & 15];
        break;
    default:
        for (; value > 0; value /= 10)
            *--end = digits[value % 10];
        break;
    }
    return end;
}

static void put_number(struct sink *sink, const struct directive *d, const char *prefix, uint64_t value)
{
    char buffer[DIGITS_MAX];
    char *end = buffer + sizeof(buffer);
    char *digits = write_digits(end, value, d->conversion);
    size_t digit_count = (size_t)(end - digits), prefix_length = strlen(prefix);
    size_t wanted = d->precision < 0 ? 1 : (size_t)d->precision;

    if (d->conversion == 'o' && d->flags & ALTERNATE && wanted <= digit_count)
        wanted = digit_count + 1;

    size_t zeros = wanted > digit_count ? wanted - digit_count : 0;
    size_t length = prefix_length + zeros + digit_count;
    size_t blanks = (size_t)d->width > length ? (size_t)d->width - length : 0;
    if (d->flags & ZERO && !(d->flags & LEFT) && d->precision < 0) {
        zeros += blanks;
        blanks = 0;
    }

    if (!(d->flags & LEFT))
        put_many(sink, ' ', blanks);
    put(sink, prefix, prefix_length);
    put_many(sink, '0', zeros);
    put(sink, digits, digit_count);
    if (d->flags & LEFT)
        put_many(sink, ' ', blanks);
}

static void put_signed(struct sink *sink, const struct directive *d, int64_t value)
{
    const char *sign = value < 0 ? "-" : d->flags & PLUS ? "+" : d->flags & SPACE ? " " : "";

    put_number(sink, d, sign, value < 0 ? -(uint64_t)value : (uint64_t)value);
}

static void put_unsigned(struct sink *sink, const struct directive *d, uint64_t value)
{
    bool hexadecimal = (d->conversion | 0x20) == 'x' && d->flags & ALTERNATE && value != 0;

    put_number(sink, d, !hexadecimal ? "" : d->conversion == 'X' ? "0X" : "0x", value);
}

/* Always with 0x, also in front of a zero. */
static void put_pointer(struct sink *sink, struct directive *d, virt_t address)
{
    char name[160];

    if (d->symbol && symbol_lookup && symbol_lookup(address, name, sizeof(name))) {
        put_padded(sink, d, name, strnlen(name, sizeof(name)));
        return;
    }
    d->conversion = 'x';
    put_number(sink, d, "0x", address.raw);
}

static void put_string(struct sink *sink, const struct directive *d, const char *text)
{
    if (!text)
        text = "(null)";
    put_padded(sink, d, text, d->precision < 0 ? strlen(text) : strnlen(text, (size_t)d->precision));
}

static void put_directive(struct sink *sink, struct directive *d, struct arguments *arguments)
{
    char c;

    take_stars(d, arguments);
    switch (d->conversion) {
    case 'd':
    case 'i':
        put_signed(sink, d, take_signed(d->length, arguments));
        break;
    case 'u':
    case 'x':
    case 'X':
    case 'o':
        put_unsigned(sink, d, take_unsigned(d->length, arguments));
        break;
    case 'c':
        c = (char)va_arg(arguments->list, int);
        put_padded(sink, d, &c, 1);
        break;
    case 's':
        put_string(sink, d, va_arg(arguments->list, const char *));
        break;
    case 'p':
        put_pointer(sink, d, virt_of(va_arg(arguments->list, void *)));
        break;
    default: /* '%' */
        put(sink, "%", 1);
        break;
    }
}

size_t format_to(format_put_fn *put_fn, void *context, const char *format, va_list list)
{
    struct sink sink = { put_fn, context, 0 };
    struct arguments arguments;

    va_copy(arguments.list, list);
    while (*format) {
        size_t plain = strcspn(format, "%");
        put(&sink, format, plain);
        format += plain;
        if (*format == 0)
            break;

        struct directive d = read_directive(format + 1);
        if (d.conversion)
            put_directive(&sink, &d, &arguments);
        else
            put(&sink, format, (size_t)(d.end - format));
        format = d.end;
    }
    va_end(arguments.list);
    return sink.length;
}

struct buffer_sink {
    char *buffer;
    size_t size, used;
};

static void put_into_buffer(void *context, const char *text, size_t length)
{
    struct buffer_sink *b = context;
    size_t space = b->size - b->used;

    if (length > space)
        length = space;
    if (length == 0)
        return; /* there may be no buffer at all */
    memcpy(b->buffer + b->used, text, length);
    b->used += length;
}

size_t format_buffer_v(char *buffer, size_t size, const char *format, va_list arguments)
{
    struct buffer_sink b = { buffer, size > 0 ? size - 1 : 0, 0 };
    size_t length = format_to(put_into_buffer, &b, format, arguments);

    if (size > 0)
        buffer[b.used] = 0;
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

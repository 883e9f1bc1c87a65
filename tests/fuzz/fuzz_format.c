/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The formatter, two ways by the first byte:
 *
 *     even   one directive made from the input, against the C library's snprintf
 *     odd    the input as the format: whatever it is, sizes and texts must agree with each other
 */
#include <ashlar/check.h>
#include <lib/format.h>

#include "fuzz.h"

#include <stdio.h>

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

struct recipe {
    uint8_t unused, flags, width, precision, length, conversion, stars;
    int8_t star_width, star_precision;
    uint8_t text;
    uint64_t value;
} PACKED;

/* Flags that a conversion does not support are undefined in C. */
static const struct {
    char conversion;
    const char *flags;
} conversions[] = { { 'd', "-+ 0" }, { 'i', "-+ 0" }, { 'u', "-0" }, { 'o', "-#0" },
                    { 'x', "-#0" },  { 'X', "-#0" },  { 's', "-" },  { 'c', "-" } };

static void compare_one(const struct recipe *r)
{
    static const char *const lengths[] = { "hh", "h", "", "l", "ll", "z", "t", "j" };
    static const char *const texts[] = { "", "a", "kernel",
                                         "a somewhat longer text, for the precision to cut" };
    unsigned int which = r->conversion % ARRAY_LEN(conversions), length = r->length % ARRAY_LEN(lengths);
    bool number = which < 6, width_star = r->stars & 1, precision_star = r->stars & 2;
    char directive[64] = "<%", ours[512], theirs[512];
    char *end = directive + 2;
    int width = width_star ? r->star_width : r->width, precision = r->star_precision, their_length;
    size_t our_length;

    for (unsigned int i = 0; conversions[which].flags[i]; i++)
        if (r->flags & 1u << i)
            *end++ = conversions[which].flags[i];
    if (width_star || width)
        end += sprintf(end, width_star ? "*" : "%d", width);
    if (precision_star || r->precision < 200)
        end += sprintf(end, precision_star ? ".*" : ".%u", r->precision);
    sprintf(end, "%s%c>", number ? lengths[length] : "", conversions[which].conversion);

#define BOTH(value)                                                                                          \
    do {                                                                                                     \
        if (width_star && precision_star) {                                                                  \
            our_length = format_buffer(ours, sizeof(ours), directive, width, precision, value);              \
            their_length = snprintf(theirs, sizeof(theirs), directive, width, precision, value);             \
        } else if (width_star || precision_star) {                                                           \
            our_length =                                                                                     \
                format_buffer(ours, sizeof(ours), directive, width_star ? width : precision, value);         \
            their_length =                                                                                   \
                snprintf(theirs, sizeof(theirs), directive, width_star ? width : precision, value);          \
        } else {                                                                                             \
            our_length = format_buffer(ours, sizeof(ours), directive, value);                                \
            their_length = snprintf(theirs, sizeof(theirs), directive, value);                               \
        }                                                                                                    \
    } while (0)

    if (conversions[which].conversion == 's')
        BOTH(texts[r->text % ARRAY_LEN(texts)]);
    else if (!number || length < 3)
        BOTH((int)r->value);
    else
        BOTH(r->value);
    insist(our_length == (size_t)their_length && memcmp(ours, theirs, our_length + 1) == 0);
}

/*
 * A text for each possible argument: an integer uses part of its address. No stars, because an address is
 * no width, and no number above 99, for speed.
 */
static void format_anything(const uint8_t *data, size_t size)
{
    enum { LONGEST = 24, DIRECTIVES = LONGEST / 2 };
    char format[LONGEST + 1], whole[4096];
    const char *t = "text";
    unsigned int digits = 0;

    if (size > LONGEST)
        size = LONGEST;
    for (size_t i = 0; i < size; i++) {
        digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
        format[i] = data[i] == '*' || digits > 2 ? '%' : (char)data[i];
    }
    format[size] = 0;
    size_t length = format_buffer(whole, sizeof(whole), format, t, t, t, t, t, t, t, t, t, t, t, t);
    insist(length < sizeof(whole) && whole[length] == 0);
    insist(length == format_buffer(NULL, 0, format, t, t, t, t, t, t, t, t, t, t, t, t));

    size_t part = length ? data[0] % (length + 1) : 0;
    char *cut = malloc(part + 1);
    insist(length == format_buffer(cut, part + 1, format, t, t, t, t, t, t, t, t, t, t, t, t));
    insist(memcmp(cut, whole, part) == 0 && cut[part] == 0);
    free(cut);
    STATIC_ASSERT(DIRECTIVES == 12, "as many arguments as directives");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct recipe recipe;

    if (size > 1 && data[0] & 1) {
        format_anything(data + 1, size - 1);
    } else if (size >= sizeof(recipe)) {
        memcpy(&recipe, data, sizeof(recipe));
        compare_one(&recipe);
    }
    return 0;
}

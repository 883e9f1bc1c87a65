/* SPDX-License-Identifier: BSD-2-Clause */
/* Parsers of numbers. A number ends at its last digit; the callers check what follows. */
#include <lib/parse.h>

#include <ashlar/overflow.h>

#include <lib/string.h>

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 16;
}

/* Parses the digits at *text and advances *text past them. */
static status_t parse_digits(const char **text, uint64_t *result)
{
    uint64_t base = 10, value = 0;
    const char *at = *text;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    }
    const char *first = at;
    for (; (uint64_t)digit_value(*at) < base; at++)
        if (!multiply_fits(value, base, &value) || !add_fits(value, (uint64_t)digit_value(*at), &value))
            return STATUS_TOO_BIG;
    if (at == first)
        return STATUS_INVALID;
    *text = at;
    *result = value;
    return STATUS_OK;
}

status_t parse_number(const char *text, uint64_t *result)
{
    uint64_t value;
    status_t status = parse_digits(&text, &value);
    if (status != STATUS_OK)
        return status;
    if (*text)
        return STATUS_INVALID;
    *result = value;
    return STATUS_OK;
}

status_t parse_size(const char *text, uint64_t *result)
{
    static const char suffixes[] = "KMGT";
    uint64_t value;
    status_t status = parse_digits(&text, &value);
    if (status != STATUS_OK)
        return status;

    unsigned int shift = 0;
    if (*text) {
        const char *suffix = strchr(suffixes, *text & ~0x20);
        if (!suffix || !*suffix || text[1])
            return STATUS_INVALID;
        shift = 10 * (unsigned int)(suffix - suffixes + 1);
    }
    if (shift && value >> (64 - shift))
        return STATUS_TOO_BIG;
    *result = value << shift;
    return STATUS_OK;
}

status_t parse_next_range(const char **list, uint64_t *first, uint64_t *last)
{
    const char *at = *list;
    uint64_t from, to;
    if (!*at)
        return STATUS_NOT_FOUND;
    status_t status = parse_digits(&at, &from);
    if (status != STATUS_OK)
        return status;
    to = from;
    if (*at == '-') {
        at++;
        status = parse_digits(&at, &to);
        if (status != STATUS_OK)
            return status;
    }
    if (to < from || (*at && *at != ',') || (at[0] == ',' && !at[1]))
        return STATUS_INVALID;
    *list = *at ? at + 1 : at;
    *first = from;
    *last = to;
    return STATUS_OK;
}

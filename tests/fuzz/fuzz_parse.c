/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers from text, against a reference that computes in 128 bits and has the grammar written out.
 */
#include <lib/parse.h>

#include "fuzz.h"

#include <ctype.h>
#include <strings.h>

/* Return: whether @text is a number, with a suffix if @suffixed; *@value is at most 2^64. */
static bool expected(const char *text, bool suffixed, unsigned __int128 *value)
{
    static const char kmgt[] = "kmgt";
    const unsigned __int128 most = (unsigned __int128)1 << 64;
    bool hexadecimal = strncasecmp(text, "0x", 2) == 0;
    const char *digits = hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";

    text += hexadecimal ? 2 : 0;
    size_t count = strspn(text, digits);
    *value = 0;
    for (size_t i = 0; i < count && *value < most; i++) {
        int c = tolower((unsigned char)text[i]);
        *value = *value * (hexadecimal ? 16 : 10) + (unsigned int)(isdigit(c) ? c - '0' : c - 'a' + 10);
    }
    text += count;
    if (suffixed && *text && strchr("kKmMgGtT", *text)) {
        unsigned int shift = (unsigned int)(strchr(kmgt, tolower((unsigned char)*text)) - kmgt + 1) * 10;
        *value = *value < most ? *value << shift : most;
        text++;
    }
    if (*value > most)
        *value = most;
    return count > 0 && *text == 0;
}

static void check(const char *text, bool suffixed)
{
    const uint64_t untouched = 0x5ca1ab1e;
    unsigned __int128 value;
    uint64_t result = untouched;
    bool valid = expected(text, suffixed, &value), fits = value >> 64 == 0;
    status_t status = suffixed ? parse_size(text, &result) : parse_number(text, &result);

    if (valid && fits)
        insist(status == STATUS_OK && result == value);
    else if (valid)
        insist(status == STATUS_TOO_BIG && result == untouched);
    else
        /* A number that is too large and malformed may be reported as either. */
        insist((status == STATUS_INVALID || (status == STATUS_TOO_BIG && !fits)) && result == untouched);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = 0;
    check(text, false);
    check(text, true);
    free(text);
    return 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A search for bytes by Boyer, Moore and Horspool: by the byte under the pattern's last one, the pattern
 * moves on to where that byte occurs in it, which is past all of it for most bytes.
 */
#include <lib/string.h>

void *memmem(const void *text, size_t text_size, const void *pattern, size_t size)
{
    const uint8_t *bytes = text, *wanted = pattern;
    uint8_t steps[256];
    if (size == 0 || size > UINT8_MAX)
        return size == 0 ? (void *)(uintptr_t)bytes : NULL;
    memset(steps, (int)size, sizeof(steps));
    for (size_t i = 0; i + 1 < size; i++)
        steps[wanted[i]] = (uint8_t)(size - 1 - i);
    for (size_t at = 0; at + size <= text_size; at += steps[bytes[at + size - 1]])
        if (bytes[at + size - 1] == wanted[size - 1] && memcmp(bytes + at, wanted, size) == 0)
            return (void *)(uintptr_t)(bytes + at);
    return NULL;
}

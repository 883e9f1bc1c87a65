/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words separated by commas, parts of a word by colons.
 */
#include <console/option.h>

#include <ashlar/types.h>
#include <lib/parse.h>
#include <lib/string.h>

#define DEFAULT_PORT 0x3f8
#define DEFAULT_BAUD 115200

/* Longer than the longest valid word, serial:0xffff:115200. */
#define WORD_MAX 32

/* Return: false when @text is neither com1 to com4 nor a port with space for eight registers. */
static bool parse_port(const char *text, uint16_t *port)
{
    /* The standard I/O ports of the PC/AT. */
    static const struct {
        const char *name;
        uint16_t port;
    } names[] = { { "com1", 0x3f8 }, { "com2", 0x2f8 }, { "com3", 0x3e8 }, { "com4", 0x2e8 } };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(text, names[i].name) == 0) {
            *port = names[i].port;
            return true;
        }
    uint64_t number;
    if (parse_number(text, &number) != STATUS_OK || number == 0 || number > UINT16_MAX - 7)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool parse_baud(const char *text, uint32_t *baud)
{
    uint64_t number;
    if (parse_number(text, &number) != STATUS_OK || number == 0 || number > UINT32_MAX)
        return false;
    *baud = (uint32_t)number;
    return true;
}

/* Splits @text at its first colon. Return: the part after it, or NULL without a colon. */
static char *cut_part(char *text)
{
    char *colon = strchr(text, ':');
    if (colon == NULL)
        return NULL;
    *colon = 0;
    return colon + 1;
}

static bool parse_serial(char *parts, struct console_choice *choice)
{
    choice->kind = CONSOLE_SERIAL;
    choice->port = DEFAULT_PORT;
    choice->baud = DEFAULT_BAUD;
    if (parts == NULL)
        return true;
    char *baud = cut_part(parts);
    if (*parts != 0 && !parse_port(parts, &choice->port))
        return false;
    return baud == NULL || *baud == 0 || parse_baud(baud, &choice->baud);
}

static bool parse_word(char *word, struct console_choice *choice)
{
    char *parts = cut_part(word);
    if (strcmp(word, "serial") == 0)
        return parse_serial(parts, choice);
    if (parts != NULL)
        return false;
    static const struct {
        const char *name;
        enum console_kind kind;
    } names[] = { { "vga", CONSOLE_VGA }, { "fb", CONSOLE_FRAMEBUFFER }, { "debugcon", CONSOLE_DEBUGCON } };
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (strcmp(word, names[i].name) == 0) {
            choice->kind = names[i].kind;
            return true;
        }
    return false;
}

status_t console_option_next(const char *option, size_t *cursor, struct console_choice *choice)
{
    const char *word = option + *cursor + strspn(option + *cursor, ",");
    size_t length = strcspn(word, ",");
    *cursor = (size_t)(word - option) + length;
    if (length == 0)
        return STATUS_NOT_FOUND;

    *choice = (struct console_choice){ .word = word, .word_length = length };
    char copy[WORD_MAX + 1];
    if (length > WORD_MAX)
        return STATUS_INVALID;
    memcpy(copy, word, length);
    copy[length] = 0;
    return parse_word(copy, choice) ? STATUS_OK : STATUS_INVALID;
}

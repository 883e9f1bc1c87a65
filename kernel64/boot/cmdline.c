/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words, quotes and escapes of the command line. Finding the end of a word and removing its quotes are two
 * passes over the same three rules, which are in meaning_of().
 */
#include <boot/cmdline.h>

#include <lib/string.h>

enum meaning { LITERAL, ESCAPE, QUOTE, BLANK, LINE_END };

/* @text ends in NUL. */
static enum meaning meaning_of(const char *text)
{
    switch (text[0]) {
    case '\0':
    case '\n':
        return LINE_END;
    case ' ':
    case '\t':
    case '\r':
        return BLANK;
    case '"':
        return QUOTE;
    case '\\':
        return text[1] == '"' || text[1] == '\'' || text[1] == '\\' ? ESCAPE : LITERAL;
    default:
        return LITERAL;
    }
}

/* Return: the length of the word at @word. */
static size_t word_length(const char *word, bool *quote_open)
{
    *quote_open = false;
    for (size_t i = 0;; i++) {
        switch (meaning_of(word + i)) {
        case LINE_END:
            return i;
        case BLANK:
            if (!*quote_open)
                return i;
            break;
        case QUOTE:
            *quote_open = !*quote_open;
            break;
        case ESCAPE:
            i++;
            break;
        case LITERAL:
            break;
        }
    }
}

status_t cmdline_next(const char *line, size_t *cursor, struct cmdline_option *option)
{
    const char *word = line + *cursor;
    while (*word == '\n' || meaning_of(word) == BLANK)
        word++;
    bool quote_open;
    size_t length = word_length(word, &quote_open);
    *cursor = (size_t)(word - line) + length;
    if (length == 0)
        return STATUS_NOT_FOUND;

    const char *end = word + length;
    const char *equals = memchr(word, '=', length);
    const char *name_end = equals ? equals : end;
    if (*word == '"') {
        word++;
        if (!equals && !quote_open && name_end > word && name_end[-1] == '"')
            name_end--;
    }
    *option = (struct cmdline_option){
        .name = word,
        .name_length = (size_t)(name_end - word),
        .value = equals ? equals + 1 : NULL,
        .value_length = equals ? (size_t)(end - equals - 1) : 0,
    };
    return quote_open ? STATUS_MALFORMED : STATUS_OK;
}

bool cmdline_is_file_name(const struct cmdline_option *option)
{
    return option->name_length > 0 &&
           (option->name[0] == '/' ||
            (option->value == NULL && (memchr(option->name, '/', option->name_length) != NULL ||
                                       memchr(option->name, '.', option->name_length) != NULL)));
}

status_t cmdline_copy(const struct cmdline_option *option, char *buffer, size_t size)
{
    size_t length = 0;
    for (size_t i = 0; i < option->value_length; i++) {
        enum meaning meaning = meaning_of(option->value + i);
        if (meaning == QUOTE)
            continue;
        if (meaning == ESCAPE)
            i++;
        if (length + 1 == size) {
            buffer[length] = '\0';
            return STATUS_TOO_BIG;
        }
        buffer[length++] = option->value[i];
    }
    buffer[length] = '\0';
    return STATUS_OK;
}

static bool find_last(const char *line, const char *name, struct cmdline_option *found)
{
    size_t name_length = strlen(name);
    bool is_there = false;
    struct cmdline_option option;
    for (size_t cursor = 0; cmdline_next(line, &cursor, &option) != STATUS_NOT_FOUND;) {
        if (option.name_length == name_length && memcmp(option.name, name, name_length) == 0) {
            *found = option;
            is_there = true;
        }
    }
    return is_there;
}

status_t cmdline_value(const char *line, const char *name, char *buffer, size_t size)
{
    struct cmdline_option option;
    return find_last(line, name, &option) ? cmdline_copy(&option, buffer, size) : STATUS_NOT_FOUND;
}

bool cmdline_has(const char *line, const char *name)
{
    struct cmdline_option option;
    return find_last(line, name, &option);
}

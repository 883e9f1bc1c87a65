/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Words are moved together in place as their quotes are removed, so a word never grows.
 */
#include <command/split.h>

#include <lib/string.h>

static bool is_end(char c)
{
    return c == '\0' || c == ';' || c == '|';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Copies one word from @from to @to, with a NUL after it.
 * Return: the end of the word in the line, with the character there in @stop; NULL for an unclosed quote.
 */
static char *take_word(char *from, char *to, char *stop)
{
    char quote = '\0';

    for (; *from && (quote || (!is_blank(*from) && !is_end(*from))); from++) {
        if (quote ? *from == quote : *from == '"' || *from == '\'')
            quote = quote ? '\0' : *from;
        else
            *to++ = *from;
    }
    *stop = *from;
    *to = '\0';
    return quote ? NULL : from;
}

/* Takes the words up to a separator, which @stop receives; *@line moves past it. */
static status_t take_words(char **line, int *argc, char **argv, char *stop)
{
    char *at = *line;

    *argc = 0;
    while (is_blank(*at))
        at++;
    *stop = *at;
    while (!is_end(*stop)) {
        if (*argc == SPLIT_WORDS_MAX)
            return STATUS_TOO_BIG;
        argv[*argc] = at;
        at = take_word(at, at, stop);
        if (!at)
            return STATUS_MALFORMED;
        (*argc)++;
        while (is_blank(*stop))
            *stop = *++at;
    }
    *line = *stop ? at + 1 : at;
    argv[*argc] = NULL;
    return STATUS_OK;
}

status_t split_next(char **line, int *argc, char **argv, const char **filter)
{
    char *no_more = *line + strlen(*line), *words[SPLIT_WORDS_MAX + 1], stop;
    status_t status;
    int count;

    *filter = NULL;
    do {
        status = take_words(line, argc, argv, &stop);
    } while (status == STATUS_OK && *argc == 0 && stop == ';');
    if (status == STATUS_OK && stop == '|') {
        status = take_words(line, &count, words, &stop);
        if (status == STATUS_OK && (*argc == 0 || count != 1 || stop == '|'))
            status = STATUS_INVALID;
        *filter = words[0];
    }
    if (status != STATUS_OK) {
        *line = no_more;
        return status;
    }
    return *argc > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

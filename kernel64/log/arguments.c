/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages about words of a command. Small numbers are decimal in them, and large ones hexadecimal. */
#include <log/arguments.h>

#include <lib/format.h>
#include <lib/parse.h>
#include <lib/string.h>
#include <log/print.h>

#define DECIMAL_MAX 99999

void argument_refuse(const char *word, const char *format, ...)
{
    char expected[160];
    va_list arguments;
    va_start(arguments, format);
    format_buffer_v(expected, sizeof(expected), format, arguments);
    va_end(arguments);
    print_styled(STYLE_ERROR, "'%s' is not %s\n", word, expected);
}

bool arguments_count(int argc, char **argv, int least, int most)
{
    if (argc - 1 < least)
        print_styled(STYLE_ERROR, "an argument is missing after '%s'\n", argv[argc - 1]);
    else if (argc - 1 > most)
        print_styled(STYLE_ERROR, "unexpected argument '%s'\n", argv[most + 1]);
    return argc - 1 >= least && argc - 1 <= most;
}

bool argument_number(const char *word, const char *what, uint64_t least, uint64_t most, uint64_t *value)
{
    uint64_t number;
    status_t status = parse_number(word, &number);
    if (status == STATUS_OK && number >= least && number <= most) {
        *value = number;
        return true;
    }
    const char *remark = status == STATUS_INVALID ? ", decimal or after 0x" : "";
    argument_refuse(word, most <= DECIMAL_MAX ? "%s: a number, %lu to %lu%s" : "%s: a number, %lu to %#lx%s",
                    what, least, most, remark);
    return false;
}

bool argument_choice(const char *word, const char *const *choices, unsigned int count, unsigned int *index)
{
    char list[120];
    size_t length = 0;
    for (unsigned int i = 0; i < count; i++) {
        if (string_is_same(word, choices[i])) {
            *index = i;
            return true;
        }
        if (length < sizeof(list))
            length += format_buffer(list + length, sizeof(list) - length, "%s%s",
                                    i == 0          ? ""
                                    : i + 1 < count ? ", "
                                                    : " or ",
                                    choices[i]);
    }
    argument_refuse(word, "%s", list);
    return false;
}

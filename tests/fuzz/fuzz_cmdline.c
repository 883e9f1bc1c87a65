/* SPDX-License-Identifier: BSD-2-Clause */
/* The command line: words are inside it and in order, values fit their buffers, and all look-ups agree. */
#include <boot/cmdline.h>

#include "fuzz.h"

static void check_option(const char *line, size_t length, const struct cmdline_option *option)
{
    char name[512], value[64], again[64];
    const char *end = option->name + option->name_length;

    insist(option->name >= line && end <= line + length);
    insist(!option->value || (option->value > end && option->value + option->value_length <= line + length));
    status_t status = cmdline_copy(option, value, sizeof(value));
    insist(memchr(value, 0, sizeof(value)) != NULL);
    insist(status == STATUS_OK || (status == STATUS_TOO_BIG && strlen(value) == sizeof(value) - 1));
    insist(strlen(value) <= option->value_length);

    if (option->name_length == 0 || option->name_length >= sizeof(name))
        return;
    memcpy(name, option->name, option->name_length);
    name[option->name_length] = 0;
    insist(cmdline_has(line, name));
    insist(cmdline_value(line, name, again, sizeof(again)) != STATUS_NOT_FOUND);
    insist(memchr(again, 0, sizeof(again)) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cmdline_option option;
    size_t cursor = 0, words = 0;
    status_t status;

    if (size > 500)
        return 0;
    char *line = malloc(size + 1);
    if (size)
        memcpy(line, data, size);
    line[size] = 0;
    size_t length = strlen(line);
    const char *behind = line;
    while ((status = cmdline_next(line, &cursor, &option)) != STATUS_NOT_FOUND) {
        insist(status == STATUS_OK || status == STATUS_MALFORMED);
        insist(option.name >= behind && ++words <= length);
        check_option(line, length, &option);
        behind = option.name + option.name_length;
    }
    insist(!cmdline_has(line, "a name that holds blanks"));
    free(line);
    return 0;
}

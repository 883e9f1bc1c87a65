/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records as JSON, and the choice between JSON and what the monitor shows. The commands of run= are run
 * before the monitor sets its form.
 */
#include <command/record.h>

#include <lib/string.h>
#include <log/log.h>
#include <log/print.h>

static const struct record_form *form_for_people;

void record_set_form(const struct record_form *form)
{
    form_for_people = form;
}

const struct record_form *record_form_of(int *argc, char **argv)
{
    int kept = 0;
    for (int i = 0; i < *argc; i++)
        if (strcmp(argv[i], "-j") != 0)
            argv[kept++] = argv[i];
    bool is_json = kept < *argc;
    *argc = kept;
    argv[kept] = NULL;
    return is_json ? NULL : form_for_people;
}

void record_print(const char *type, record_members_fn *members, const void *context)
{
    struct json json = { .put = print_sink };
    log_defer();
    json_begin(&json, type);
    members(&json, context);
    json_end(&json);
    log_show_deferred();
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Records: what `report` and `bench` print. For programs a record is a line of JSON (ashlar/json.h); for a
 * person at the prompt it is shown in the form that the monitor sets. Both come from one function that writes
 * the record's members.
 *
 * Context of all: the thread that runs commands, interrupts on.
 */
#include <ashlar/json.h>

/* Writes the members of a record. It may be called twice for one record. */
typedef void record_members_fn(struct json *json, const void *context);

/* A column of a table with a row for each record. */
struct record_column {
    const char *name; /* of the member; NULL ends the columns */
    uint16_t width;   /* of its usual values */
    bool is_text;     /* else numbers, which end in one column of the screen */
};

struct record_form {
    /* Shows a record with all its members, below a heading. */
    void (*section)(const char *type, record_members_fn *members, const void *context);

    /* Shows the headings of a table, and a record as a row of it: the members that have a column. */
    void (*headings)(const struct record_column *columns);
    void (*row)(const struct record_column *columns, record_members_fn *members, const void *context);
};

/* Sets how a person sees records. @form: constant; NULL, the initial state: as JSON. */
void record_set_form(const struct record_form *form);

/**
 * record_form_of() - the form of the records that a command prints.
 * @argc, @argv: the command's words, with NULL at argv[*argc], before and after; each -j is removed.
 *
 * Return: NULL for JSON: with -j, and before record_set_form(): under run=, and in a build without the
 * monitor.
 */
const struct record_form *record_form_of(int *argc, char **argv);

/* Prints a record as JSON. Log lines that come meanwhile are shown after it. */
void record_print(const char *type, record_members_fn *members, const void *context);

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Writer of one JSON object as one line that begins "@ashlar ", directly into a sink, without memory. The
 * caller opens and closes objects and lists; the writer adds commas, quotes and escapes.
 *
 *     json_begin(json, "time");                 @ashlar {"v":1,"type":"time"
 *     json_string(json, "clock", "tsc");        ,"clock":"tsc"
 *     json_open_list(json, "sources");          ,"sources":[
 *     json_string(json, NULL, "hpet");          "hpet"
 *     json_close(json);                         ]
 *     json_end(json);                           }\n
 *
 * With a form, the same calls go to it instead, and nothing is written here: a record is described once, for
 * programs and for people.
 *
 * Context of all: as the sink's. They take no lock and allocate nothing.
 */
#include <ashlar/types.h>

/* Objects and lists inside one another, the outermost object included. */
#define JSON_DEPTH_MAX 32

typedef void json_put_fn(void *context, const char *text, size_t length);

struct json;

/* Another form of a record, such as a table: it gets the members. A bool is the text "yes" or "no". @name: as
   below; constant. */
struct json_form {
    void (*number)(struct json *json, const char *name, uint64_t value);
    void (*text)(struct json *json, const char *name, const char *text, size_t length);
    void (*open)(struct json *json, const char *name, bool is_list);
    void (*close)(struct json *json);
};

struct json {
    const struct json_form *form; /* NULL: JSON, to put() */
    json_put_fn *put;
    void *context;
    uint32_t lists;   /* bit n: level n is a list */
    uint32_t started; /* bit n: level n has a member, so the next one needs a comma */
    uint8_t depth;    /* open levels; 0 outside an object */
};

/* Begin and end of the line. Version and type are the first members; all others are written in between. */
void json_begin(struct json *json, const char *type);
void json_end(struct json *json);

/*
 * A member. @name: NULL inside a list, and only there; needs no escaping. Text is ASCII; every
 * other byte is written as \u00XX, so that a loader's text is complete.
 */
void json_number(struct json *json, const char *name, uint64_t value);
void json_bool(struct json *json, const char *name, bool value);
void json_string(struct json *json, const char *name, const char *text);
void json_text(struct json *json, const char *name, const char *text, size_t length);

/* Closed by json_close(), the innermost first. */
void json_open_object(struct json *json, const char *name);
void json_open_list(struct json *json, const char *name);
void json_close(struct json *json);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The JSON writer. Its whole state is one bit a level: whether a comma is due there, and one more
 * for the bracket that closes it.
 */
#include <ashlar/json.h>

#include <ashlar/check.h>
#include <lib/string.h>

static void put(struct json *json, const char *text)
{
    json->put(json->context, text, strlen(text));
}

static bool is_list(const struct json *json)
{
    return (json->lists >> (json->depth - 1) & 1) != 0;
}

static void put_escaped(struct json *json, const char *text, size_t length)
{
    static const char digits[] = "0123456789abcdef";

    put(json, "\"");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        char code[] = { '\\', 'u', '0', '0', digits[c >> 4], digits[c & 15] };
        if (c == '"' || c == '\\')
            json->put(json->context, (char[]){ '\\', (char)c }, 2);
        else if (c < 0x20 || c > 0x7e)
            json->put(json->context, code, sizeof(code));
        else
            json->put(json->context, &text[i], 1);
    }
    put(json, "\"");
}

static void check_name(const struct json *json, const char *name)
{
    VERIFY(json->depth > 0 && is_list(json) == (name == NULL));
}

/* The comma and the name before a member's value. */
static void begin_member(struct json *json, const char *name)
{
    check_name(json, name);
    uint32_t level = 1u << (json->depth - 1);

    if (json->started & level)
        put(json, ",");
    json->started |= level;
    if (name) {
        put_escaped(json, name, strlen(name));
        put(json, ":");
    }
}

static void open_level(struct json *json, bool as_list)
{
    VERIFY(json->depth < JSON_DEPTH_MAX);
    uint32_t level = 1u << json->depth++;

    json->started &= ~level;
    json->lists = as_list ? json->lists | level : json->lists & ~level;
}

static void open(struct json *json, const char *name, bool as_list)
{
    if (json->form) {
        check_name(json, name);
        json->form->open(json, name, as_list);
    } else {
        begin_member(json, name);
        put(json, as_list ? "[" : "{");
    }
    open_level(json, as_list);
}

void json_begin(struct json *json, const char *type)
{
    VERIFY(json->depth == 0);
    open_level(json, false);
    if (json->form)
        return;
    put(json, "@ashlar {");
    json_number(json, "v", 1);
    json_string(json, "type", type);
}

void json_end(struct json *json)
{
    VERIFY(json->depth == 1);
    if (!json->form)
        put(json, "}\n"); /* in one call, so that no log line of another CPU follows the object on its line */
    json->depth = 0;
}

void json_number(struct json *json, const char *name, uint64_t value)
{
    char digits[20]; /* of 2^64 - 1 */
    size_t first = sizeof(digits);

    if (json->form) {
        check_name(json, name);
        json->form->number(json, name, value);
        return;
    }
    begin_member(json, name);
    do {
        digits[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    json->put(json->context, digits + first, sizeof(digits) - first);
}

void json_bool(struct json *json, const char *name, bool value)
{
    if (json->form) {
        json_string(json, name, value ? "yes" : "no");
        return;
    }
    begin_member(json, name);
    put(json, value ? "true" : "false");
}

void json_string(struct json *json, const char *name, const char *text)
{
    json_text(json, name, text, strlen(text));
}

void json_text(struct json *json, const char *name, const char *text, size_t length)
{
    if (json->form) {
        check_name(json, name);
        json->form->text(json, name, text, length);
        return;
    }
    begin_member(json, name);
    put_escaped(json, text, length);
}

void json_open_object(struct json *json, const char *name)
{
    open(json, name, false);
}

void json_open_list(struct json *json, const char *name)
{
    open(json, name, true);
}

void json_close(struct json *json)
{
    VERIFY(json->depth > 0);
    if (json->form)
        json->form->close(json);
    else
        put(json, is_list(json) ? "]" : "}");
    json->depth--;
}

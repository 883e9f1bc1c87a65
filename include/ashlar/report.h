/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Registering a part of the monitor's `report`, beside the code that it shows:
 *
 *     static void report_time(struct json *json)
 *     {
 *         json_string(json, "clock", clock_name());
 *     }
 *     REPORT(time, report_time);
 *
 * gives the line  @ashlar {"v":1,"type":"time","clock":"tsc"}, and a table for a person at the prompt. The
 * linker collects the parts, sorted by name, between __reports_start and __reports_end. The members are a
 * stable interface: docs/interfaces.md lists them, and a name is never changed.
 */
#include <ashlar/json.h>

struct report {
    const char *type;

    /**
     * run() - write the members. It is called twice for a table.
     * @json: inside the object, version and type written; close what you open, but not the object.
     *
     * Context: thread, interrupts on.
     */
    void (*run)(struct json *json);
};

#define REPORT(word, function)                                                                               \
    static const struct report report_entry_##word USED SECTION(".reports." #word)                           \
        ALIGNED(sizeof(void *)) = { #word, function }

extern const struct report __reports_start[], __reports_end[];

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `time` of the monitor's report.
 */
#include <ashlar/report.h>
#include <time/clock.h>

static void report_time(struct json *json)
{
    json_string(json, "clock", "tsc");
    json_number(json, "tsc_hz", clock_rate_hz());
    json_string(json, "tsc_hz_from", clock_rate_source());
    json_open_list(json, "sources");
    json_string(json, NULL, "tsc");
    json_close(json);
    json_string(json, "events", "none");
}
REPORT(time, report_time);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part `time` of the monitor's report.
 */
#include <ashlar/report.h>

#include <time/clock.h>
#include <time/counters.h>
#include <time/clockevent.h>
#include <time/wrap_guard.h>
#include <time/time.h>
#include <time/tsc.h>
#include <time/tsc_sync.h>
#include <time/watchdog.h>

static void report_time(struct json *json)
{
    int64_t ppm;
    uint64_t most_ns;
    json_string(json, "clock", clock_name());
    json_number(json, "tsc_hz", clock_tsc_hz());
    json_string(json, "tsc_hz_from", tsc_rate_source());
    json_number(json, "tsc_error_ppm", tsc_rate_error_ppm());
    json_bool(json, "tsc_is_final", clock_tsc_rate_is_final());
    json_number(json, "tsc_first_hz", tsc_initial_hz());
    json_string(json, "tsc_first_from", tsc_initial_source());
    json_number(json, "lapic_hz", time_lapic_hz());
    json_open_list(json, "sources");
    json_string(json, NULL, "tsc");
    for (unsigned int i = 0; counters_get(i); i++)
        json_string(json, NULL, counters_get(i)->name);
    json_close(json);
    json_string(json, "events", clockevent_name());
    json_number(json, "measuring_ns", time_measuring_ns());
    json_number(json, "watched", watchdog_count());
    if (watchdog_drift_ppm(&ppm)) {
        json_number(json, "drift_ppm", (uint64_t)(ppm < 0 ? -ppm : ppm));
        json_bool(json, "drift_is_fast", ppm > 0);
    }
    json_number(json, "rounds_added", wrap_guard_added());
    if (tsc_sync_max_ns(&most_ns))
        json_number(json, "disagreement_ns", most_ns);
}
REPORT(time, report_time);

/* SPDX-License-Identifier: BSD-2-Clause */
/* `log` in the report: whether anything is wrong with the machine, as one number a level. */
#include <ashlar/report.h>
#include <log/log.h>

static void report_log(struct json *json)
{
    json_number(json, "errors", log_count(LOG_ERROR));
    json_number(json, "warnings", log_count(LOG_WARN));
}
REPORT(log, report_log);

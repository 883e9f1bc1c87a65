/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The RTC's time when it was read, plus the clock's time since then.
 */
#include <time/wall_clock.h>

#include <ashlar/dev/rtc.h>
#include <ashlar/time_units.h>
#include <log/log.h>
#include <platform/platform.h>
#include <time/clock.h>

static status_t status = STATUS_NOT_FOUND;
static uint64_t unix_at_read, read_ns;
static const char *doubt;

void wall_clock_init(void)
{
    struct rtc_time time;
    if (!platform()->has_rtc) {
        log_info("rtc", "not present, by the FADT");
        return;
    }
    bool has_lost_power = rtc_has_lost_power();
    status = rtc_read(platform()->rtc_century, &time);
    read_ns = clock_now_ns();
    if (status != STATUS_OK) {
        log_warn("rtc", "not read: %s", status_sentence(status));
        return;
    }
    unix_at_read = rtc_to_unix(&time);
    doubt = rtc_doubt(&time, has_lost_power);
    log_info("rtc", "%04u-%02u-%02u %02u:%02u:%02u UTC", time.year, time.month, time.day, time.hour,
             time.minute, time.second);
    if (doubt)
        log_warn("rtc", "date is doubtful: %s", doubt);
}

const char *wall_clock_doubt(void)
{
    return doubt;
}

status_t wall_clock_unix_seconds(uint64_t *seconds)
{
    if (status == STATUS_OK)
        *seconds = unix_at_read + (clock_now_ns() - read_ns) / NS_PER_SECOND;
    return status;
}

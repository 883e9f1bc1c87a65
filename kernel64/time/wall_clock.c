/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The battery clock's time, and how long ago it was read.
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
        log_info("time", "no battery clock, says firmware");
        return;
    }
    bool has_lost_power = rtc_has_lost_power();
    status = rtc_read(platform()->rtc_century, &time);
    read_ns = clock_now_ns();
    if (status != STATUS_OK) {
        log_warn("time", "the battery clock: %s", status_sentence(status));
        return;
    }
    unix_at_read = rtc_to_unix(&time);
    doubt = rtc_doubt(&time, has_lost_power);
    log_info("time", "it is %04u-%02u-%02u %02u:%02u:%02u UTC by the battery clock", time.year, time.month,
             time.day, time.hour, time.minute, time.second);
    if (doubt)
        log_warn("time", "rtc: do not rely on this date: %s", doubt);
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

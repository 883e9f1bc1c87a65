/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `date` and `clock`.
 */
#include <ashlar/command.h>
#include <ashlar/dev/rtc.h>
#include <ashlar/time_units.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <log/print.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/clockevent.h>
#include <time/wrap_guard.h>
#include <time/time.h>
#include <time/tsc.h>
#include <time/tsc_sync.h>
#include <time/wall_clock.h>
#include <time/watchdog.h>

static status_t command_date(int argc, char **argv)
{
    struct rtc_time date;
    uint64_t seconds;
    (void)argv;
    if (argc > 1)
        return STATUS_INVALID;
    status_t status = wall_clock_unix_seconds(&seconds);
    if (status != STATUS_OK)
        return status;
    rtc_from_unix(seconds, &date);
    print("%04u-%02u-%02u %02u:%02u:%02u UTC\n", date.year, date.month, date.day, date.hour, date.minute,
          date.second);
    if (wall_clock_doubt())
        print("date is doubtful: %s\n", wall_clock_doubt());
    return STATUS_OK;
}
COMMAND(date, "", "date and time, from the real-time clock (RTC)", command_date);

static void print_counter(const char *name, uint64_t rate_hz, unsigned int bits, uint64_t count)
{
    print("  %-10s %12lu Hz  %2u bits  %lu\n", name, rate_hz, bits, count);
}

/* Where the rate comes from, stage by stage (time/tsc.h). */
static void print_rate(void)
{
    const struct tsc_rate *reported = tsc_rate_reported();
    print("tsc rate: from %s%s", tsc_rate_source(), cpu_has(CPU_FEATURE_INVARIANT_TSC) ? ", invariant" : "");
    if (tsc_rate_error_ppm() > 0)
        print(", within %u ppm", tsc_rate_error_ppm());
    print("%s; initially %lu Hz from %s\n", clock_tsc_rate_is_final() ? "" : ", to be refined",
          tsc_initial_hz(), tsc_initial_source());
    if (reported->source)
        print("%s reports %lu Hz: %s\n", reported->source, reported->tsc_hz,
              tsc_rate_is_refuted()               ? "wrong"
              : reported->trust == TSC_RATE_GIVEN ? "given, cross-checked"
                                                  : "nominal, an estimate");
    if (time_measuring_ns() > 0)
        print("calibration took %lu us\n", time_measuring_ns() / NS_PER_US);
}

static status_t command_clock(int argc, char **argv)
{
    int64_t ppm;
    uint64_t most_ns;
    (void)argv;
    if (argc > 1)
        return STATUS_INVALID;
    uint64_t now_ns = clock_now_ns();
    print("%lu.%09lu s since boot, clocksource %s, clockevent %s\n", now_ns / NS_PER_SECOND,
          now_ns % NS_PER_SECOND, clock_name(), clockevent_name());
    print("counters:\n");
    print_counter("tsc", clock_tsc_hz(), 64, cpu_read_tsc());
    for (unsigned int i = 0; counters_get(i); i++)
        print_counter(counters_get(i)->name, counters_get(i)->rate_hz, counters_get(i)->bits,
                      counters_get(i)->read(counters_get(i)));
    print_rate();
    if (time_lapic_hz() > 0)
        print("local APIC timer: %lu Hz\n", time_lapic_hz());
    if (watchdog_drift_ppm(&ppm))
        print("watchdog: %lu comparisons, tsc off by %ld ppm at the last\n", watchdog_count(), ppm);
    if (wrap_guard_added() > 0)
        print("%lu missed wraps of %s added\n", wrap_guard_added(), clock_name());
    if (tsc_sync_max_ns(&most_ns))
        print("TSC sync check: largest difference %lu ns\n", most_ns);
    return STATUS_OK;
}
COMMAND(clock, "", "clocksource and clockevent, their rates and how those are known", command_clock);

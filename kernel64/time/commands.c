/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `date`, `clock` and `timers`.
 */
#include <ashlar/command.h>
#include <ashlar/dev/rtc.h>
#include <ashlar/time_units.h>

#include <cpu/features.h>
#include <cpu/insn.h>
#include <cpu/percpu.h>
#include <log/print.h>
#include <panic/symbols.h>
#include <time/clock.h>
#include <time/counters.h>
#include <time/clockevent.h>
#include <time/timer.h>
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
    (void)argc;
    (void)argv;
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
COMMAND(date, command_date, .group = GROUP_TIME, .arguments = "",
        .help = "date and time, from the real-time clock (RTC)", .example = "date", .see_also = "clock");

static void print_counter(const char *name, uint64_t rate_hz, unsigned int bits, uint64_t count)
{
    print("  %-10s %12lu Hz  %2u bits  %lu\n", name, rate_hz, bits, count);
}

/* The source of the rate, stage by stage (time/tsc.h). */
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
    (void)argc;
    (void)argv;
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
COMMAND(clock, command_clock, .group = GROUP_TIME, .arguments = "",
        .help = "clocksource and clockevent, their rates and how those are known", .example = "clock",
        .see_also = "timers date");

/* ---- timers ---- */

#define TIMERS_SHOWN 16 /* of a CPU */

static void print_timer(const struct timer_armed *timer, uint64_t now_ns)
{
    bool is_due = timer->deadline_ns <= now_ns;
    uint64_t ns = is_due ? now_ns - timer->deadline_ns : timer->deadline_ns - now_ns;
    const char *name = symbol_find(virt((uintptr_t)timer->run), NULL, NULL);
    print("    %s %6lu.%06lu s  %s\n", is_due ? "due since" : "due in   ", ns / NS_PER_SECOND,
          ns % NS_PER_SECOND / NS_PER_US, name ? name : "(not a function of the kernel)");
}

static status_t command_timers(int argc, char **argv)
{
    struct timer_armed timers[TIMERS_SHOWN];
    unsigned int idle = 0;
    (void)argc;
    (void)argv;
    print("clockevent: %s%s\n", clockevent_name(),
          !timer_interrupts()      ? "; timers are polled"
          : clockevent_is_shared() ? ", which interrupts CPU 0 for all"
                                   : " of each CPU");
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        size_t count = timer_list(cpu, timers, ARRAY_LEN(timers));
        uint64_t now_ns = clock_now_ns();
        if (count == 0) {
            idle++;
            continue;
        }
        print("cpu %u: %zu armed\n", cpu, count);
        for (size_t i = 0; i < count && i < ARRAY_LEN(timers); i++)
            print_timer(&timers[i], now_ns);
        if (count > ARRAY_LEN(timers))
            print("    and %zu later ones\n", count - ARRAY_LEN(timers));
    }
    print("%u of %u CPUs have no timer armed\n", idle, percpu_count());
    return STATUS_OK;
}
COMMAND_LIST(timers, command_timers, .group = GROUP_TIME, .arguments = "",
             .help = "timers that are armed on each CPU, and the clockevent", .example = "timers",
             .see_also = "clock irqs", .words = NULL);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A timer on the BSP posts a read of the machine-check banks to each online CPU; and the monitor's `mce`,
 * which reads them now.
 *
 * A CPU that has not run the last read yet is not posted another.
 */
#include <smp/machine_checks.h>

#include <ashlar/command.h>
#include <ashlar/report.h>
#include <ashlar/sync/irqflags.h>
#include <ashlar/time_units.h>

#include <boot/options.h>
#include <cpu/features.h>
#include <cpu/percpu.h>
#include <lib/parse.h>
#include <log/log.h>
#include <log/print.h>
#include <smp/ipi.h>
#include <smp/work_list.h>
#include <time/clock.h>
#include <time/timer.h>
#include <time/timer_queue.h>
#include <trap/machine_check.h>

OPTION(mcepoll, "SECONDS", "interval of polling for corrected hardware errors; 0: never; default 60");

#define DEFAULT_SECONDS 60
#define MOST_SECONDS    86400

static PERCPU(struct work, mce_look);
static PERCPU(bool, has_mce_look); /* mce_look was posted before */
static struct timer timer;
static uint64_t seconds;
static bool has_found; /* atomic; an error, since the timer last ran */

static void look(void *argument)
{
    (void)argument;
    irq_flags_t state = local_irq_save();
    if (machine_check_poll() > 0)
        __atomic_store_n(&has_found, true, __ATOMIC_RELAXED);
    local_irq_restore(state);
}

static void look_everywhere(struct timer *expired, void *context)
{
    struct cpu_set online;
    (void)context;
    uint64_t wait = __atomic_exchange_n(&has_found, false, __ATOMIC_RELAXED) ? 1 : seconds;
    ipi_online(&online);
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        struct work *work = PERCPU_OF(cpu, mce_look);
        bool *was_posted = PERCPU_OF(cpu, has_mce_look);
        if (!cpu_set_has(&online, cpu) || (*was_posted && !work_is_done(work)))
            continue;
        *work = (struct work){ .run = look };
        *was_posted = ipi_post(cpu, work);
    }
    timer_arm(expired, clock_now_ns() + wait * NS_PER_SECOND);
}

void machine_checks_watch(void)
{
    char text[24];
    status_t status = option_read(&option_mcepoll, text, sizeof(text));
    seconds = DEFAULT_SECONDS;
    if (status != STATUS_NOT_FOUND &&
        (status != STATUS_OK || parse_number(text, &seconds) != STATUS_OK || seconds > MOST_SECONDS)) {
        log_warn("mce", "mcepoll=%s: expected seconds, 0 to %u", text, MOST_SECONDS);
        seconds = DEFAULT_SECONDS;
    }
    if (seconds == 0 || machine_check_bank_count() == 0)
        return;
    timer_init(&timer, look_everywhere, NULL);
    timer_arm(&timer, clock_now_ns() + seconds * NS_PER_SECOND);
}

static status_t command_mce(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    ipi_call_all(look, NULL);
    print("%u banks on this CPU\n", machine_check_bank_count());
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        struct machine_check_counts counts = machine_check_counts(cpu);
        print("cpu %u: %lu corrected, %lu uncorrected without an exception, %lu from before the boot\n", cpu,
              counts.corrected, counts.uncorrected, counts.from_before);
    }
    return STATUS_OK;
}
COMMAND_LIST(mce, command_mce, .group = GROUP_PROCESSORS, .arguments = "",
             .help = "hardware errors that were corrected, or found at the start; looks for new ones",
             .example = "mce", .see_also = "memtest log", .words = NULL);

static void report_mce(struct json *json)
{
    struct machine_check_counts sum = { 0, 0, 0 };
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++) {
        struct machine_check_counts counts = machine_check_counts(cpu);
        sum.corrected += counts.corrected;
        sum.uncorrected += counts.uncorrected;
        sum.from_before += counts.from_before;
    }
    json_number(json, "banks", machine_check_bank_count());
    json_number(json, "corrected", sum.corrected);
    json_number(json, "uncorrected", sum.uncorrected);
    json_number(json, "from_before", sum.from_before);
}
REPORT(mce, report_mce);

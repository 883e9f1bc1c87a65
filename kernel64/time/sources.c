/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From firmware's tables to a clock that is right and an interrupt that comes.
 *
 * Everything here runs once. What may change later is the clock, when the watch finds that it lies; then the reference
 * takes its place, and a timer keeps reading it often enough that no round of it is missed.
 */
#include <time/sources.h>

#include <acpi/fadt.h>
#include <acpi/hpet.h>
#include <acpi/init.h>
#include <ashlar/dev/acpi_pm.h>
#include <ashlar/dev/hpet.h>
#include <ashlar/dev/pit8254.h>
#include <ashlar/fmt/acpi.h>
#include <ashlar/time_units.h>
#include <boot/machine.h>
#include <boot/map_device.h>
#include <cpu/features.h>
#include <cpu/insn.h>
#include <diag/log.h>
#include <irq/controllers.h>
#include <irq/irq.h>
#include <irq/lapic.h>
#include <lib/string.h>
#include <time/agree.h>
#include <time/calibrate.h>
#include <time/clock.h>
#include <time/timer.h>
#include <time/watch.h>

#define COUNTERS_MAX  3

/* How long the LAPIC's timer is looked at when nothing else is measured. */
#define LAPIC_LOOK_NS NS_PER_MS

/* How long a given rate is looked at: a few accesses long also in a hypervisor, where one may take 35 us. */
#define GLANCE_NS     200000

#define ISA_TIMER     0

static struct hpet hpet;
static struct acpi_pm pm_timer;
static struct pit8254 pit;

static struct clock_counter *counters[COUNTERS_MAX];
static unsigned int counter_count;
static bool has_hpet, has_pit;

static struct event_setup events;
static struct timer keeper;
static uint64_t measuring_ns;
static uint32_t spread_ppm;

struct clock_counter *time_counter(unsigned int index)
{
    return index < counter_count ? counters[index] : NULL;
}

struct hpet *time_hpet(void)
{
    return has_hpet ? &hpet : NULL;
}

uint64_t time_lapic_hz(void)
{
    return events.lapic_hz;
}

uint64_t time_measuring_ns(void)
{
    return measuring_ns;
}

uint32_t time_measuring_spread_ppm(void)
{
    return spread_ppm;
}

/* ---- what there is ---- */

static void find_hpet(void)
{
    size_t size_bytes;
    struct hpet_table table;
    const void *data = acpi_find_here("HPET", &size_bytes);
    if (!data || hpet_table_parse(data, size_bytes, &table) != STATUS_OK || machine_has_option("nohpet") ||
        table.base.space != ACPI_SPACE_MEMORY)
        return;
    void *registers = map_device(phys(table.base.address), HPET_BLOCK_BYTES, PAGE_WRITE | PAGE_UNCACHED, "HPET");
    if (!registers)
        return;
    has_hpet = hpet_init(&hpet, registers) == STATUS_OK;
    if (has_hpet) {
        counters[counter_count++] = &hpet.counter;
        return;
    }
    device_refused("HPET", phys(table.base.address), "no HPET answers there");
    unmap_device(registers);
}

static bool init_pm_timer_in_memory(const struct fadt_pm_timer *where)
{
    void *reg = map_device(phys(where->address), sizeof(uint32_t), PAGE_UNCACHED, "PM timer");
    if (!reg)
        return false;
    if (acpi_pm_init_memory(&pm_timer, reg, where->bits) == STATUS_OK)
        return true;
    device_refused("PM timer", phys(where->address), "it does not count");
    unmap_device(reg);
    return false;
}

/* In memory where the table says so; where nothing can be there, or it does not count, the port of the old field. */
static void find_pm_timer(void)
{
    size_t size_bytes;
    struct fadt fadt;
    struct fadt_pm_timer where;
    const void *data = acpi_find_here("FACP", &size_bytes);
    if (!data || fadt_parse(data, size_bytes, &fadt) != STATUS_OK || !fadt_pm_timer(&fadt, &where))
        return;
    bool is_there = where.is_in_memory && init_pm_timer_in_memory(&where);
    if (!is_there && where.port != 0) {
        is_there = acpi_pm_init_port(&pm_timer, where.port, where.bits) == STATUS_OK;
        if (!is_there)
            log_warn("firmware", "PM timer at port %#x refused: it does not count", where.port);
    }
    if (is_there)
        counters[counter_count++] = &pm_timer.counter;
}

static void find_counters(void)
{
    find_hpet();
    find_pm_timer();
    has_pit = pit8254_init(&pit) == STATUS_OK;
    if (has_pit)
        counters[counter_count++] = &pit.counter;
}

/* ---- the time-stamp counter ---- */

static uint64_t read_ticks(void)
{
    return cpu_read_tsc_ordered();
}

/* Return: by one reference; rate 0 when it does not count. */
static struct calibration tsc_rate_by(struct clock_counter *reference)
{
    struct calibration result = { 0, 0, 0 };
    if (calibrate(read_ticks, reference, &result) == STATUS_UNSUPPORTED)
        log_warn("time", "%s: no three looks at the time-stamp counter agree; good to %u parts in a million", reference->name,
                 result.spread_ppm);
    return result;
}

/* By the finest reference, unless it denies the first idea and the next does not. */
static void measure_tsc(void)
{
    if (counter_count == 0)
        return;
    struct clock_counter *by = counters[0];
    struct calibration result = tsc_rate_by(by);
    uint64_t idea_hz = clock_rate_is_assumed() ? 0 : clock_tsc_hz();
    if (counter_count > 1 && calibrate_is_doubtful(result.rate_hz, idea_hz)) {
        struct calibration other = tsc_rate_by(counters[1]);
        if (calibrate_prefers_other(result.rate_hz, other.rate_hz, idea_hz)) {
            log_warn("time", "%s is left out: %s", by->name,
                     result.rate_hz == 0 ? "it stands still" : "what it says of the time-stamp counter, nobody else does");
            by = counters[1];
            result = other;
        }
    }
    spread_ppm = result.spread_ppm;
    if (result.rate_hz != 0)
        clock_set_tsc_rate(result.rate_hz, by->name);
}

/* ---- glances: two counters at one moment, and again a moment later ---- */

struct glance {
    uint64_t tick, width; /* of the time-stamp counter: when it was, and how exactly that is known */
    uint64_t count;
};

/* The closest of a few pairs of readings. */
static struct glance glance_at(struct clock_counter *counter)
{
    struct glance best = { 0, UINT64_MAX, 0 };
    for (unsigned int i = 0; i < 4; i++) {
        uint64_t before = cpu_read_tsc_ordered();
        uint64_t count = counter->read(counter);
        uint64_t width = cpu_read_tsc_ordered() - before;
        if (width < best.width)
            best = (struct glance){ before + width / 2, width, count };
    }
    return best;
}

/*
 * Whether the finest counter denies the rate that was given: emulators and hypervisors that show a real CPU's leaves and
 * count at a rate of their own. What the width of a glance leaves open is in favour of the given rate; a small lie is for
 * the watch to find.
 */
static bool is_given_rate_refuted(void)
{
    struct clock_counter *reference = time_counter(0);
    if (!reference)
        return false;
    struct glance start = glance_at(reference);
    timer_spin_ns(GLANCE_NS);
    struct glance end = glance_at(reference);
    uint64_t ticks = end.tick - start.tick, counts = (end.count - start.count) & clock_counter_mask(reference);
    uint64_t expected = counts * clock_tsc_hz() / reference->rate_hz;
    uint64_t difference = ticks > expected ? ticks - expected : expected - ticks;
    uint64_t doubt = start.width + end.width + clock_tsc_hz() / reference->rate_hz;
    if (difference <= doubt + ticks * CALIBRATE_SAME_PPM / 1000000)
        return false;
    log_warn("time", "the time-stamp counter is said to run at %lu Hz (%s), but %s tells otherwise", clock_tsc_hz(),
             clock_rate_source(), reference->name);
    return true;
}

/* The LAPIC's timer while it is measured. It counts down. */
static uint64_t count_lapic(struct clock_counter *self)
{
    (void)self;
    return UINT32_MAX - lapic_timer_left();
}

static struct clock_counter lapic_counter = { .name = "lapic", .bits = 32, .read = count_lapic };

static uint64_t lapic_rate_between(const struct glance *from, const struct glance *to)
{
    uint64_t ticks = to->tick - from->tick;
    return ticks == 0 ? 0 : (to->count - from->count) * LAPIC_TIMER_DIVIDER * clock_tsc_hz() / ticks;
}

/* The LAPIC's timer runs beside the measurement of the time-stamp counter, and is compared with that. */
static void measure(void)
{
    struct glance start = { 0, 0, 0 };
    uint64_t began_ns = clock_now_ns();
    bool wants_tsc = !clock_rate_is_given() || is_given_rate_refuted();
    /* Who was wrong about one is not believed about the other. */
    uint64_t given_hz = wants_tsc ? 0 : clock_lapic_hz_given();
    bool wants_lapic = lapic_mode() != LAPIC_NONE && given_hz == 0;
    events.lapic_hz = given_hz;
    if (wants_lapic) {
        lapic_timer_set(LAPIC_TIMER_MEASURED);
        lapic_timer_arm(UINT32_MAX);
        start = glance_at(&lapic_counter);
    }
    if (wants_tsc)
        measure_tsc();
    else if (wants_lapic)
        timer_spin_ns(LAPIC_LOOK_NS);
    if (wants_lapic) {
        struct glance end = glance_at(&lapic_counter);
        events.lapic_hz = lapic_rate_between(&start, &end);
        lapic_timer_set(LAPIC_TIMER_OFF);
    }
    measuring_ns = clock_now_ns() - began_ns;
}

/* ---- choosing ---- */

static void keep_reading(struct timer *timer, void *context)
{
    const struct clock_counter *counter = context;
    uint64_t round = counter->bits >= 32 ? 1ULL << 32 : 1ULL << counter->bits;
    timer_arm(timer, clock_now_ns() + round / 4 * NS_PER_SECOND / counter->rate_hz);
}

/* Context: interrupts off. Return: false when there is no other clock than the time-stamp counter. */
static bool leave_tsc(void)
{
    if (counter_count == 0 || !clock_is_tsc())
        return false;
    clock_set_counter(counters[0]);
    log_info("time", "the clock is %s from here on", clock_name());
    timer_start(&events);
    timer_init(&keeper, keep_reading, counters[0]);
    keep_reading(&keeper, counters[0]);
    return true;
}

static void demote_tsc(void)
{
    if (!leave_tsc())
        log_warn("time", "there is no other clock; it stays in use");
}

/* An I/O APIC's input for one of the HPET's comparators: above the ISA interrupts where it can be. */
static bool choose_hpet_alarm(void)
{
    uint32_t pin;
    if (!controllers_use_ioapics())
        return false;
    for (unsigned int gsi = 16; gsi < 32 + 16; gsi++) {
        unsigned int candidate = gsi % 32;
        if (!(hpet_routes(&hpet, 0) >> candidate & 1) || !irq_chip_of(candidate, &pin))
            continue;
        if (hpet_use_comparator(&hpet, 0, candidate) != STATUS_OK)
            continue;
        events.alarm = &hpet.alarm;
        events.isa = -1;
        events.gsi = candidate;
        return true;
    }
    return false;
}

/* events=NAME: only that source. */
static void choose_alarm(void)
{
    static const char *const names[] = { "tsc-deadline", "lapic", "hpet", "pit" };
    char wish[16] = "";
    status_t status = machine_option("events", wish, sizeof(wish));
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (status == STATUS_OK && strcmp(wish, names[i]) == 0)
            events.only = names[i];
    if (status != STATUS_NOT_FOUND && !events.only)
        log_warn("time", "events=%s: expected tsc-deadline, lapic, hpet or pit", wish);
    bool wants_pit = events.only && strcmp(events.only, "pit") == 0;
    if (has_hpet && !wants_pit && choose_hpet_alarm())
        return;
    if (has_pit) {
        events.alarm = &pit.alarm;
        events.isa = ISA_TIMER;
    }
}

/* The PIT's rounds are too short to compare anything over a time that says something. */
static struct clock_counter *watch_reference(void)
{
    return counter_count > 0 && counters[0]->bits > 16 ? counters[0] : NULL;
}

void time_init(void)
{
    agree_init_cpu();
    find_counters();
    measure();
    choose_alarm();
    timer_start(&events);
    log_info("time", "the time-stamp counter runs at %lu Hz (%s)%s", clock_tsc_hz(), clock_rate_source(),
             cpu_has(CPU_FEATURE_INVARIANT_TSC) ? ", invariant" : "");
    if (machine_has_option("notsc") && !leave_tsc())
        log_warn("time", "notsc: there is no other clock");
    if (clock_is_tsc())
        watch_start(watch_reference(), demote_tsc);
    log_info("time", "clock %s, timers by %s", clock_name(), event_name());
    if (!timer_interrupts())
        log_warn("time", "nothing interrupts when a time has come%s: timers run when somebody looks",
                 events.only ? ", because of the option events" : "");
}

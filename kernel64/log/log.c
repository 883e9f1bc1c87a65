/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring and the list of consoles.
 *
 * The ring is RING_SIZE bytes of records, each a head and the text behind it, written at
 * ring.end and wrapping bytewise; ring.start is the oldest record that is still whole. Both only
 * grow, so end - start is what the ring holds and the place is taken modulo RING_SIZE. A record
 * that needs room pushes out the oldest ones, whole.
 *
 * Time stamps never go backwards, in the order of the ring. The head of a line logged before there is a clock
 * keeps ticks of the time-stamp counter; log_set_clock() turns those into nanoseconds, once, so that a better
 * rate that is found later cannot move them past lines that are stamped already. From then on a line is
 * stamped by the clock, with the lock held: a stamp that was read before it could be older than that of a CPU
 * that got the lock first. CPUs whose counters disagree, and a clock that is left for another, can still give
 * a lower time than the line before has: the stamp is then that line's.
 *
 * One lock keeps lines whole, on the consoles too. It is held with interrupts off and for one
 * line at a time, also while the ring is replayed. Who finds it held does one of three things:
 *
 *     another CPU holds it                waits, for as long as the slowest line can take
 *     this CPU does: an NMI, a machine
 *     check, a panic inside the log       does not wait: the holder cannot go on
 *     somebody waited that long in vain   does not wait again until the lock has been given back
 *
 * Without the lock a line skips the ring, whose holder is inside it, is counted, and goes to the
 * consoles alone: perhaps in the middle of another line, but it is seen. Refused: a lock-free
 * ring; it would not keep two lines on a serial port apart, which is the part that people see.
 */
#include <log/log.h>

#include <ashlar/option.h>
#include <ashlar/sync/spinlock.h>
#include <ashlar/time_units.h>
#include <log/console_lock.h>
#include <lib/machine_ops.h>
#include <lib/format.h>
#include <lib/string.h>

#define RING_SIZE  65536u
#define PREFIX_MAX 64

/* Behind a serial port: what every terminal shows. */
#define TERMINAL_ROWS    24
#define TERMINAL_COLUMNS 80

/* A second at 4 GHz and two at 2 GHz: the longest line takes 0.6 s at 9600 baud. */
#define PATIENCE_TICKS (1ULL << 32)

struct record {
    uint64_t stamp;  /* nanoseconds since boot; ticks of a line from before there was a clock */
    uint16_t length; /* of the text */
    uint8_t level;
    bool has_time; /* the stamp is nanoseconds */
    uint32_t cpu;
};

/* The holder's progress is the texts written to consoles. */
static struct lock_bound lock_bound = { .patience_ticks = PATIENCE_TICKS };
static struct spinlock lock = SPINLOCK("log", LOCK_LOG, .bound = &lock_bound);
/* guarded by lock: */
static struct {
    uint64_t start, end;
    uint64_t dropped; /* records pushed out */
    uint8_t bytes[RING_SIZE];
} ring;
static struct console *consoles; /* written with the lock held; a line that does not get it walks the list */
static bool is_deferring;
static uint64_t deferred_from; /* the lines of the ring from here on are to be shown by log_show_deferred() */
static uint64_t last_ns;       /* the highest stamp; read also without the lock */
static struct held report_lock; /* how the reporter took it */

/* Set with the lock held, once there is a clock; read without. */
static uint64_t (*nanoseconds_of)(uint64_t ticks);
static uint64_t (*now_ns)(void);

static enum log_level threshold = LOG_INFO; /* no lock: any of its values does no harm */
/* Atomic: the CPU that log_hold() is for, plus 1; it alone writes it, others compare it with their number. */
static uint32_t reporter;
static uint64_t unkept; /* atomic; lines that skipped the ring; a plain counter: no order */

struct held console_lock_take(void)
{
    struct held held = { .flags = local_irq_save() };
    held.taken = spin_lock_or_give_up(&lock);
    return held;
}

void console_lock_give(struct held held)
{
    if (held.taken)
        spin_unlock(&lock);
    local_irq_restore(held.flags);
}

bool console_lock_is_reporter(void)
{
    return __atomic_load_n(&reporter, __ATOMIC_RELAXED) == machine_ops.cpu() + 1;
}

/* ---- the ring ---- */

static void ring_read(uint64_t at, void *to, size_t length)
{
    for (uint8_t *byte = to; length > 0; length--)
        *byte++ = ring.bytes[at++ % RING_SIZE];
}

static void ring_write(uint64_t at, const void *from, size_t length)
{
    for (const uint8_t *byte = from; length > 0; length--)
        ring.bytes[at++ % RING_SIZE] = *byte++;
}

static void ring_append(const void *from, size_t length)
{
    ring_write(ring.end, from, length);
    ring.end += length;
}

static void ring_push(const struct record *record, const char *text)
{
    while (ring.end + sizeof(*record) + record->length - ring.start > RING_SIZE) {
        struct record oldest;
        ring_read(ring.start, &oldest, sizeof(oldest));
        ring.start += sizeof(oldest) + oldest.length;
        ring.dropped++;
    }
    ring_append(record, sizeof(*record));
    ring_append(text, record->length);
}

/* ---- consoles ---- */

static void write_to(struct console *only, const char *text, size_t length)
{
    __atomic_fetch_add(&lock_bound.progress, 1, __ATOMIC_RELAXED);
    if (only) {
        only->write(only, text, length);
        return;
    }
    for (struct console *console = consoles; console; console = console->next)
        console->write(console, text, length);
}

void console_lock_write(const char *text, size_t length)
{
    write_to(NULL, text, length);
}

/* One line, prefix and newline included, in one write: a screen is then redrawn once. Return: its length. */
static size_t show(struct console *only, const struct record *record, const char *text)
{
    char line[PREFIX_MAX + LOG_LINE_MAX + 2];
    uint64_t ns = record->stamp;
    size_t length = format_buffer(line, PREFIX_MAX, "[%5lu.%06lu] cpu%u ", ns / NS_PER_SECOND,
                                  ns / NS_PER_US % US_PER_SECOND, record->cpu);
    memcpy(line + length, text, record->length);
    length += record->length;
    line[length++] = '\n';
    write_to(only, line, length);
    return length;
}

static void show_losses(struct console *only)
{
    char text[64];
    uint64_t skipped = __atomic_load_n(&unkept, __ATOMIC_RELAXED);

    if (ring.dropped)
        write_to(only, text, format_buffer(text, sizeof(text), "[%lu older lines are gone]\n", ring.dropped));
    if (skipped)
        write_to(only, text, format_buffer(text, sizeof(text), "[%lu lines were not kept]\n", skipped));
}

/*
 * Shows what the ring holds before @end. Between two lines others get the lock; what they push out
 * meanwhile is passed over. Returns with the lock still held, so that nothing comes between the
 * last line and what the caller does next.
 */
static struct held replay(struct console *only, enum log_level up_to, uint64_t end)
{
    struct held held = console_lock_take();
    uint64_t at = ring.start;

    if (held.taken)
        show_losses(only);
    while (held.taken && at < end && at < ring.end) {
        struct record record;
        char text[LOG_LINE_MAX];

        ring_read(at, &record, sizeof(record));
        ring_read(at + sizeof(record), text, record.length);
        at += sizeof(record) + record.length;
        size_t shown = record.level <= up_to ? show(only, &record, text) : 0;
        console_lock_give(held);
        if (!only && shown > 0 && !print_may_go_on(shown))
            at = end;
        held = console_lock_take();
        if (at < ring.start)
            at = ring.start;
    }
    return held;
}

/* ---- the interface ---- */

/* Keeps the log plain: one line of printable ASCII. */
static void clean(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : '?';
}

/* Without the lock, last_ns may be another CPU's to write: it is only read. Relaxed: the lock orders those
   who write. */
static uint64_t stamp(bool has_lock)
{
    if (!now_ns)
        return machine_ops.ticks();
    uint64_t ns = now_ns(), last = __atomic_load_n(&last_ns, __ATOMIC_RELAXED);
    if (ns < last)
        return last;
    if (has_lock)
        __atomic_store_n(&last_ns, ns, __ATOMIC_RELAXED);
    return ns;
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    char text[LOG_LINE_MAX];
    size_t length = format_buffer(text, sizeof(text), "%s: ", subsystem);
    if (length < sizeof(text)) {
        va_list arguments;
        va_start(arguments, format);
        length += format_buffer_v(text + length, sizeof(text) - length, format, arguments);
        va_end(arguments);
    }
    if (length >= sizeof(text)) {
        length = sizeof(text) - 1;
        memcpy(text + length - 3, "...", 3);
    }
    clean(text, length);

    struct record record = {
        .length = (uint16_t)length,
        .level = (uint8_t)level,
        .has_time = now_ns != NULL,
        .cpu = machine_ops.cpu(),
    };
    struct held held = console_lock_take();
    record.stamp = stamp(held.taken);
    if (held.taken)
        ring_push(&record, text);
    else
        __atomic_fetch_add(&unkept, 1, __ATOMIC_RELAXED);
    if (level <= threshold && !(held.taken && is_deferring))
        (void)show(NULL, &record, text);
    console_lock_give(held);
}

void log_attach(struct console *console)
{
    struct held held = replay(console, threshold, UINT64_MAX);
    console->next = consoles;
    consoles = console;
    console_lock_give(held);
}

void log_detach(struct console *console)
{
    struct held held = console_lock_take();
    for (struct console **link = &consoles; *link; link = &(*link)->next) {
        if (*link == console) {
            *link = console->next;
            break;
        }
    }
    console_lock_give(held);
}

void log_defer(void)
{
    struct held held = console_lock_take();
    is_deferring = true;
    deferred_from = ring.end;
    console_lock_give(held);
}

/* Context: the lock is held. */
static void show_deferred(void)
{
    CHECK_HELD(&lock);
    uint64_t at = deferred_from > ring.start ? deferred_from : ring.start;
    while (is_deferring && at < ring.end) {
        struct record record;
        char text[LOG_LINE_MAX];
        ring_read(at, &record, sizeof(record));
        ring_read(at + sizeof(record), text, record.length);
        at += sizeof(record) + record.length;
        if (record.level <= threshold)
            (void)show(NULL, &record, text);
    }
    is_deferring = false;
}

void log_show_deferred(void)
{
    struct held held = console_lock_take();
    if (held.taken)
        show_deferred();
    console_lock_give(held);
}

void log_settle(void)
{
    struct held held = console_lock_take();
    if (held.taken)
        show_deferred();
    for (struct console *console = consoles; console; console = console->next)
        if (console->settle)
            console->settle(console);
    console_lock_give(held);
}

bool log_hold(void)
{
    if (console_lock_is_reporter())
        return false;
    struct held held = console_lock_take();
    report_lock = held;
    __atomic_store_n(&reporter, machine_ops.cpu() + 1, __ATOMIC_RELAXED);
    return true;
}

void log_release(void)
{
    struct held held = report_lock;
    __atomic_store_n(&reporter, 0, __ATOMIC_RELAXED);
    console_lock_give(held);
}

void log_screen(size_t *rows, size_t *columns)
{
    struct held held = console_lock_take();
    *rows = SIZE_MAX;
    *columns = SIZE_MAX;
    for (struct console *console = consoles; console; console = console->next) {
        size_t its_rows = console->rows ? console->rows : TERMINAL_ROWS;
        size_t its_columns = console->columns ? console->columns : TERMINAL_COLUMNS;
        *rows = its_rows < *rows ? its_rows : *rows;
        *columns = its_columns < *columns ? its_columns : *columns;
    }
    if (!consoles) {
        *rows = TERMINAL_ROWS;
        *columns = TERMINAL_COLUMNS;
    }
    console_lock_give(held);
}

void log_set_threshold(enum log_level level)
{
    threshold = level;
}

static status_t apply_loglevel(const char *value)
{
    static const char *const levels[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
    };
    for (unsigned int level = 0; level < ARRAY_LEN(levels); level++) {
        if (strcmp(value, levels[level]) == 0) {
            log_set_threshold((enum log_level)level);
            return STATUS_OK;
        }
    }
    return STATUS_INVALID;
}
OPTION_EARLY(loglevel, "error|warn|info|debug", "log lines above it stay off the consoles", apply_loglevel);

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void))
{
    struct held held = console_lock_take();
    last_ns = 0;
    for (uint64_t at = ring.start; held.taken && nanoseconds_now && at < ring.end;) {
        struct record record;
        ring_read(at, &record, sizeof(record));
        uint64_t ns = record.has_time ? record.stamp : nanoseconds_since_boot(record.stamp);
        record.stamp = last_ns = ns > last_ns ? ns : last_ns;
        record.has_time = true;
        ring_write(at, &record, sizeof(record));
        at += sizeof(record) + record.length;
    }
    nanoseconds_of = nanoseconds_since_boot;
    now_ns = nanoseconds_now;
    console_lock_give(held);
}

uint64_t log_nanoseconds(uint64_t ticks)
{
    return nanoseconds_of ? nanoseconds_of(ticks) : ticks;
}

void log_replay(void)
{
    /* Not what is logged from here on: that reaches the consoles by itself. */
    console_lock_give(replay(NULL, LOG_DEBUG, ring.end));
}

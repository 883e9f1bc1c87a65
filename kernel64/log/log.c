/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring.
 *
 * The ring is RING_SIZE bytes of records, each a head followed by the text, written at ring.end and wrapping
 * bytewise; ring.start is the oldest complete record. Both only grow: end - start is the number of bytes in
 * use, and the index is taken modulo RING_SIZE. A new record overwrites the oldest ones, which are dropped
 * whole.
 *
 * Time stamps never go backwards, in the order of the ring. The head of a line logged before there is a clock
 * has ticks of the time-stamp counter; log_set_clock() converts those to nanoseconds, once, so that a better
 * rate found later cannot move them past lines that are stamped already. From then on a line is stamped by
 * the clock, with the lock held: a stamp that was read before it could be older than that of a CPU that got
 * the lock first. With unsynchronised counters, or after a change of the clocksource, the clock may read
 * lower than the previous line's stamp: that stamp is then used again.
 *
 * The consoles' lock (log/output.h) guards the ring, too, so that lines have one order in both. A line logged
 * without it is not stored in the ring, which the holder may be changing, but counted, and written to the
 * consoles only. Refused: a lock-free ring; it would not keep lines apart on a serial port.
 */
#include <log/log.h>

#include <ashlar/option.h>
#include <ashlar/time_units.h>
#include <lib/machine_ops.h>
#include <lib/format.h>
#include <lib/string.h>
#include <log/output.h>
#include <log/print.h>

#define RING_SIZE  65536u
#define PREFIX_MAX 64
#define SHOWN_MAX  (PREFIX_MAX + LOG_LINE_MAX + 2)

struct record {
    uint64_t stamp;  /* nanoseconds since boot; ticks of a line from before there was a clock */
    uint16_t length; /* of the text */
    uint8_t level;
    bool has_time; /* the stamp is nanoseconds */
    uint32_t cpu;
};

STATIC_ASSERT(sizeof(struct record) == 16, "no padding is copied to the ring");
STATIC_ASSERT(LOG_LINE_MAX <= UINT16_MAX, "a line's length has room in its record");
STATIC_ASSERT((RING_SIZE & (RING_SIZE - 1)) == 0,
              "the ring's size divides 2^64, so an index stays right when a position wraps");
STATIC_ASSERT(sizeof(struct record) + LOG_LINE_MAX <= RING_SIZE, "the longest line fits");

/* guarded by output_lock: */
static struct {
    uint64_t start, end;
    uint64_t dropped; /* records overwritten */
    uint8_t bytes[RING_SIZE];
} ring;
static bool is_deferring;
static uint64_t deferred_from; /* start of the lines in the ring that log_show_deferred() shows */
static uint64_t last_ns;       /* the highest stamp; read also without the lock */

/* Set with the lock held, once there is a clock; read without. */
static uint64_t (*nanoseconds_of)(uint64_t ticks);
static uint64_t (*now_ns)(void);

static enum log_level threshold = LOG_INFO; /* no lock: each of its values is valid */
static uint64_t counts[LOG_DEBUG + 1];      /* atomic, relaxed: by level */
static uint64_t unstored;                   /* atomic, relaxed: a statistic; lines not stored in the ring */

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

/* Reads the record at @at. @text: receives its text, up to LOG_LINE_MAX bytes; NULL: not wanted.
   Return: where the next record begins. */
static uint64_t ring_get(uint64_t at, struct record *record, char *text)
{
    ring_read(at, record, sizeof(*record));
    uint64_t next = at + sizeof(*record) + record->length;
    CHECK(record->length < LOG_LINE_MAX, "log: a record's text is no longer than a line");
    CHECK(record->level <= LOG_DEBUG, "log: a record has a level");
    CHECK(next <= ring.end, "log: a record ends in the ring");
    if (text)
        ring_read(at + sizeof(*record), text, record->length);
    return next;
}

static void ring_append(const void *from, size_t length)
{
    ring_write(ring.end, from, length);
    ring.end += length;
}

static void ring_push(const struct record *record, const char *text)
{
    CHECK_HELD(&output_lock);
    while (ring.end + sizeof(*record) + record->length - ring.start > RING_SIZE) {
        struct record oldest;
        ring.start = ring_get(ring.start, &oldest, NULL);
        ring.dropped++;
    }
    CHECK(ring.start <= ring.end, "log: the oldest record begins before the ring's end");
    ring_append(record, sizeof(*record));
    ring_append(text, record->length);
}

/* ---- what is shown ---- */

/* A line, prefix and newline included, in one write: a screen is then redrawn once. @line: receives it, of
   SHOWN_MAX bytes. Return: its length. */
static size_t show(struct console *only, const struct record *record, const char *text, char *line)
{
    uint64_t ns = record->stamp;
    size_t length = format_buffer(line, PREFIX_MAX, "[%5lu.%06lu] cpu%u ", ns / NS_PER_SECOND,
                                  ns / NS_PER_US % US_PER_SECOND, record->cpu);
    memcpy(line + length, text, record->length);
    length += record->length;
    line[length++] = '\n';
    enum text_style style = record->level == LOG_ERROR  ? STYLE_ERROR
                            : record->level == LOG_WARN ? STYLE_WARNING
                                                        : STYLE_PLAIN;
    output_write_line(only, style, line, length);
    return length;
}

static void show_losses(struct console *only)
{
    char text[64];
    uint64_t skipped = __atomic_load_n(&unstored, __ATOMIC_RELAXED);

    if (ring.dropped)
        output_write(only, text,
                     format_buffer(text, sizeof(text), "[%lu older lines dropped]\n", ring.dropped));
    if (skipped)
        output_write(only, text, format_buffer(text, sizeof(text), "[%lu lines not stored]\n", skipped));
}

/*
 * Writes the ring's lines before @end. The lock is released between lines; lines overwritten meanwhile are
 * skipped. Returns with the lock held, so that no line is written before the caller's next step.
 */
static struct output_held replay(struct console *only, enum log_level up_to, const char *word, uint64_t end)
{
    struct output_held held = output_take();
    uint64_t at = ring.start;

    if (held.taken)
        show_losses(only);
    while (held.taken && at < end && at < ring.end) {
        struct record record;
        char text[LOG_LINE_MAX], line[SHOWN_MAX];

        at = ring_get(at, &record, text);
        bool is_wanted = record.level <= up_to && (!word || string_contains(text, record.length, word)) &&
                         (only || print_wants_line(text, record.length));
        size_t shown = is_wanted ? show(only, &record, text, line) : 0;
        output_give(held);
        if (!only && shown > 0 && !print_may_go_on(line, shown))
            at = end;
        held = output_take();
        if (at < ring.start)
            at = ring.start;
    }
    return held;
}

/* ---- the interface ---- */

/* Makes a text one line of printable ASCII. */
static void clean(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : '?';
}

/* Without the lock, last_ns is only read: the holder may write it. Relaxed: the lock orders the writers. */
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
    CHECK(level <= LOG_DEBUG, "log: a line has a level");
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
    __atomic_fetch_add(&counts[level], 1, __ATOMIC_RELAXED);
    struct output_held held = output_take();
    record.stamp = stamp(held.taken);
    if (held.taken)
        ring_push(&record, text);
    else
        __atomic_fetch_add(&unstored, 1, __ATOMIC_RELAXED);
    char line[SHOWN_MAX];
    if (level <= threshold && !(held.taken && is_deferring))
        (void)show(NULL, &record, text, line);
    output_give(held);
}

void log_attach(struct console *console)
{
    struct output_held held = replay(console, threshold, NULL, UINT64_MAX);
    output_add(console);
    output_give(held);
}

void log_detach(struct console *console)
{
    struct output_held held = output_take();
    output_remove(console);
    output_give(held);
}

void log_defer(void)
{
    struct output_held held = output_take();
    is_deferring = true;
    deferred_from = ring.end;
    output_give(held);
}

/* Context: the lock is held. */
static void show_deferred(void)
{
    CHECK_HELD(&output_lock);
    uint64_t at = deferred_from > ring.start ? deferred_from : ring.start;
    while (is_deferring && at < ring.end) {
        struct record record;
        char text[LOG_LINE_MAX], line[SHOWN_MAX];
        at = ring_get(at, &record, text);
        if (record.level <= threshold)
            (void)show(NULL, &record, text, line);
    }
    is_deferring = false;
}

void log_show_deferred(void)
{
    struct output_held held = output_take();
    if (held.taken)
        show_deferred();
    output_give(held);
}

void log_settle(void)
{
    struct output_held held = output_take();
    if (held.taken)
        show_deferred();
    output_settle();
    output_give(held);
}

void log_set_threshold(enum log_level level)
{
    threshold = level;
}

const char *log_level_name(unsigned int level)
{
    static const char *const names[] = {
        [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"
    };
    return level < ARRAY_LEN(names) ? names[level] : NULL;
}

bool log_find_level(const char *name, enum log_level *level)
{
    const char *known;
    for (unsigned int i = 0; (known = log_level_name(i)) != NULL; i++) {
        if (strcmp(name, known) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

static status_t apply_loglevel(const char *value)
{
    enum log_level level;
    if (!log_find_level(value, &level))
        return STATUS_INVALID;
    log_set_threshold(level);
    return STATUS_OK;
}
OPTION_EARLY(loglevel, "error|warn|info|debug", "the highest level shown on the consoles", apply_loglevel);

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void))
{
    struct output_held held = output_take();
    last_ns = 0;
    for (uint64_t at = ring.start; held.taken && nanoseconds_now && at < ring.end;) {
        struct record record;
        uint64_t next = ring_get(at, &record, NULL);
        uint64_t ns = record.has_time ? record.stamp : nanoseconds_since_boot(record.stamp);
        record.stamp = last_ns = ns > last_ns ? ns : last_ns;
        record.has_time = true;
        ring_write(at, &record, sizeof(record));
        at = next;
    }
    nanoseconds_of = nanoseconds_since_boot;
    now_ns = nanoseconds_now;
    output_give(held);
}

uint64_t log_nanoseconds(uint64_t ticks)
{
    return nanoseconds_of ? nanoseconds_of(ticks) : ticks;
}

void log_replay(enum log_level up_to, const char *word)
{
    /* Not lines logged from here on: they are written to the consoles anyway. */
    output_give(replay(NULL, up_to, word, ring.end));
}

uint64_t log_count(enum log_level level)
{
    return __atomic_load_n(&counts[level], __ATOMIC_RELAXED);
}

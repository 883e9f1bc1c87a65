/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The log ring and the list of consoles.
 *
 * The ring is RING_SIZE bytes of records, each a head and the text behind it, written at
 * ring.end and wrapping bytewise; ring.start is the oldest record that is still whole. Both only
 * grow, so end - start is what the ring holds and the place is taken modulo RING_SIZE. A record
 * that needs room pushes out the oldest ones, whole. The head keeps ticks and not a time: lines
 * logged before the clock's rate is known are shown right when they are replayed.
 *
 * One lock keeps lines whole, on the consoles too. It is held with interrupts off, so the only
 * code that can meet it held on its own CPU is an NMI, a machine check or a panic; these must
 * get through, so the wait is bounded: then the line skips the ring, whose holder is inside it,
 * and goes to the consoles alone. Refused: a lock-free ring; it would not keep two lines on a
 * serial port apart, which is the part that people see.
 */
#include <diag/log.h>

#include <diag/port.h>
#include <lib/format.h>
#include <lib/string.h>

#include <stdatomic.h>

#define RING_SIZE     65536u
#define PREFIX_MAX    64
#define LOCK_PATIENCE 1000000

struct record {
    uint64_t ticks;
    uint16_t length; /* of the text */
    uint8_t level;
    uint8_t unused;
    uint32_t cpu;
};

static struct {
    uint64_t start, end;
    uint64_t dropped; /* records pushed out */
    uint8_t bytes[RING_SIZE];
} ring;

static struct console *consoles;
static enum log_level threshold = LOG_INFO;
static uint64_t (*nanoseconds_of)(uint64_t ticks);
static atomic_flag lock = ATOMIC_FLAG_INIT;

struct held {
    bool interrupts; /* were on */
    bool taken;
};

static struct held take_lock(void)
{
    struct held held = { .interrupts = diag_port_interrupts_save() };
    for (int i = 0; i < LOCK_PATIENCE; i++) {
        /* Acquire pairs with the release in give_lock(). */
        if (!atomic_flag_test_and_set_explicit(&lock, memory_order_acquire)) {
            held.taken = true;
            break;
        }
        __builtin_ia32_pause();
    }
    return held;
}

static void give_lock(struct held held)
{
    if (held.taken)
        atomic_flag_clear_explicit(&lock, memory_order_release);
    diag_port_interrupts_restore(held.interrupts);
}

/* ---- the ring ---- */

static void ring_read(uint64_t at, void *to, size_t length)
{
    for (uint8_t *byte = to; length > 0; length--)
        *byte++ = ring.bytes[at++ % RING_SIZE];
}

static void ring_append(const void *from, size_t length)
{
    for (const uint8_t *byte = from; length > 0; length--)
        ring.bytes[ring.end++ % RING_SIZE] = *byte++;
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
    if (only) {
        only->write(only, text, length);
        return;
    }
    for (struct console *console = consoles; console; console = console->next)
        console->write(console, text, length);
}

/* One line, prefix and newline included, in one write: a screen is then redrawn once. */
static void show(struct console *only, const struct record *record, const char *text)
{
    char line[PREFIX_MAX + LOG_LINE_MAX + 2];
    uint64_t ns = nanoseconds_of ? nanoseconds_of(record->ticks) : record->ticks;
    size_t length = format_buffer(line, PREFIX_MAX, "[%5lu.%06lu] cpu%u ", ns / 1000000000, ns / 1000 % 1000000,
                                  record->cpu);
    memcpy(line + length, text, record->length);
    length += record->length;
    line[length++] = '\n';
    write_to(only, line, length);
}

static void replay(struct console *only, enum log_level up_to)
{
    if (ring.dropped) {
        char text[64];
        write_to(only, text, format_buffer(text, sizeof(text), "[%lu older lines are gone]\n", ring.dropped));
    }
    struct record record;
    for (uint64_t at = ring.start; at < ring.end; at += sizeof(record) + record.length) {
        char text[LOG_LINE_MAX];
        ring_read(at, &record, sizeof(record));
        ring_read(at + sizeof(record), text, record.length);
        if (record.level <= up_to)
            show(only, &record, text);
    }
}

/* ---- the interface ---- */

/* Keeps the log plain: one line of printable ASCII. */
static void clean(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            text[i] = text[i] == '\n' || text[i] == '\t' ? ' ' : '?';
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
        .ticks = diag_port_ticks(),
        .length = (uint16_t)length,
        .level = (uint8_t)level,
        .cpu = diag_port_cpu(),
    };
    struct held held = take_lock();
    if (held.taken)
        ring_push(&record, text);
    if (level <= threshold)
        show(NULL, &record, text);
    give_lock(held);
}

void log_attach(struct console *console)
{
    struct held held = take_lock();
    replay(console, threshold);
    console->next = consoles;
    consoles = console;
    give_lock(held);
}

struct console *log_find_console(const char *name)
{
    struct console *console = consoles;
    while (console && strcmp(console->name, name) != 0)
        console = console->next;
    return console;
}

void log_set_threshold(enum log_level level)
{
    threshold = level;
}

void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks))
{
    nanoseconds_of = nanoseconds_since_boot;
}

void log_replay(void)
{
    struct held held = take_lock();
    replay(NULL, LOG_DEBUG);
    give_lock(held);
}

void print_text(const char *text, size_t length)
{
    struct held held = take_lock();
    write_to(NULL, text, length);
    give_lock(held);
}

/* Pieces of a format are gathered, so that consoles see lines and not words. */
struct gathered {
    char text[256];
    size_t length;
};

static void gather(void *context, const char *text, size_t length)
{
    struct gathered *gathered = context;
    while (length > 0) {
        size_t room = sizeof(gathered->text) - gathered->length;
        size_t part = length < room ? length : room;
        memcpy(gathered->text + gathered->length, text, part);
        gathered->length += part;
        text += part;
        length -= part;
        if (gathered->length == sizeof(gathered->text)) {
            write_to(NULL, gathered->text, gathered->length);
            gathered->length = 0;
        }
    }
}

void print_v(const char *format, va_list arguments)
{
    struct gathered gathered = { .length = 0 };
    struct held held = take_lock();
    format_to(gather, &gathered, format, arguments);
    write_to(NULL, gathered.text, gathered.length);
    give_lock(held);
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_v(format, arguments);
    va_end(arguments);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The log: every line goes into a ring in memory and from there to each console. A console that is attached
 * later is first shown what the ring still holds.
 *
 *     [ seconds.micros] cpuN subsystem: text
 *
 * Not for text that a person asked for, or a report: print.h.
 *
 * Context of all, unless a function says otherwise: any, interrupts on or off, also NMI and panic: a lock
 * that the interrupted code holds is waited for only for a limited time. Never sleeps, never allocates.
 */
#include <ashlar/dev/console.h>
#include <ashlar/types.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/**
 * log_line() - one line into the ring and onto the consoles.
 * @level:     lines above the threshold (loglevel=) go into the ring but not to the consoles.
 * @subsystem: a short word: "mm", "boot".
 * @format:    the text without a newline; what passes LOG_LINE_MAX is cut and ends in "...".
 */
void log_line(enum log_level level, const char *subsystem, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(subsystem, ...) log_line(LOG_ERROR, subsystem, __VA_ARGS__)
#define log_warn(subsystem, ...)  log_line(LOG_WARN, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...)  log_line(LOG_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...) log_line(LOG_DEBUG, subsystem, __VA_ARGS__)

#define LOG_LINE_MAX 512

/**
 * log_attach() - add a console, and show it the ring from its oldest line on, up to the threshold.
 * @console: filled in by its driver; stays for good. Not one that is attached already.
 */
void log_attach(struct console *console);

/* Detaches a console; attaching it again shows it the whole ring again. */
void log_detach(struct console *console);

/**
 * log_defer(), log_show_deferred() - lines go into the ring only, until they are shown together: for a line
 * in parts that a program reads.
 *
 * A line that does not get the log's lock is shown at once, and log_settle() shows what was deferred.
 * Context: thread, one at a time, for as long as it takes to write a line.
 */
void log_defer(void);
void log_show_deferred(void);

/* Interrupts stay off from now on: every console sends what it still holds, and then polls its device. */
void log_settle(void);

/* Lines above @level are not shown on consoles from now on. LOG_INFO at the start. */
void log_set_threshold(enum log_level level);

/**
 * log_set_clock() - there is a clock: the lines that the ring holds are stamped with a time, and so is each
 * new one.
 * @nanoseconds_since_boot: of a tick of the time-stamp counter; until it is set, a tick counts as a
 *                          nanosecond.
 * @nanoseconds_now:        the clock. Called from any context, NMI and panic among them, with the log's lock
 *                          held. NULL, for tests: there is none again.
 *
 * A line's stamp is never lower than that of the line before it, whatever the clock says.
 * Context: once, first CPU.
 */
void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void));

/* Shows the ring again, lines of every level, on every console: the monitor's `log`. Context: thread. */
void log_replay(void);

/* Return: nanoseconds since boot at a time stamp, as the log shows it; ticks before there is a clock. */
uint64_t log_nanoseconds(uint64_t ticks);

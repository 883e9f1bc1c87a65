/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * The log: every line is stored in a ring in memory and written to each console. The ring is replayed on a
 * console that is attached later.
 *
 *     [ seconds.micros] cpuN subsystem: text
 *
 * Not for the output of commands or for reports: print.h.
 *
 * Context of all, unless a function says otherwise: any, interrupts on or off, also NMI and panic: the wait
 * for a lock that the interrupted code holds is bounded. Never sleeps, never allocates.
 */
#include <ashlar/dev/console.h>
#include <ashlar/types.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/**
 * log_line() - log one line to the ring and the consoles.
 * @level:     lines above the threshold (loglevel=) are stored but not shown on the consoles.
 * @subsystem: a short word: "mm", "boot".
 * @format:    the text without a newline; truncated at LOG_LINE_MAX, with "..." at the end.
 */
void log_line(enum log_level level, const char *subsystem, const char *format, ...) PRINTF_LIKE(3, 4);

#define log_error(subsystem, ...) log_line(LOG_ERROR, subsystem, __VA_ARGS__)
#define log_warn(subsystem, ...)  log_line(LOG_WARN, subsystem, __VA_ARGS__)
#define log_info(subsystem, ...)  log_line(LOG_INFO, subsystem, __VA_ARGS__)
#define log_debug(subsystem, ...) log_line(LOG_DEBUG, subsystem, __VA_ARGS__)

#define LOG_LINE_MAX 512

/**
 * log_attach() - add a console, and replay the ring on it, up to the threshold.
 * @console: filled in by its driver; must persist. Not attached already.
 */
void log_attach(struct console *console);

/* Detaches a console; attaching it again replays the whole ring on it. */
void log_detach(struct console *console);

/**
 * log_defer(), log_show_deferred() - only store lines, and show them together: for a program that reads a
 * line written in parts.
 *
 * A line logged without the log's lock is shown at once; log_settle() shows deferred lines.
 * Context: thread, one at a time, for as long as it takes to write a line.
 */
void log_defer(void);
void log_show_deferred(void);

/* Flushes every console and makes it poll its device: interrupts stay off from now on. */
void log_settle(void);

/* Sets the highest level shown on consoles. Initially LOG_INFO. */
void log_set_threshold(enum log_level level);

/**
 * log_set_clock() - set the clock; converts the stamps of the lines in the ring.
 * @nanoseconds_since_boot: of a tick of the time-stamp counter; until it is set, a tick counts as a
 *                          nanosecond.
 * @nanoseconds_now:        the clock. Called from any context, also NMI and panic, by the owner of the
 *                          log's lock.
 * NULL, for tests: no clock.
 *
 * A line's stamp is never lower than that of the line before it, even if the clock goes backwards.
 * Context: once, BSP.
 */
void log_set_clock(uint64_t (*nanoseconds_since_boot)(uint64_t ticks), uint64_t (*nanoseconds_now)(void));

/**
 * log_replay() - show the ring again on every console: the monitor's `log`.
 * @up_to: LOG_DEBUG for lines of every level.
 * @word:  only lines that contain it, in either case; NULL: all.
 *
 * Context: thread.
 */
void log_replay(enum log_level up_to, const char *word);

/* Return: how many lines of a level were logged since the boot, shown or not. */
uint64_t log_count(enum log_level level);

/* Return: the name of the level with a number; NULL after the last. */
const char *log_level_name(unsigned int level);

/**
 * log_find_level() - the level of a name.
 * @name:  "error", "warn", "info", "debug".
 * @level: untouched on failure.
 *
 * Return: false for any other name.
 */
bool log_find_level(const char *name, enum log_level *level);

/* Return: nanoseconds since boot at a time stamp, as the log shows it; ticks before there is a clock. */
uint64_t log_nanoseconds(uint64_t ticks);

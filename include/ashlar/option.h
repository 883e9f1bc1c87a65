/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Registering an option of the kernel command line, beside the code that it configures:
 *
 *     OPTION(maxcpus, "N", "start at most N CPUs, the first one included");
 *     ...
 *     status_t status = option_read(&option_maxcpus, text, sizeof(text));     (boot/options.h)
 *
 * The linker collects the options, sorted by name, between __options_start and __options_end; the monitor's
 * `options` lists them, and other words of the command line cause a warning. Names are a stable interface:
 * docs/interfaces.md has the same list, and a test compares the two.
 */
#include <ashlar/status.h>

#define OPTION_VALUE_MAX 2047 /* characters that apply() may be given; run= is as long */

struct option {
    const char *name;
    const char *value; /* the value's description in `options`; "" for an option without a value */
    const char *help;  /* one line, no full stop */

    /**
     * apply() - apply a value early; NULL for an option that is read when it is needed.
     * @value: without quoting; "" for an option without one.
     *
     * Return: a status other than STATUS_OK causes a warning with the expected value.
     * Context: early boot, BSP, interrupts off, nothing can be allocated. Called only if it is given,
     *          and not with a value that is longer than OPTION_VALUE_MAX.
     */
    status_t (*apply)(const char *value);
};

/* Read by option_read() and option_is_given(). */
#define OPTION(word, value_text, help_text) OPTION_EARLY(word, value_text, help_text, NULL)

/* For rooms below boot, and for options that are needed before the memory map: @function is called with the
   value. */
#define OPTION_EARLY(word, value_text, help_text, function)                                                  \
    static const struct option option_##word USED SECTION(".options." #word)                                 \
        ALIGNED(sizeof(void *)) = { #word, value_text, help_text, function }

extern const struct option __options_start[], __options_end[];

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Report, verdict, end. Each part may fault if memory is corrupt, so panic_depth counts the nesting:
 *
 *     1   the complete report, then the verdict and the end
 *     2   one line on the second fault, then the end
 *     3   printing fails: the end, without a report
 */
#include <panic/panic.h>

#include <ashlar/check.h>
#include <ashlar/sync/lock_class.h>
#include <power/exit.h>
#include <power/notifier.h>
#include <power/verdict.h>
#include <log/log.h>
#include <log/output.h>
#include <log/print.h>
#include <lib/machine_ops.h>
#include <log/report_head.h>

static unsigned int panic_depth;
static bool exits;

void panic_set_exits(bool yes)
{
    exits = yes;
}

/* The verdict is for programs, and would scroll the report on a screen. */
static void print_verdict(void)
{
    output_set_screens(false);
    if (panic_depth == 1)
        verdict_print(VERDICT_PANIC);
    else
        print("@ashlar {\"v\":1,\"type\":\"verdict\",\"status\":\"panic\","
              "\"passed\":0,\"failed\":0,\"skipped\":0}\n");
    output_set_screens(true);
}

static NORETURN void end(void)
{
    if (panic_depth <= 2) {
        print_verdict();
        power_notify(POWER_PANIC);
    }

    if (exits || power_has_debug_exit())
        power_exit(VERDICT_PANIC);
    if (panic_depth == 1 && machine_ops.wait_for_restart) {
        machine_ops.wait_for_restart();
        power_reboot();
    }
    if (panic_depth <= 2)
        print("The machine is halted.\n");
    machine_ops.halt();
}

static void begin(void)
{
    output_set_screens(true); /* after a panic in the middle of the verdict */
    struct output_held held;  /* never released */
    lock_order_stop();
    machine_ops.begin_panic();
    if (machine_ops.stop_others)
        machine_ops.stop_others();
    panic_depth++;               /* before the first output, which may be what faults */
    print_set_observer(NULL, 0); /* a pager would wait for a key, or drop the report */
    if (panic_depth == 1) {
        if (machine_ops.attach_consoles)
            machine_ops.attach_consoles();
        log_settle();
        (void)report_head_begin(&held); /* a panic inside another report continues it */
    }
}

static void print_state(const struct trap_frame *frame)
{
    if (machine_ops.print_state)
        machine_ops.print_state(frame);
}

static void print_cause(const char *format, va_list arguments)
{
    print_styled(STYLE_ERROR, "PANIC: ");
    print_v(format, arguments);
    print("\n");
}

void panic(const char *format, ...)
{
    va_list arguments;

    begin();
    if (panic_depth > 2)
        end();

    if (panic_depth == 2)
        print("\nPANIC inside a panic: ");
    va_start(arguments, format);
    if (panic_depth == 1) {
        print_cause(format, arguments);
    } else {
        print_v(format, arguments);
        print("\n");
    }
    va_end(arguments);
    if (panic_depth == 1) {
        print_state(NULL);
        va_start(arguments, format);
        print_cause(format, arguments); /* again, because the first one may have scrolled off the screen */
        va_end(arguments);
    }
    end();
}

void panic_trap(const struct trap_frame *frame)
{
    begin();
    if (panic_depth == 1) {
        print_state(frame);
    } else if (panic_depth == 2) {
        print("\nPANIC inside a panic: ");
        machine_ops.print_headline(frame);
    }
    end();
}

void verify_failed(const char *expression, const char *file, int line)
{
    panic("%s:%d: expected %s; memory or hardware state is already wrong", file, line, expression);
}

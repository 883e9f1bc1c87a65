/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Panics, and panics inside panics. Each ends its process, so each runs in a child.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <power/exit.h>
#include <power/notifier.h>
#include <power/verdict.h>
#include <log/log.h>
#include <log/output.h>
#include <log/print.h>
#include <panic/panic.h>
#include <lib/machine_ops.h>
#include <log/report_head.h>

/*
 * A panic ends the program, so each scenario runs in a child process; its output and actions are read from
 * a pipe, and exits are words in angle brackets.
 */
#define VERDICT(passed, more)                                                                                \
    "(serial)@ashlar {\"v\":1,\"type\":\"verdict\",\"status\":\"panic\",\"passed\":" passed                  \
    ",\"failed\":0,\"skipped\":0" more "}\n(/serial)(notified)"

#define NAMES ",\"warnings\":2,\"failed_tests\":[],\"failed_commands\":[]"

#define ZERO_VERDICT VERDICT("0", NAMES)
#define ONE_PASSED   VERDICT("1", NAMES)

/* Of a panic inside a panic, which trusts no state. */
#define BARE_VERDICT VERDICT("0", "")

#define CAUSE_TWICE "(settled)(head)\nPANIC: expected 1, found 2\n(state)\nPANIC: expected 1, found 2\n"

static char output[4096];
static void (*on_state)(void); /* the fault while registers are printed */
static void (*on_print)(void); /* the fault when the next text is printed */
static bool has_debug_port;

static bool has_begun; /* a panic: interrupts are off */
static void (*on_attach)(void);

void log_settle(void)
{
    printf(has_begun ? "(settled)" : "(settled too early)");
}

uint64_t log_count(enum log_level level)
{
    return level <= LOG_WARN ? 1 : 0;
}

static bool has_screens = true;

/* Shown in the output, where text is not for screens. */
void output_set_screens(bool on)
{
    if (on != has_screens)
        printf(on ? "(/serial)" : "(serial)");
    has_screens = on;
}

void print_set_observer(print_observer_fn *observer, size_t columns)
{
    (void)observer;
    (void)columns;
}

bool report_head_begin(struct output_held *held)
{
    (void)held;
    printf("(head)\n");
    return true;
}

void print_v(const char *format, va_list arguments)
{
    void (*wrong)(void) = on_print;

    on_print = NULL;
    if (wrong)
        wrong();
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    vprintf(format, arguments);
#pragma GCC diagnostic pop
}

void print(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_v(format, arguments);
    va_end(arguments);
}

void print_styled(enum text_style style, const char *format, ...)
{
    va_list arguments;

    (void)style;
    va_start(arguments, format);
    print_v(format, arguments);
    va_end(arguments);
}

static void begin_panic(void)
{
    has_begun = true;
}

NORETURN static void leave_child(const char *word)
{
    printf("<%s>", word);
    fflush(stdout);
    _exit(0);
}

NORETURN static void halt(void)
{
    leave_child("halt");
}

void power_notify(enum power_event event)
{
    assert_int_equal(event, POWER_PANIC);
    printf("(notified)");
}

bool power_has_debug_exit(void)
{
    return has_debug_port;
}

NORETURN void power_reboot(void)
{
    leave_child("reset");
}

void power_exit(enum verdict verdict)
{
    leave_child(verdict == VERDICT_PANIC ? "leave panic" : "leave otherwise");
}

static void print_state(const struct trap_frame *frame)
{
    printf(frame ? "(state of the exception)\n" : "(state)\n");
    if (on_state)
        on_state();
}

static void print_headline(const struct trap_frame *frame)
{
    (void)frame;
    printf("(headline)\n");
}

struct machine_ops machine_ops = {
    .begin_panic = begin_panic,
    .halt = halt,
    .print_state = print_state,
    .print_headline = print_headline,
};

static const char *output_of(void (*scenario)(void))
{
    int ends[2];
    size_t length = 0;
    ssize_t got;
    int status;

    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        scenario();
        _exit(1);
    }
    close(ends[1]);
    while ((got = read(ends[0], output + length, sizeof(output) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    output[length] = '\0';
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return output;
}

static void panic_plainly(void)
{
    panic("expected %d, found %d", 1, 2);
}

static void panic_in_a_run(void)
{
    panic_set_exits(true);
    verdict_count(TEST_PASSED, "suite.passes");
    panic_plainly();
}

static void panic_with_debug_port(void)
{
    has_debug_port = true;
    panic_plainly();
}

static void exception(void)
{
    panic_trap((const struct trap_frame *)(const void *)output);
}

static void exception_in_report(void)
{
    on_state = exception;
    verdict_count(TEST_PASSED, "suite.passes");
    panic_plainly();
}

static void attach_consoles(void)
{
    printf(has_begun ? "(attached)" : "(attached too early)");
    if (on_attach)
        on_attach();
}

static void panic_without_consoles(void)
{
    machine_ops.attach_consoles = attach_consoles;
    panic_plainly();
}

static void panic_while_attaching(void)
{
    on_attach = exception;
    panic_without_consoles();
}

static void panic_in_report(void)
{
    on_state = panic_plainly;
    panic_plainly();
}

static void break_printing(void)
{
    on_print = exception;
    exception();
}

static void everything_fails(void)
{
    on_state = break_printing;
    panic_set_exits(true);
    panic_plainly();
}

static void verify_something(void)
{
    VERIFY(1 + 1 == 3);
}

static void an_interactive_panic_halts_after_its_report(void **state)
{
    (void)state;
    assert_string_equal(output_of(panic_plainly), CAUSE_TWICE ZERO_VERDICT "The machine is halted.\n<halt>");
}

static void wait_for_key(void)
{
    printf("(waited)");
}

static void panic_that_waits(void)
{
    machine_ops.wait_for_restart = wait_for_key;
    panic_plainly();
}

static void panic_in_report_that_waits(void)
{
    machine_ops.wait_for_restart = wait_for_key;
    panic_in_report();
}

static void panic_in_a_run_that_waits(void)
{
    machine_ops.wait_for_restart = wait_for_key;
    panic_in_a_run();
}

/* But not where a script waits, and not for one inside a panic, which trusts no state. */
static void the_user_may_reboot_after_the_report(void **state)
{
    (void)state;
    assert_string_equal(output_of(panic_that_waits), CAUSE_TWICE ZERO_VERDICT "(waited)<reset>");
    assert_null(strstr(output_of(panic_in_report_that_waits), "(waited)"));
    assert_null(strstr(output_of(panic_in_a_run_that_waits), "(waited)"));
}

static void a_panic_during_a_run_exits_with_its_counts(void **state)
{
    (void)state;
    assert_string_equal(output_of(panic_in_a_run), CAUSE_TWICE ONE_PASSED "<leave panic>");
}

static void a_debug_exit_port_makes_a_panic_exit(void **state)
{
    (void)state;
    assert_string_equal(output_of(panic_with_debug_port), CAUSE_TWICE ZERO_VERDICT "<leave panic>");
}

static void an_exception_reports_its_own_state(void **state)
{
    (void)state;
    assert_string_equal(output_of(exception), "(settled)(head)\n(state of the exception)\n" ZERO_VERDICT
                                              "The machine is halted.\n<halt>");
}

static void a_second_failure_prints_one_line_without_using_kernel_state(void **state)
{
    (void)state;
    assert_string_equal(output_of(exception_in_report),
                        "(settled)(head)\nPANIC: expected 1, found 2\n(state)\n\nPANIC inside a panic: "
                        "(headline)\n" BARE_VERDICT "The machine is halted.\n<halt>");
    assert_string_equal(output_of(panic_in_report),
                        "(settled)(head)\nPANIC: expected 1, found 2\n(state)\n"
                        "\nPANIC inside a panic: expected 1, found 2\n" BARE_VERDICT
                        "The machine is halted.\n<halt>");
}

static void consoles_are_attached_once_before_the_first_output(void **state)
{
    (void)state;
    assert_string_equal(output_of(panic_without_consoles),
                        "(attached)" CAUSE_TWICE ZERO_VERDICT "The machine is halted.\n<halt>");
    assert_string_equal(output_of(panic_while_attaching),
                        "(attached)\nPANIC inside a panic: (headline)\n" BARE_VERDICT
                        "The machine is halted.\n<halt>");
}

static void a_third_failure_halts_silently(void **state)
{
    (void)state;
    assert_string_equal(output_of(everything_fails),
                        "(settled)(head)\nPANIC: expected 1, found 2\n(state)\n<leave panic>");
}

/* More of each than are named. */
static void fail_often(void)
{
    verdict_count(TEST_PASSED, "suite.passes");
    for (int i = 0; i < VERDICT_NAMES_MAX + 1; i++)
        verdict_count(TEST_FAILED, i == 0                  ? "suite.first"
                                   : i < VERDICT_NAMES_MAX ? "suite.next"
                                                           : "suite.last");
    verdict_count(TEST_SKIPPED, "suite.skips");
    verdict_spoil("a\"b\\c\n\xe9");
    verdict_spoil("a_name_longer_than_a_verdict_has_room_for");
    for (int i = 2; i < VERDICT_NAMES_MAX; i++)
        verdict_spoil("cpus");
    verdict_spoil("lost");
    verdict_print(verdict_so_far());
    leave_child("end");
}

static void a_verdict_names_the_first_failures(void **state)
{
    (void)state;
    const char *text = output_of(fail_often);
    assert_non_null(strstr(text,
                           "\"status\":\"fail\",\"passed\":1,\"failed\":17,\"skipped\":1,\"warnings\":2,"
                           "\"failed_tests\":[\"suite.first\",\"suite.next\","));
    assert_non_null(strstr(
        text, "\"suite.next\"],\"failed_commands\":[\"a?b?c??\",\"a_name_longer_than_a_ve\",\"cpus\","));
    assert_non_null(strstr(text, ",\"cpus\"]}\n<end>"));
    assert_null(strstr(text, "suite.last"));
    assert_null(strstr(text, "lost"));
}

static void a_failed_verify_prints_its_expression(void **state)
{
    (void)state;
    assert_non_null(strstr(output_of(verify_something), "expected 1 + 1 == 3"));
    assert_non_null(strstr(output, "test_panic.c:"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_interactive_panic_halts_after_its_report),
        cmocka_unit_test(the_user_may_reboot_after_the_report),
        cmocka_unit_test(a_panic_during_a_run_exits_with_its_counts),
        cmocka_unit_test(a_debug_exit_port_makes_a_panic_exit),
        cmocka_unit_test(an_exception_reports_its_own_state),
        cmocka_unit_test(a_second_failure_prints_one_line_without_using_kernel_state),
        cmocka_unit_test(consoles_are_attached_once_before_the_first_output),
        cmocka_unit_test(a_third_failure_halts_silently),
        cmocka_unit_test(a_verdict_names_the_first_failures),
        cmocka_unit_test(a_failed_verify_prints_its_expression),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

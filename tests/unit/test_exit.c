/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Power-off and reboot methods in their order, on ports that only record what was written.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <ashlar/check.h>
#include <ashlar/io.h>
#include <ashlar/sync/irqflags.h>
#include <power/exit.h>
#include <power/notifier.h>
#include <log/log.h>
#include <lib/machine_ops.h>

#define DEBUG_PORT 0xf4

/* The machine: the events in their order, as words; and the method that works. */
static char story[512];
static const char *working_method;
static uint8_t keyboard_status;
static unsigned long reads;
static jmp_buf gone;

static void tell(const char *word)
{
    size_t length = strlen(story);

    snprintf(story + length, sizeof(story) - length, "%s%s", length > 0 ? " " : "", word);
    if (working_method && strcmp(word, working_method) == 0)
        longjmp(gone, 1);
}

uint8_t io_in8(uint16_t port)
{
    reads++;
    return port == 0x64 ? keyboard_status : 0xff;
}

void io_out8(uint16_t port, uint8_t value)
{
    char word[32];

    snprintf(word, sizeof(word), "%x:%x", port, value);
    tell(word);
}

/* How often the consoles were settled, and what had happened before the first time. */
static unsigned int settles;
static size_t told_before_settling;
static unsigned long reads_before_settling;

void log_settle(void)
{
    assert_false(local_irq_is_enabled());
    if (settles++ == 0) {
        told_before_settling = strlen(story);
        reads_before_settling = reads;
    }
}

NORETURN static void halt(void)
{
    tell("halt");
    longjmp(gone, 1);
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    assert_int_equal(level, LOG_ERROR);
    assert_string_equal(subsystem, "power");
    assert_non_null(strstr(format, "halted"));
    tell("said");
}

NORETURN static void triple_fault(void)
{
    tell("triple-fault");
    longjmp(gone, 1);
}

struct machine_ops machine_ops = {
    .halt = halt,
    .triple_fault = triple_fault,
};

void verify_failed(const char *expression, const char *file, int line)
{
    print_error("%s:%d: %s\n", file, line, expression);
    fail();
    longjmp(gone, 1);
}

static void first_power_off(void)
{
    tell("off1");
}

static void second_power_off(void)
{
    tell("off2");
}

static void first_reset(void)
{
    tell("reset1");
}

static void exit_and_come_back(enum verdict verdict)
{
    story[0] = '\0';
    reads = 0;
    if (setjmp(gone) == 0)
        power_exit(verdict);
}

static int fresh_machine(void **state)
{
    (void)state;
    working_method = NULL;
    keyboard_status = 0;
    hosted_irqs_disabled = false;
    settles = 0;
    power_set_debug_exit(0);
    return 0;
}

static void each_verdict_writes_its_code_to_the_debug_exit_port(void **state)
{
    (void)state;
    power_set_debug_exit(DEBUG_PORT);
    assert_true(power_has_debug_exit());
    working_method = "f4:10";
    exit_and_come_back(VERDICT_PASS);
    assert_string_equal(story, "f4:10");
    working_method = "f4:11";
    exit_and_come_back(VERDICT_FAIL);
    assert_string_equal(story, "f4:11");
    working_method = "f4:12";
    exit_and_come_back(VERDICT_PANIC);
    assert_string_equal(story, "f4:12");
}

/* A machine that boots Ashlar automatically would do so for ever. */
static void a_failed_power_off_is_reported_and_never_becomes_a_reset(void **state)
{
    (void)state;
    exit_and_come_back(VERDICT_PASS);
    assert_string_equal(story, "off1 off2 said halt");
}

static void a_debug_port_without_a_device_does_not_hang(void **state)
{
    (void)state;
    power_set_debug_exit(DEBUG_PORT);
    exit_and_come_back(VERDICT_PASS);
    assert_string_equal(story, "f4:10 off1 off2 said halt");
}

static void the_first_method_that_works_is_the_last(void **state)
{
    (void)state;
    working_method = "off2";
    exit_and_come_back(VERDICT_PASS);
    assert_string_equal(story, "off1 off2");
}

static void reset_does_not_power_off(void **state)
{
    (void)state;
    story[0] = '\0';
    if (setjmp(gone) == 0)
        power_reboot();
    assert_string_equal(story, "reset1 64:fe cf9:2 cf9:6 triple-fault");
}

static void the_wait_for_a_busy_keyboard_controller_is_bounded(void **state)
{
    (void)state;
    keyboard_status = 0xff;
    story[0] = '\0';
    if (setjmp(gone) == 0)
        power_reboot();
    assert_string_equal(story, "reset1 64:fe cf9:2 cf9:6 triple-fault");
}

static void a_slow_method_is_given_time(void **state)
{
    (void)state;
    working_method = "off1";
    exit_and_come_back(VERDICT_PASS);
    unsigned long before = reads;
    working_method = "off2";
    exit_and_come_back(VERDICT_PASS);
    assert_true(reads - before >= 100000);
}

static void consoles_are_flushed_before_the_first_method(void **state)
{
    power_set_debug_exit(DEBUG_PORT);
    exit_and_come_back(VERDICT_PASS);
    assert_true(settles > 0);
    assert_int_equal(told_before_settling, 0);
    assert_int_equal(reads_before_settling, 0);

    fresh_machine(state);
    story[0] = '\0';
    reads = 0;
    if (setjmp(gone) == 0)
        power_reboot();
    assert_int_equal(settles, 1);
    assert_int_equal(told_before_settling, 0);
    assert_int_equal(reads_before_settling, 0);
}

static void tell_event(struct power_notifier *notifier, enum power_event event)
{
    (void)notifier;
    assert_true(local_irq_is_enabled());
    tell(event == POWER_OFF ? "notified-off" : event == POWER_REBOOT ? "notified-reboot" : "notified-panic");
}

/* The last test: the notifier stays. */
static void notifiers_are_called_before_the_first_method(void **state)
{
    static struct power_notifier notifier = { .name = "test", .notify = tell_event };
    power_notifier_add(&notifier);
    exit_and_come_back(VERDICT_PASS);
    assert_string_equal(story, "notified-off off1 off2 said halt");
    exit_and_come_back(VERDICT_PANIC);
    assert_string_equal(story, "off1 off2 said halt");

    fresh_machine(state);
    story[0] = '\0';
    if (setjmp(gone) == 0)
        power_reboot();
    assert_string_equal(story, "notified-reboot reset1 64:fe cf9:2 cf9:6 triple-fault");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_verdict_writes_its_code_to_the_debug_exit_port, fresh_machine),
        cmocka_unit_test_setup(a_failed_power_off_is_reported_and_never_becomes_a_reset, fresh_machine),
        cmocka_unit_test_setup(a_debug_port_without_a_device_does_not_hang, fresh_machine),
        cmocka_unit_test_setup(the_first_method_that_works_is_the_last, fresh_machine),
        cmocka_unit_test_setup(reset_does_not_power_off, fresh_machine),
        cmocka_unit_test_setup(the_wait_for_a_busy_keyboard_controller_is_bounded, fresh_machine),
        cmocka_unit_test_setup(a_slow_method_is_given_time, fresh_machine),
        cmocka_unit_test_setup(consoles_are_flushed_before_the_first_method, fresh_machine),
        cmocka_unit_test_setup(notifiers_are_called_before_the_first_method, fresh_machine),
    };

    power_add_off_method(first_power_off);
    power_add_off_method(second_power_off);
    power_add_reboot_method(first_reset);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

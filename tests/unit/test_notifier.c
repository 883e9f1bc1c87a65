/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The notifiers of panic, reboot and power-off: their order, and panics inside a notifier. What has been
 * called stays called, so each test runs in a child process.
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
#include <power/notifier.h>

static char story[256];
static jmp_buf failed;

void verify_failed(const char *expression, const char *file, int line)
{
    (void)expression, (void)file, (void)line;
    longjmp(failed, 1);
}

static void tell(struct power_notifier *notifier, enum power_event event)
{
    static const char *const words[] = {
        [POWER_PANIC] = "panic", [POWER_REBOOT] = "reboot", [POWER_OFF] = "off"
    };
    size_t length = strlen(story);
    snprintf(story + length, sizeof(story) - length, "%s:%s ", notifier->name, words[event]);
}

/* A fault in a panic is a panic, which notifies again. */
static void fault(struct power_notifier *notifier, enum power_event event)
{
    tell(notifier, event);
    power_notify(POWER_PANIC);
    exit(0);
}

static void panic_in_reboot(struct power_notifier *notifier, enum power_event event)
{
    tell(notifier, event);
    if (event == POWER_REBOOT)
        power_notify(POWER_PANIC);
}

static struct power_notifier disk = { .name = "disk", .priority = 10, .notify = tell };
static struct power_notifier net = { .name = "net", .priority = 10, .notify = tell };
static struct power_notifier host = { .name = "host", .priority = 200, .notify = tell };
static struct power_notifier last = { .name = "last", .priority = 0, .notify = tell };

static void add_three(void)
{
    power_notifier_add(&disk);
    power_notifier_add(&net);
    power_notifier_add(&host);
}

/* Return: @story of a child that ran @scenario. */
static const char *story_of(void (*scenario)(void))
{
    static char text[256];
    int ends[2], status;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        scenario();
        if (write(ends[1], story, strlen(story)) < 0)
            _exit(1);
        _exit(0);
    }
    close(ends[1]);
    ssize_t length = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void reboot(void)
{
    add_three();
    power_notify(POWER_REBOOT);
    power_notifier_add(&last);
    power_notify(POWER_OFF);
}

static void notifiers_are_called_by_priority_then_by_registration(void **state)
{
    (void)state;
    assert_string_equal(story_of(reboot),
                        "host:reboot disk:reboot net:reboot host:off disk:off net:off last:off ");
}

static void panic_then_off(void)
{
    add_three();
    power_notify(POWER_PANIC);
    power_notify(POWER_REBOOT);
    power_notify(POWER_OFF);
    power_notify(POWER_PANIC);
}

static void after_a_panic_no_other_event_is_notified_and_no_notifier_is_called_twice(void **state)
{
    (void)state;
    assert_string_equal(story_of(panic_then_off), "host:panic disk:panic net:panic ");
}

static void write_story(void)
{
    if (write(STDOUT_FILENO, story, strlen(story)) < 0)
        _exit(1);
}

static void fault_in_a_notifier(void)
{
    disk.notify = fault;
    add_three();
    power_notify(POWER_PANIC);
}

/* fault() ends the child itself, so its story goes by way of exit(). */
static void a_notifier_that_faults_is_not_called_again_and_the_next_ones_are(void **state)
{
    (void)state;
    int ends[2], status;
    char text[256] = "";
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        atexit(write_story);
        fault_in_a_notifier();
        _exit(1);
    }
    close(ends[1]);
    assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_string_equal(text, "host:panic disk:panic net:panic ");
}

static void panic_while_rebooting(void)
{
    host.notify = panic_in_reboot;
    add_three();
    power_notify(POWER_REBOOT);
}

static void a_panic_in_a_reboot_notifier_ends_the_reboot(void **state)
{
    (void)state;
    assert_string_equal(story_of(panic_while_rebooting), "host:reboot host:panic disk:panic net:panic ");
}

static void corrupt_list(void)
{
    add_three();
    net.next = &net;
    power_notify(POWER_PANIC);
    snprintf(story, sizeof(story), "ended");
}

static void a_corrupt_list_does_not_hang_a_panic(void **state)
{
    (void)state;
    assert_string_equal(story_of(corrupt_list), "ended");
}

static void add_too_many(void)
{
    static struct power_notifier many[POWER_NOTIFIERS_MAX + 1];
    volatile unsigned int added = 0;
    if (setjmp(failed) == 0)
        for (; added < ARRAY_LEN(many); added++) {
            many[added].notify = tell;
            power_notifier_add(&many[added]);
        }
    snprintf(story, sizeof(story), "%u", added);
}

static void registering_more_than_the_maximum_is_verified(void **state)
{
    (void)state;
    assert_int_equal(atoi(story_of(add_too_many)), POWER_NOTIFIERS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(notifiers_are_called_by_priority_then_by_registration),
        cmocka_unit_test(after_a_panic_no_other_event_is_notified_and_no_notifier_is_called_twice),
        cmocka_unit_test(a_notifier_that_faults_is_not_called_again_and_the_next_ones_are),
        cmocka_unit_test(a_panic_in_a_reboot_notifier_ends_the_reboot),
        cmocka_unit_test(a_corrupt_list_does_not_hang_a_panic),
        cmocka_unit_test(registering_more_than_the_maximum_is_verified),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

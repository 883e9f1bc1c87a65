/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a checked build asserts of the list of notifiers, and of a new one.
 */
#include "expect_death.h"

/* NOLINTNEXTLINE(bugprone-suspicious-include): its data is broken on purpose, and is private. */
#include <power/notifier.c>

static void ignore(struct power_notifier *notifier, enum power_event event)
{
    (void)notifier, (void)event;
}

static struct power_notifier disk = { .name = "disk", .priority = 10, .notify = ignore };
static struct power_notifier net = { .name = "net", .priority = 100, .notify = ignore };
static struct power_notifier host = { .name = "host", .priority = 50, .notify = ignore };

static void register_another(void)
{
    power_notifier_add(&host);
}

static void notifier_is_registered_twice(void)
{
    power_notifier_add(&disk);
}

static void notifier_has_no_function(void)
{
    host.notify = NULL;
    register_another();
}

static void priority_changes_while_it_is_registered(void)
{
    disk.priority = 101;
    register_another();
}

static void list_has_lost_a_notifier(void)
{
    net.next = NULL;
    register_another();
}

static void list_is_a_circle(void)
{
    disk.next = &disk;
    register_another();
}

static void broken_lists_are_noticed(void **state)
{
    (void)state;
    power_notifier_add(&disk);
    power_notifier_add(&net);
    expect_death(notifier_is_registered_twice, "power: a notifier is registered once");
    expect_death(notifier_has_no_function, "power: a notifier has a function");
    expect_death(priority_changes_while_it_is_registered, "power: notifiers descend by priority");
    expect_death(list_has_lost_a_notifier, "power: the list has each notifier");
    expect_death(list_is_a_circle, "power: the list ends after the last notifier");
    register_another();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_lists_are_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

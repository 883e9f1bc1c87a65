/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The list of notifiers, sorted by priority.
 *
 * A panic may read the list while it is changed, so a notifier is linked in by one store, after its own link.
 * The list may be corrupt when a panic reads it: a walk ends after POWER_NOTIFIERS_MAX steps.
 */
#include <power/notifier.h>

#include <ashlar/check.h>

static struct power_notifier *first;
static unsigned int count;

/* Of a panic: they advance before each call, so that a notifier that faults is not called again. */
static bool has_panicked;
static struct power_notifier *next_of_panic;
static unsigned int called_by_panic;

/* @notifier: must not be in the list yet; NULL: none in particular. */
static void check_list(const struct power_notifier *notifier)
{
    const struct power_notifier *each = first;
    for (unsigned int i = 0; i < count; i++) {
        CHECK(each, "power: the list has each notifier");
        CHECK(each != notifier, "power: a notifier is registered once");
        CHECK(!each->next || each->priority >= each->next->priority, "power: notifiers descend by priority");
        each = each->next;
    }
    CHECK(!each, "power: the list ends after the last notifier");
}

void power_notifier_add(struct power_notifier *notifier)
{
    VERIFY(count < POWER_NOTIFIERS_MAX);
    CHECK(notifier->notify, "power: a notifier has a function");
    check_list(notifier);
    count++;

    struct power_notifier **link = &first;
    while (*link && (*link)->priority >= notifier->priority)
        link = &(*link)->next;
    notifier->next = *link;
    /* Release: the walk of a panic on this CPU, in an NMI, finds the notifier complete. */
    __atomic_store_n(link, notifier, __ATOMIC_RELEASE);
    check_list(NULL);
}

static void notify_of_panic(void)
{
    if (!has_panicked) {
        has_panicked = true;
        next_of_panic = first;
    }
    while (next_of_panic && called_by_panic < POWER_NOTIFIERS_MAX) {
        struct power_notifier *notifier = next_of_panic;
        next_of_panic = notifier->next;
        called_by_panic++;
        notifier->notify(notifier, POWER_PANIC);
    }
}

void power_notify(enum power_event event)
{
    if (event == POWER_PANIC) {
        notify_of_panic();
        return;
    }
    for (struct power_notifier *notifier = first; notifier && !has_panicked; notifier = notifier->next)
        notifier->notify(notifier, event);
}

/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * Notifiers: functions that are called when the machine panics, reboots or is powered off. A driver's glue
 * registers one to tell a host, to flush or to quiesce a device. The notifier belongs to its owner: nothing
 * is allocated.
 *
 * Not here: the methods of power-off and reboot themselves (power/exit.h).
 *
 * A notifier is called in one of two contexts, by the event:
 *
 *                     POWER_PANIC                             POWER_REBOOT, POWER_OFF
 *     called from     panic(), after report and verdict       power_reboot(), power_exit()
 *     interrupts      off                                     as of the caller
 *     other CPUs      stopped, or about to be                 run
 *     locks           any may be held for good: only          the caller holds none: all but those that
 *                     spin_trylock() and                      the order of locks forbids
 *                     spin_lock_or_give_up()
 *     memory          none allocated or freed                 as in a thread
 *     print(), log    yes                                     yes
 *     waits           counted, not timed; some ms             until a time of the clock; one second at most
 *     stack           an IST stack perhaps: 512 bytes         1 KiB
 *
 * docs/panic.md has the reasons of the first column.
 */
#include <ashlar/types.h>

enum power_event { POWER_PANIC, POWER_REBOOT, POWER_OFF };

struct power_notifier {
    const char *name; /* of the device or room, for debuggers */

    /* 255 is called first, 0 last; equal ones in the order of registration. */
    uint8_t priority;

    /* Called at most once an event. Must return. A fault in it during a panic is a nested panic, which
       continues with the next notifier. */
    void (*notify)(struct power_notifier *notifier, enum power_event event);

    struct power_notifier *next; /* power/notifier.c's */
};

#define POWER_NOTIFIERS_MAX 32

/**
 * power_notifier_add() - register a notifier, for good.
 * @notifier: name, priority and notify are filled in; must persist, and must not be registered yet.
 *
 * Context: boot, one CPU; a panic may begin at any point of it, also in an NMI. At most POWER_NOTIFIERS_MAX
 *          calls: VERIFYed.
 */
void power_notifier_add(struct power_notifier *notifier);

/**
 * power_notify() - call the notifiers, by priority.
 * @event: what the caller is about to do, or to end with.
 *
 * After POWER_PANIC, POWER_REBOOT and POWER_OFF call nothing: the locks and data that their notifiers rely on
 * may be those of the panic. A second POWER_PANIC, of a panic inside the panic, continues after the notifier
 * that was called last.
 *
 * Context: as the table above: for the callers that it names.
 */
void power_notify(enum power_event event);

/* SPDX-License-Identifier: BSD-2-Clause */
/* A row for each lock, and one for each caller. */
#include <sync/held_locks.h>

#include <lib/machine_ops.h>
#include <log/output.h>
#include <log/print.h>
#include <sync/lock_report.h>

#ifdef ASHLAR_CHECKED

#define NAME_(class, name, guards, nesting) [class] = name,
static const char *const class_names[LOCK_CLASS_COUNT] = { LOCK_CLASSES(NAME_) };
#undef NAME_

static void print_entry(unsigned int cpu, const struct lock_held *entry)
{
    /* Noted before the wait. The lock's memory is never unmapped. */
    if (entry->kind->class == LOCK_CALLED)
        print("cpu %u runs a cross-call, begun by\n", cpu);
    else
        print("cpu %u %s \"%s\" (%p), class %s, taken by\n", cpu,
              spin_owner(entry->lock) != cpu ? "waits for" : "holds", entry->kind->name, entry->lock,
              class_names[entry->kind->class]);
    /* The call's last byte and not the instruction after it, which may be of the next function. */
    for (unsigned int i = 0; i < LOCK_STACK_DEPTH && entry->stack[i] != 0; i++)
        print("    %pS\n", (const void *)(entry->stack[i] - 1));
}

unsigned int held_locks_print(unsigned int cpu)
{
    struct lock_held entry;
    unsigned int count = 0;
    for (unsigned int index = 0; lock_held_by(cpu, index, &entry); index++) {
        bool is_for_this = entry.lock == &output_lock && cpu == machine_ops.cpu();
        if (!entry.kind || is_for_this)
            continue;
        print_entry(cpu, &entry);
        count++;
    }
    return count;
}

static void print_mine(void)
{
    (void)held_locks_print(machine_ops.cpu());
}

void held_locks_init(void)
{
    machine_ops.print_locks = print_mine;
}

#endif

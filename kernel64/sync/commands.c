/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's `locks`: the order of the lock classes, and, in a checked build, which CPU holds which lock.
 */
#include <ashlar/command.h>
#include <ashlar/sync/lock_class.h>

#include <cpu/percpu.h>
#include <log/print.h>
#include <sync/held_locks.h>

struct class_words {
    const char *name, *guards;
    enum lock_nesting nesting;
};

#define WORDS_(class, name, guards, nesting) [class] = { name, guards, nesting },
static const struct class_words classes[LOCK_CLASS_COUNT] = { LOCK_CLASSES(WORDS_) };
#undef WORDS_

#define GUARDS_COLUMN 21

static void print_classes(void)
{
    print("classes, in the order in which a CPU may take their locks; what they guard:\n");
    for (unsigned int i = 0; i < LOCK_CLASS_COUNT; i++) {
        print("%3u %-*s", i, GUARDS_COLUMN - 4, classes[i].name);
        print_wrapped(classes[i].guards, GUARDS_COLUMN, GUARDS_COLUMN);
        if (classes[i].nesting == LOCK_NESTS_BY_ADDRESS)
            print("%*s(several at a time, the lowest address first)\n", GUARDS_COLUMN, "");
    }
}

#ifdef ASHLAR_CHECKED
static void print_all_held(void)
{
    unsigned int count = 0;
    for (unsigned int cpu = 0; cpu < percpu_count(); cpu++)
        count += held_locks_print(cpu);
    print("%u held or waited for\n", count);
}
#else
static void print_all_held(void)
{
    print("a checked build shows the locks that are held, too (meson option `checked`)\n");
}
#endif

static status_t command_locks(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    print_classes();
    print_all_held();
    return STATUS_OK;
}
COMMAND_LIST(locks, command_locks, .group = GROUP_PROCESSORS, .arguments = "",
             .help = "classes of spinlocks in their order, and, in a checked build, the locks held",
             .example = "locks", .see_also = "cpus", .words = NULL);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `misuse KIND`, for tests/boot: does what its context forbids (ashlar/sync/context.h). Each is harmless at
 * this moment, as it nearly always is; a checked build panics.
 */
#include <ashlar/command.h>
#include <ashlar/mm/frame_cache.h>
#include <ashlar/mm/kmalloc.h>
#include <ashlar/mm/vrange.h>
#include <ashlar/sync/spinlock.h>

#include <lib/string.h>
#include <log/arguments.h>
#include <log/print.h>
#include <power/exit.h>
#include <smp/ipi.h>
#include <time/clock.h>
#include <time/timer.h>

static struct spinlock plain = SPINLOCK("misuse plain", LOCK_TEST);
static struct spinlock polling = SPINLOCK("misuse polling", LOCK_TEST, .polls_calls = true);
static struct spinlock late = SPINLOCK("misuse late", LOCK_SLAB_NODE, .polls_calls = true);
static struct spinlock device = SPINLOCK("misuse device", LOCK_UART);

static void *object, *range;

static void do_nothing(void *argument)
{
    (void)argument;
}

/* Allowed: found by no check. */
static void allocate_under_polling(void)
{
    spin_lock(&polling);
    kfree(object);
    object = kmalloc(32);
    ipi_call_all(do_nothing, NULL);
    spin_unlock(&polling);
}

static void allocate(void)
{
    spin_lock(&plain);
    object = kmalloc(32);
    spin_unlock(&plain);
}

static void allocate_late(void)
{
    spin_lock(&late);
    object = kmalloc(32);
    spin_unlock(&late);
}

static void release(void)
{
    spin_lock(&plain);
    kfree(object);
    spin_unlock(&plain);
    object = NULL;
}

static void release_frame(void)
{
    void *frame = frame_alloc();
    spin_lock(&device);
    if (frame)
        frame_free(frame);
    spin_unlock(&device);
}

static void call(void)
{
    spin_lock(&plain);
    ipi_call_all(do_nothing, NULL);
    spin_unlock(&plain);
}

static void unmap(void)
{
    spin_lock(&plain);
    vrange_unmap(range);
    spin_unlock(&plain);
    range = NULL;
}

/* The time has passed already. */
static void sleep_locked(void)
{
    spin_lock(&polling);
    timer_sleep_until(0);
    spin_unlock(&polling);
}

static void sleep_masked(void)
{
    irq_flags_t flags = local_irq_save();
    timer_sleep_until(0);
    local_irq_restore(flags);
}

static void arm_unmasked(void)
{
    timer_rearm();
}

static void allocate_called(void *argument)
{
    (void)argument;
    object = kmalloc(32);
}

static void allocate_in_call(void)
{
    ipi_call_one(0, allocate_called, NULL);
}

static void take_called(void *argument)
{
    spin_lock(argument);
    spin_unlock(argument);
}

static void lock_in_call(void)
{
    ipi_call_one(0, take_called, &polling);
}

static void exit_locked(void)
{
    spin_lock(&plain);
    power_exit(VERDICT_PASS);
}

static const struct {
    const char *name;
    void (*run)(void);
} kinds[] = {
    { "nothing", allocate_under_polling },
    { "allocate", allocate },
    { "allocate-late", allocate_late },
    { "free", release },
    { "free-frame", release_frame },
    { "call", call },
    { "unmap", unmap },
    { "sleep", sleep_locked },
    { "sleep-masked", sleep_masked },
    { "arm-unmasked", arm_unmasked },
    { "allocate-in-call", allocate_in_call },
    { "lock-in-call", lock_in_call },
    { "exit", exit_locked },
};

static status_t command_misuse(int argc, char **argv)
{
    unsigned int kind = 0;
    if (!arguments_count(argc, argv, 1, 1))
        return STATUS_INVALID;
    while (kind < ARRAY_LEN(kinds) && strcmp(argv[1], kinds[kind].name) != 0)
        kind++;
    if (kind == ARRAY_LEN(kinds)) {
        argument_refuse(argv[1], "a kind of misuse");
        return STATUS_INVALID;
    }
    object = kmalloc(32);
    if (!object || vrange_map_memory(PAGE_SIZE, VRANGE_MEMORY, "misuse", &range) != STATUS_OK)
        return STATUS_NO_MEMORY;
    kinds[kind].run();
    print("misuse %s: not detected\n", argv[1]);
    kfree(object);
    if (range)
        vrange_unmap(range);
    return STATUS_OK;
}
COMMAND(misuse, command_misuse, .group = GROUP_TESTS, .arguments = "KIND",
        .help = "do what is forbidden under a lock or in a cross-call (found by a checked build)",
        .example = "misuse allocate", .see_also = "crash locks");

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words about locks. No lock of the log's is ever waited for without bound (log/log.c,
 * drivers/uart16550.c), so a report about one of those comes out, too.
 */
#include <sync/lock_report.h>

#include <lib/format.h>
#include <lib/machine_ops.h>
#include <log/log.h>
#include <panic/panic.h>

/* What the others in a queue wait for is the patience of all before them. */
#define PATIENCE_NS(wait) ((wait)->is_first ? LOCK_PATIENCE_NS : 10 * LOCK_PATIENCE_NS)

struct holder {
    char words[32];
};

static struct holder holder_of(const struct spinlock *lock)
{
    struct holder holder = { "nobody holds it" };
    uint32_t owner = spin_owner(lock);
    if (owner != SPIN_NOBODY)
        format_buffer(holder.words, sizeof(holder.words), "CPU %u holds it", owner);
    return holder;
}

void lock_watch(struct lock_wait *wait)
{
    uint64_t now_ns = log_nanoseconds(machine_ops.ticks());
    if (wait->began_ns == 0)
        wait->began_ns = now_ns;
    uint64_t waited_ns = now_ns - wait->began_ns;
    if (wait->is_reported || waited_ns < PATIENCE_NS(wait))
        return;
    wait->is_reported = true;
    log_warn("sync", "CPU %u has waited %lu s for the lock at %p, in %pS; %s", machine_ops.cpu(),
             waited_ns / 1000000000, (const void *)wait->lock, wait->caller, holder_of(wait->lock).words);
}

void lock_panic_mine(const struct spinlock *lock, bool is_held, const void *caller)
{
    panic("CPU %u wants the lock at %p, in %pS, but %s it already: it would wait for itself",
          machine_ops.cpu(), (const void *)lock, caller, is_held ? "holds" : "waits for");
}

#ifdef ASHLAR_CHECKED
void spin_panic_not_mine(const struct spinlock *lock)
{
    panic("CPU %u should hold the lock at %p, in %pS, but %s", machine_ops.cpu(), (const void *)lock,
          __builtin_return_address(0), holder_of(lock).words);
}
#endif

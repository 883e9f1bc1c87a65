/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reports about locks. The waits for the log's own locks are bounded (log/log.c, drivers/uart16550.c), so a
 * report about one of those is printed, too.
 */
#include <sync/lock_report.h>

#include <lib/format.h>
#include <lib/machine_ops.h>
#include <log/log.h>
#include <panic/panic.h>

/* The other waiters in a queue also wait for all before them. */
static uint64_t timeout_ns(const struct lock_wait *wait)
{
    return wait->is_first ? LOCK_TIMEOUT_NS : 10 * LOCK_TIMEOUT_NS;
}

struct holder {
    char words[32];
};

static struct holder holder_of(const struct spinlock *lock)
{
    struct holder holder = { "not held" };
    uint32_t owner = spin_owner(lock);
    if (owner != SPIN_NO_OWNER)
        format_buffer(holder.words, sizeof(holder.words), "held by CPU %u", owner);
    return holder;
}

static const char *name_of(const struct lock_kind *kind)
{
    return kind ? kind->name : "(not initialised)";
}

void lock_watch(struct lock_wait *wait)
{
    uint64_t now_ns = log_nanoseconds(machine_ops.ticks());
    if (wait->began_ns == 0)
        wait->began_ns = now_ns;
    uint64_t waited_ns = now_ns - wait->began_ns;
    if (wait->is_reported || waited_ns < timeout_ns(wait))
        return;
    wait->is_reported = true;
    log_warn("sync", "lock \"%s\" (%p): CPU %u has waited %lu s in %pS; %s", name_of(wait->lock->kind),
             (const void *)wait->lock, machine_ops.cpu(), waited_ns / NS_PER_SECOND, wait->caller,
             holder_of(wait->lock).words);
}

void lock_panic_recursive(const struct spinlock *lock, bool is_held, const void *caller)
{
    panic("lock \"%s\" (%p): CPU %u takes it in %pS, but %s it already", name_of(lock->kind),
          (const void *)lock, machine_ops.cpu(), caller, is_held ? "holds" : "waits for");
}

#ifdef ASHLAR_CHECKED
void lock_panic_not_held(const struct spinlock *lock)
{
    panic("lock \"%s\" (%p): CPU %u should hold it in %pS, but it is %s", name_of(lock->kind),
          (const void *)lock, machine_ops.cpu(), __builtin_return_address(0), holder_of(lock).words);
}

/* ---- the order ---- */

#define CLASS_NAME_(class, name, guards, nesting) [class] = name,
static const char *const class_names[LOCK_CLASS_COUNT] = { LOCK_CLASSES(CLASS_NAME_) };
#undef CLASS_NAME_

struct stack_words {
    char words[LOCK_STACK_DEPTH * 64];
};

static struct stack_words stack_of(const struct lock_held *held)
{
    struct stack_words stack = { "" };
    size_t length = 0;
    for (unsigned int i = 0; i < LOCK_STACK_DEPTH && held->stack[i] != 0 && length < sizeof(stack); i++)
        length += format_buffer(stack.words + length, sizeof(stack.words) - length, "\n    %pS",
                                (const void *)held->stack[i]);
    return stack;
}

void lock_panic_order(const struct lock_held *held, const struct lock_held *taken)
{
    lock_order_stop();
    if (!held)
        panic("lock (%p): CPU %u takes it, but nothing has initialised it; taken by:%s", taken->lock,
              machine_ops.cpu(), stack_of(taken).words);
    if (held->lock == taken->lock)
        lock_panic_recursive(held->lock, spin_is_mine(held->lock), (const void *)taken->stack[0]);
    panic("lock order: CPU %u takes \"%s\" (%p, class %s) while it holds \"%s\" (%p, class %s), which may be "
          "taken only after it\n  \"%s\" was taken by:%s\n  \"%s\" is being taken by:%s",
          machine_ops.cpu(), taken->kind->name, taken->lock, class_names[taken->kind->class],
          held->kind->name, held->lock, class_names[held->kind->class], held->kind->name,
          stack_of(held).words, taken->kind->name, stack_of(taken).words);
}

/* ---- the context ---- */

static const char *const uses[CONTEXT_USES] = {
    [CONTEXT_ALLOCATES] = "allocates or frees memory",
    [CONTEXT_FREES_FRAMES] = "frees frames",
    [CONTEXT_CALLS] = "calls other CPUs",
    [CONTEXT_SLEEPS] = "sleeps",
    [CONTEXT_HOLDS_NO_LOCK] = "calls what may wait",
};

static const char *reason_of(enum context_use use, const struct lock_kind *kind)
{
    if (use == CONTEXT_SLEEPS || use == CONTEXT_HOLDS_NO_LOCK)
        return "all CPUs that want the lock would spin meanwhile";
    if (use != CONTEXT_FREES_FRAMES && !kind->polls_calls)
        return "its waiters do not poll cross-calls";
    return "that takes a lock of a class before its own";
}

void lock_panic_context(enum context_use use, const struct lock_held *held, const struct lock_held *here)
{
    unsigned int cpu = machine_ops.cpu();
    lock_order_stop();
    if (!held)
        panic("context: CPU %u %s with interrupts masked, so none would wake it\n  it %s in:%s", cpu,
              uses[use], uses[use], stack_of(here).words);
    if (held->kind->class == LOCK_CALLED)
        panic("context: CPU %u %s in a cross-call, which must be short and may have interrupted a wait for a "
              "lock: do it in idle_queue_work() or in the caller\n  the cross-call was begun by:%s\n  it %s "
              "in:%s",
              cpu, uses[use], stack_of(held).words, uses[use], stack_of(here).words);
    panic(
        "context: CPU %u %s while it holds \"%s\" (%p, class %s), but %s: do it before the lock is taken, or "
        "after it is released\n  \"%s\" was taken by:%s\n  it %s in:%s",
        cpu, uses[use], held->kind->name, held->lock, class_names[held->kind->class],
        reason_of(use, held->kind), held->kind->name, stack_of(held).words, uses[use], stack_of(here).words);
}
#endif

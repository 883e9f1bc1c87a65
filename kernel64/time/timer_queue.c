/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Timers ordered by deadline: a leftist heap whose links are in the timers.
 *
 * Why a heap. Today two timers are armed at a time on most machines (the refinement of the TSC's rate, a
 * sleep), for which a sorted list would do in a fifth of the code. The queue is made for the scheduler that
 * follows: thousands of timers, armed and cancelled from any CPU, with O(log n) at worst and interrupts off,
 * and no allocation. Its cost meanwhile: some 2 KiB of code, 80 bytes a timer, and one more lock when a timer
 * changes its CPU.
 *
 * The heap. No timer is before its parent, so the top is the earliest. A timer's rank is the number of timers
 * on its right spine, itself included. At each timer the left child's rank is at least the right one's, so
 * the right spine is the shortest way down: among n timers it has at most log2(n + 1). All work is done along
 * right spines: a merge of two heaps merges their right spines; an insertion is a merge with a heap of one; a
 * removal puts the merged children in the timer's place and corrects the ranks above, up to the first that
 * does not change. Those are few, however deep the timer was: a rank that grew matters to a parent only
 * across a right link, of which no way down has more than log2(n + 1); where one shrank, each parent that it
 * matters to gets a rank one above its child's, and ranks end at log2(n + 1). Loops and not recursion,
 * because the left spine may have n timers.
 *
 * Refused: a pairing heap, whose removals are O(log n) amortized but O(n) at worst, with interrupts off. A
 * timer wheel, O(1), but it rounds deadlines or cascades in bursts, and has to search for the next deadline,
 * which a one-shot clockevent needs. A red-black tree has the same bounds and as many links, with more code,
 * and keeps the later timers in an order that is not needed. A heap in an array must grow, so arming could
 * fail.
 *
 * One run. timer_queue_run() takes timers off the heap `first` one by one and calls their handlers without
 * the lock. Timers that are armed meanwhile, by any CPU, go to the heap `late`, and the two are merged at the
 * end. That bounds a run without changing a deadline, and keeps the order.
 *
 * Which timer is running. A timer is idle, armed, running, or both of the last two. Its is_armed says that it
 * is armed. Its queue says that it is running: `running` points to it from its removal from the heap, under
 * the lock, until its handler has returned. If the mark were in the timer, a handler could not free it. The
 * timer has only `ran_on`, the queue whose `running` to check, because meanwhile it may be armed on another
 * one; there it is skipped when due, until its handler has returned.
 *
 * Which lock. A timer is guarded by the lock of the queue that it names, also when idle. Its queue is changed
 * with the locks of both queues held; so a CPU that reads the name, locks that queue and reads the same name
 * again owns the timer. Only for the first arming, when it names none, the change is a compare-and-exchange
 * under the lock of the new queue alone.
 *
 * Refused: an indirection between a timer and its queue, which would let timer_queue_move_all() merge in
 * O(log n). Each arm and each cancel would pay a load for what happens when a CPU goes offline.
 */
#include <time/timer_queue.h>

#include <ashlar/check.h>
#include <ashlar/sync/backoff.h>
#include <ashlar/sync/irqflags.h>

/* ---- the heap ---- */

static bool is_before(const struct timer *a, const struct timer *b)
{
    return a->deadline_ns < b->deadline_ns || (a->deadline_ns == b->deadline_ns && a->sequence < b->sequence);
}

static uint32_t rank_of(const struct timer *heap)
{
    return heap ? heap->rank : 0;
}

/* Restores the leftist property of @timer and its rank. Return: whether the rank changed. */
static bool fix_rank(struct timer *timer)
{
    if (rank_of(timer->left) < rank_of(timer->right)) {
        struct timer *left = timer->left;
        timer->left = timer->right;
        timer->right = left;
    }
    uint32_t rank = rank_of(timer->right) + 1;
    bool is_changed = rank != timer->rank;
    timer->rank = rank;
    return is_changed;
}

/* A timer and its links. One that was changed or freed while it is armed, by its owner, is found here. */
static void check_timer(const struct timer *timer)
{
    CHECK(timer->is_armed, "timer: a timer in the heap is armed");
    CHECK(!timer->parent || !is_before(timer, timer->parent), "timer: a timer is not before its parent");
    CHECK(!timer->left || (timer->left->parent == timer && !is_before(timer->left, timer)),
          "timer: the left child leads to its parent and is not before it");
    CHECK(!timer->right || (timer->right->parent == timer && !is_before(timer->right, timer)),
          "timer: the right child leads to its parent and is not before it");
    CHECK(rank_of(timer->left) >= rank_of(timer->right) && timer->rank == rank_of(timer->right) + 1,
          "timer: the right spine is the shortest way down");
}

/* Merges two heaps, either may be NULL: down both right spines, always the earlier timer first; then up
   again, correcting ranks. */
static struct timer *merge(struct timer *a, struct timer *b)
{
    struct timer *top = NULL, *bottom = NULL, **link = &top;
    while (a && b) {
        if (is_before(b, a)) {
            struct timer *earlier = b;
            b = a;
            a = earlier;
        }
        *link = a;
        a->parent = bottom;
        bottom = a;
        link = &a->right;
        a = a->right;
    }
    *link = a ? a : b;
    if (*link)
        (*link)->parent = bottom;
    /* To the top: each has another right child than before, of any rank. */
    for (struct timer *at = bottom; at; at = at->parent) {
        (void)fix_rank(at);
        check_timer(at);
    }
    return top;
}

static void insert(struct timer **heap, struct timer *timer)
{
    timer->left = timer->right = NULL;
    timer->rank = 1;
    *heap = merge(*heap, timer);
}

/* Removes a timer from the heap that it is in, whose top is *@heap. */
static void heap_remove(struct timer **heap, struct timer *timer)
{
    struct timer *parent = timer->parent;
    CHECK(parent ? parent->left == timer || parent->right == timer : *heap == timer,
          "timer: a timer is a child of its parent, or the top of its heap");
    check_timer(timer);
    struct timer *rest = merge(timer->left, timer->right);
    if (rest)
        rest->parent = parent;
    if (!parent)
        *heap = rest;
    else if (parent->left == timer)
        parent->left = rest;
    else
        parent->right = rest;
    while (parent && fix_rank(parent))
        parent = parent->parent;
}

/* Preorder traversal. Without a left child there is no right one either. */
static struct timer *next_in_heap(const struct timer *at)
{
    if (at->left)
        return at->left;
    while (at->parent && (at == at->parent->right || !at->parent->right))
        at = at->parent;
    return at->parent ? at->parent->right : NULL;
}

/* ---- locks ---- */

/* One or two queues' locks. */
struct held {
    struct timer_queue *lower, *higher; /* higher is NULL when there is one only */
};

/* @a may be NULL or the same as @b. */
static struct held lock_both(struct timer_queue *a, struct timer_queue *b)
{
    struct held held = { .lower = b };
    if (a && a != b) {
        held.lower = (uintptr_t)a < (uintptr_t)b ? a : b;
        held.higher = held.lower == a ? b : a;
    }
    spin_lock(&held.lower->lock);
    if (held.higher)
        spin_lock(&held.higher->lock);
    return held;
}

static void unlock_both(const struct held *held)
{
    if (held->higher)
        spin_unlock(&held->higher->lock);
    spin_unlock(&held->lower->lock);
}

/* Relaxed: the value is used as an address to lock, and read again under that lock, which orders it. */
static struct timer_queue *named_queue(const struct timer *timer)
{
    return __atomic_load_n(&timer->queue, __ATOMIC_RELAXED);
}

/* The queue that the timer names, locked; NULL, and nothing locked, when it has never been armed. */
static struct timer_queue *lock_queue_of(const struct timer *timer)
{
    for (;;) {
        struct timer_queue *queue = named_queue(timer);
        if (!queue)
            return NULL;
        spin_lock(&queue->lock);
        if (named_queue(timer) == queue)
            return queue;
        spin_unlock(&queue->lock);
    }
}

/* Locks @queue and the queue that the timer names, which is returned, NULL if none; the timer then names
   @queue. */
static struct timer_queue *lock_and_rename(struct timer_queue *queue, struct timer *timer, struct held *held)
{
    for (;;) {
        struct timer_queue *from = named_queue(timer);
        struct timer_queue *found = from;
        *held = lock_both(from, queue);
        /* Relaxed, as above. An exchange and not a store, because two CPUs may arm it for the first time at
           once, each with a lock of its own. */
        if (__atomic_compare_exchange_n(&timer->queue, &found, queue, false, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED))
            return from;
        unlock_both(held);
    }
}

/* ---- timers; the caller holds the lock of the queue that the timer names ---- */

/* The queue whose CPU is in the timer's handler, or NULL. The check loads the name atomically: a CPU that
   arms the timer for the first time compares it, under the lock of its own queue. */
static struct timer_queue *runner_of(const struct timer *timer)
{
    CHECK_HELD(&named_queue(timer)->lock);
    /* Acquire pairs with the release in call(): once the handler is seen to have returned, its effects are
       visible. */
    if (timer->ran_on && __atomic_load_n(&timer->ran_on->running, __ATOMIC_ACQUIRE) == timer)
        return timer->ran_on;
    return NULL;
}

/* Return: whether it was armed. */
static bool disarm_locked(struct timer_queue *queue, struct timer *timer)
{
    CHECK_HELD(&queue->lock);
    if (!timer->is_armed)
        return false;
    /* In which heap it is matters only if it is the top. */
    heap_remove(queue->late == timer ? &queue->late : &queue->first, timer);
    timer->is_armed = false;
    return true;
}

static struct timer *earliest_locked(const struct timer_queue *queue)
{
    CHECK_HELD(&queue->lock);
    if (!queue->first || (queue->late && is_before(queue->late, queue->first)))
        return queue->late;
    return queue->first;
}

/* ---- the interface ---- */

void timer_queue_init(struct timer_queue *queue)
{
    *queue = (struct timer_queue){ .first = NULL };
    SPIN_INIT(&queue->lock, "timer queue", LOCK_TIMER_QUEUE);
}

void timer_init(struct timer *timer, timer_fn *run, void *context)
{
    *timer = (struct timer){ .run = run, .context = context };
}

struct timer_arming timer_queue_arm(struct timer_queue *queue, struct timer *timer, uint64_t deadline_ns)
{
    struct held held;
    struct timer_queue *from = lock_and_rename(queue, timer, &held);
    const struct timer *earliest = earliest_locked(queue);
    bool is_earliest = !queue->is_running && (!earliest || deadline_ns < earliest->deadline_ns);

    bool was_armed = from && disarm_locked(from, timer);
    timer->deadline_ns = deadline_ns;
    timer->sequence = queue->next_sequence++;
    timer->is_armed = true;
    insert(queue->is_running ? &queue->late : &queue->first, timer);

    unlock_both(&held);
    return (struct timer_arming){ was_armed, is_earliest };
}

struct timer_cancelling timer_cancel(struct timer *timer)
{
    struct timer_queue *queue = lock_queue_of(timer);
    if (!queue)
        return (struct timer_cancelling){ false, false };
    bool was_armed = disarm_locked(queue, timer);
    bool is_running = runner_of(timer) != NULL;
    spin_unlock(&queue->lock);
    return (struct timer_cancelling){ was_armed, is_running };
}

unsigned int timer_cancel_wait(struct timer *timer)
{
    VERIFY(local_irq_is_enabled());
    unsigned int count = 0;
    struct backoff backoff = BACKOFF_INIT;
    for (;;) {
        struct timer_queue *queue = lock_queue_of(timer);
        if (!queue)
            return count;
        count += disarm_locked(queue, timer);
        struct timer_queue *runner = runner_of(timer);
        spin_unlock(&queue->lock);
        if (!runner)
            return count;
        /* Without the lock, which the handler may need. Relaxed: runner_of() orders the next iteration. */
        while (__atomic_load_n(&runner->running, __ATOMIC_RELAXED) == timer)
            backoff_spin(&backoff);
    }
}

/* The next timer to call, taken off the queue and marked as running; NULL when none is due. */
static struct timer *take_due_locked(struct timer_queue *queue, uint64_t now_ns)
{
    CHECK_HELD(&queue->lock);
    struct timer *timer;
    while ((timer = queue->first) && timer->deadline_ns <= now_ns) {
        heap_remove(&queue->first, timer);
        if (runner_of(timer)) {
            insert(&queue->late, timer);
            continue;
        }
        timer->is_armed = false;
        timer->ran_on = queue;
        /* Relaxed: a reader has read ran_on under a lock that was taken after this one. */
        __atomic_store_n(&queue->running, timer, __ATOMIC_RELAXED);
        return timer;
    }
    return NULL;
}

/* Without the lock. The handler may free the timer. */
static void call(struct timer_queue *queue, struct timer *timer)
{
    timer->run(timer, timer->context);
    /* Release pairs with the acquire in runner_of(). */
    __atomic_store_n(&queue->running, NULL, __ATOMIC_RELEASE);
}

unsigned int timer_queue_run(struct timer_queue *queue, uint64_t now_ns)
{
    unsigned int count = 0;
    spin_lock(&queue->lock);
    VERIFY(!queue->is_running);
    queue->is_running = true;
    struct timer *timer;
    while ((timer = take_due_locked(queue, now_ns))) {
        spin_unlock(&queue->lock);
        call(queue, timer);
        count++;
        spin_lock(&queue->lock);
    }
    queue->is_running = false;
    queue->first = merge(queue->first, queue->late);
    queue->late = NULL;
    spin_unlock(&queue->lock);
    return count;
}

bool timer_queue_next(struct timer_queue *queue, uint64_t *deadline_ns)
{
    spin_lock(&queue->lock);
    const struct timer *earliest = earliest_locked(queue);
    if (earliest)
        *deadline_ns = earliest->deadline_ns;
    spin_unlock(&queue->lock);
    return earliest != NULL;
}

/* Inserts one into a sorted array of @count, which holds at most @capacity: the latest is dropped. */
static void insert_sorted(struct timer_armed *armed, size_t count, size_t capacity, struct timer_armed one)
{
    size_t at = count < capacity ? count : capacity;
    for (; at > 0 && armed[at - 1].deadline_ns > one.deadline_ns; at--)
        if (at < capacity)
            armed[at] = armed[at - 1];
    if (at < capacity)
        armed[at] = one;
}

size_t timer_queue_list(struct timer_queue *queue, struct timer_armed *armed, size_t capacity)
{
    size_t count = 0;
    spin_lock(&queue->lock);
    const struct timer *heaps[] = { queue->first, queue->late };
    for (unsigned int i = 0; i < ARRAY_LEN(heaps); i++)
        for (const struct timer *at = heaps[i]; at; at = next_in_heap(at))
            insert_sorted(armed, count++, capacity, (struct timer_armed){ at->deadline_ns, at->run });
    spin_unlock(&queue->lock);
    return count;
}

bool timer_queue_move_all(struct timer_queue *from, struct timer_queue *to)
{
    if (from == to)
        return false;
    struct held held = lock_both(from, to);
    const struct timer *earliest = earliest_locked(to);
    /* NOLINTNEXTLINE(analyzer-null-dereference): lock_both() takes NULL, and neither is here. */
    struct timer *moved = merge(from->first, from->late);
    bool is_earliest = moved && !to->is_running && (!earliest || moved->deadline_ns < earliest->deadline_ns);

    /* After all timers of @to. Adding a constant to each keeps their heap a heap. */
    for (struct timer *at = moved; at; at = next_in_heap(at)) {
        at->sequence += to->next_sequence;
        /* Relaxed, under both locks: see named_queue(). */
        __atomic_store_n(&at->queue, to, __ATOMIC_RELAXED);
    }
    struct timer **heap = to->is_running ? &to->late : &to->first;
    *heap = merge(*heap, moved);
    /* NOLINTNEXTLINE(analyzer-null-dereference): lock_both() takes NULL, and neither is here. */
    to->next_sequence += from->next_sequence;
    /* Reset: two queues moved to each other alternately would otherwise double their numbers each time. */
    from->next_sequence = 0;
    from->first = from->late = NULL;

    unlock_both(&held);
    return is_earliest;
}

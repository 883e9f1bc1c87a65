/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checked caches: what tells a bug in a caller from bad luck.
 *
 *   | red zone, `front` bytes | object | red zone, at least 16 bytes | struct trail |
 *
 * The rear red zone begins where the caller's request ended, to the byte. The trail is sealed: what overruns
 * the red zone overwrites the seal first, and nothing that the trail says is believed then. While the object
 * is free it is filled with POISON, and that it still is when it is handed out again proves that nobody wrote
 * to it after the free. A freed object waits in its cache's quarantine, first in, first out, so that a stale
 * pointer meets poison and not somebody's new object.
 *
 * These caches have no magazines: every request takes the slow path, and the common path knows
 * nothing of checks. Constructors run at each allocation, since poison destroys what they made.
 *
 * kmalloc()'s blocks of frames have the rear red zone and the trail, at the end of their last frame; nothing
 * stands before them, because they begin with a page. They have no quarantine.
 */
#include "slab_private.h"

#define FRONT_LEAST 16
#define REAR_LEAST  16
#define RED         0xbb
#define POISON      0xf5
#define FRESH       0xaa

#define QUARANTINE_MAX  32      /* objects */
#define QUARANTINE_SIZE KIB(64) /* bytes of a cache's objects, but one object in any case */

enum trail_state {
    TRAIL_FREE = 0x46524545,
    TRAIL_WAITS = 0x57414954, /* in quarantine */
    TRAIL_IN_USE = 0x55534544
};

struct trail {
    uint64_t seal; /* seal_of() */
    const void *allocated_from, *freed_from;
    uint32_t requested;
    uint32_t state; /* enum trail_state; atomic, so that of two frees at once one is the second */
};

struct quarantine {
    uint32_t size; /* constant */

    struct spinlock lock;
    /* guarded by lock: */
    uint32_t next, count; /* [next] is the oldest when it is full */
    void *objects[QUARANTINE_MAX];
};

static struct slab_cache quarantine_cache;
static struct slab_node quarantine_node;

void checked_init(void)
{
    if (slab_checks_new_caches)
        slab_cache_add_own(&quarantine_cache, &quarantine_node, "slab-quarantine", sizeof(struct quarantine));
}

/* ---- layout ---- */

static uint32_t trail_at(uint32_t object_size)
{
    return (uint32_t)align_up(object_size + REAR_LEAST, sizeof(uint64_t));
}

uint32_t checked_stride(uint32_t object_size, uint32_t alignment, uint32_t *front)
{
    *front = alignment > FRONT_LEAST ? alignment : FRONT_LEAST;
    return (uint32_t)align_up(*front + trail_at(object_size) + sizeof(struct trail),
                              alignment > sizeof(uint64_t) ? alignment : sizeof(uint64_t));
}

static struct trail *trail_of(const struct slab_cache *cache, const void *object)
{
    return (struct trail *)(uintptr_t)((const char *)object + trail_at(cache->object_size));
}

/* Of what does not change while an object is in use. */
static uint64_t seal_of(const struct trail *trail)
{
    uint64_t mixed =
        (uintptr_t)trail ^ (uintptr_t)trail->allocated_from << 7 ^ (uint64_t)trail->requested << 40;
    return mixed * 0x9e3779b97f4a7c15ull ^ 0x5a5a5a5aa5a5a5a5ull;
}

static void write_trail(struct trail *trail, const void *caller, size_t size_bytes, enum trail_state state)
{
    *trail = (struct trail){ .allocated_from = caller, .requested = (uint32_t)size_bytes, .state = state };
    trail->seal = seal_of(trail);
}

/* Whether nobody has written to it but this file. */
static bool is_sound(const struct trail *trail, size_t most)
{
    uint32_t state = __atomic_load_n(&trail->state, __ATOMIC_ACQUIRE);
    return trail->seal == seal_of(trail) && trail->requested <= most &&
           (state == TRAIL_FREE || state == TRAIL_WAITS || state == TRAIL_IN_USE);
}

static void fill(unsigned char *start, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        start[i] = value;
}

/* Return: the first byte that is not @value; NULL when all are. */
static const unsigned char *first_other(const unsigned char *start, size_t count, unsigned char value)
{
    for (size_t i = 0; i < count; i++)
        if (start[i] != value)
            return &start[i];
    return NULL;
}

/* ---- an object's life ---- */

void checked_fill_new(const struct slab_cache *cache, const struct slab *slab)
{
    for (unsigned int i = 0; i < cache->per_slab; i++) {
        void *object = slab->objects + i * cache->stride;
        fill(object, cache->object_size, POISON);
        write_trail(trail_of(cache, object), NULL, 0, TRAIL_FREE);
    }
}

void checked_hand_out(struct slab_cache *cache, void *object, size_t size_bytes, const void *caller)
{
    struct trail *trail = trail_of(cache, object);
    unsigned char *bytes = object;
    const unsigned char *written = first_other(bytes, cache->object_size, POISON);
    if (!is_sound(trail, cache->object_size))
        port_wrong("slab: %s: while object %p was free, what the checker keeps behind it was overwritten",
                   cache->name, object);
    else if (written)
        port_wrong(
            "slab: %s: byte %lu of object %p was written after it was freed from %pS; it had been allocated "
            "from %pS",
            cache->name, (unsigned long)(written - bytes), object, trail->freed_from, trail->allocated_from);
    fill(bytes - cache->front, cache->front, RED);
    fill(bytes, size_bytes, FRESH);
    fill(bytes + size_bytes, trail_at(cache->object_size) - size_bytes, RED);
    write_trail(trail, caller, size_bytes, TRAIL_IN_USE);
    if (cache->construct)
        cache->construct(object);
}

/* Return: false, and it was said, when a red zone was written to. */
static bool are_zones_red(const struct slab_cache *cache, const void *object, const struct trail *trail,
                          const void *caller)
{
    const unsigned char *bytes = object;
    const unsigned char *written = first_other(bytes - cache->front, cache->front, RED);
    if (!written)
        written = first_other(bytes + trail->requested, trail_at(cache->object_size) - trail->requested, RED);
    if (written)
        port_wrong("slab: %s: byte %ld of object %p, which has %u bytes, was written; allocated from %pS, "
                   "freed from %pS",
                   cache->name, (long)(written - bytes), object, trail->requested, trail->allocated_from,
                   caller);
    return !written;
}

static bool is_object(const struct slab_cache *cache, const void *object)
{
    unsigned int index;
    const struct slab *slab = slab_find(object);
    return slab && slab->cache == cache->number && slab_index(cache, slab, object, &index);
}

/* Return: the object that leaves the quarantine for @object; NULL when none does. */
static void *exchange(struct quarantine *quarantine, void *object)
{
    void *leaves = NULL;
    spin_lock(&quarantine->lock);
    if (quarantine->count == quarantine->size)
        leaves = quarantine->objects[quarantine->next];
    else
        quarantine->count++;
    quarantine->objects[quarantine->next] = object;
    quarantine->next = (quarantine->next + 1) % quarantine->size;
    spin_unlock(&quarantine->lock);
    return leaves;
}

void *checked_take_back(struct slab_cache *cache, void *object, const void *caller)
{
    if (!is_object(cache, object)) {
        port_wrong("slab: %s: %p was freed from %pS, but is not one of its objects", cache->name, object,
                   caller);
        return NULL;
    }
    struct trail *trail = trail_of(cache, object);
    uint32_t state = TRAIL_IN_USE;
    if (!is_sound(trail, cache->object_size)) {
        port_wrong("slab: %s: object %p was written far behind its end: the red zone and what the checker "
                   "keeps behind it "
                   "are overwritten; freed from %pS",
                   cache->name, object, caller);
        return NULL;
    }
    if (!__atomic_compare_exchange_n(&trail->state, &state, TRAIL_WAITS, false, __ATOMIC_ACQ_REL,
                                     __ATOMIC_RELAXED)) {
        port_wrong(
            "slab: %s: object %p was freed from %pS, but is free already: allocated from %pS, freed from %pS",
            cache->name, object, caller, trail->allocated_from, trail->freed_from);
        return NULL;
    }
    if (!are_zones_red(cache, object, trail, caller))
        return NULL; /* where port_wrong() returns, what was overrun is better not used again */
    trail->freed_from = caller;
    fill(object, cache->object_size, POISON);
    void *leaves = cache->quarantine ? exchange(cache->quarantine, object) : object;
    if (leaves)
        __atomic_store_n(&trail_of(cache, leaves)->state, TRAIL_FREE, __ATOMIC_RELEASE);
    return leaves;
}

size_t checked_requested(const struct slab_cache *cache, const void *object)
{
    const struct trail *trail = trail_of(cache, object);
    return is_sound(trail, cache->object_size) ? trail->requested : cache->object_size;
}

/* ---- blocks of frames ---- */

/* Of the red zone behind a block so much is filled. */
#define BLOCK_RED_MOST KIB(64)

static struct trail *trail_of_block(void *block, size_t block_bytes)
{
    return (struct trail *)(void *)((char *)block + block_bytes) - 1;
}

static size_t red_of_block(const struct trail *trail, const void *block, size_t size_bytes)
{
    size_t red = (size_t)((uintptr_t)trail - (uintptr_t)block) - size_bytes;
    return red < BLOCK_RED_MOST ? red : BLOCK_RED_MOST;
}

size_t checked_block_room(size_t size_bytes)
{
    return size_bytes + REAR_LEAST + sizeof(struct trail);
}

void checked_block_begin(void *block, size_t block_bytes, size_t size_bytes, const void *caller)
{
    struct trail *trail = trail_of_block(block, block_bytes);
    fill((unsigned char *)block + size_bytes, red_of_block(trail, block, size_bytes), RED);
    write_trail(trail, caller, size_bytes, TRAIL_IN_USE);
}

size_t checked_block_requested(void *block, size_t block_bytes)
{
    const struct trail *trail = trail_of_block(block, block_bytes);
    return is_sound(trail, block_bytes - sizeof(*trail)) ? trail->requested : block_bytes - sizeof(*trail);
}

bool checked_block_end(void *block, size_t block_bytes, const void *caller)
{
    const struct trail *trail = trail_of_block(block, block_bytes);
    if (!is_sound(trail, block_bytes - sizeof(*trail))) {
        port_wrong(
            "kmalloc: block %p was written far behind its end: what the checker keeps there is overwritten; "
            "freed from %pS",
            block, caller);
        return false;
    }
    const unsigned char *bytes = block, *behind = bytes + trail->requested;
    const unsigned char *written = first_other(behind, red_of_block(trail, block, trail->requested), RED);
    if (written)
        port_wrong("kmalloc: byte %lu of block %p, which has %u bytes, was written; allocated from %pS, "
                   "freed from %pS",
                   (unsigned long)(written - bytes), block, trail->requested, trail->allocated_from, caller);
    return !written;
}
/* ---- quarantine ---- */

void checked_begin(struct slab_cache *cache)
{
    cache->quarantine = cache->is_checked ? slab_take_one(&quarantine_cache) : NULL;
    if (!cache->quarantine)
        return;
    uint64_t size = QUARANTINE_SIZE / cache->stride;
    *cache->quarantine = (struct quarantine){
        .size = size == 0               ? 1
                : size < QUARANTINE_MAX ? (uint32_t)size
                                        : QUARANTINE_MAX,
    };
    SPIN_INIT(&cache->quarantine->lock, "slab quarantine", LOCK_SLAB_QUARANTINE, LOCK_POLICY_MM);
}

void checked_end(struct slab_cache *cache)
{
    if (cache->quarantine)
        slab_give(&quarantine_cache, (void *[]){ cache->quarantine }, 1, NULL);
    cache->quarantine = NULL;
}

struct spinlock *checked_lock(const struct slab_cache *cache)
{
    return cache->quarantine ? &cache->quarantine->lock : NULL;
}

void checked_drain(struct slab_cache *cache)
{
    struct quarantine *quarantine = cache->quarantine;
    void *objects[QUARANTINE_MAX];
    if (!quarantine)
        return;
    spin_lock(&quarantine->lock);
    unsigned int count = quarantine->count;
    for (unsigned int i = 0; i < count; i++)
        objects[i] = quarantine->objects[i];
    quarantine->count = quarantine->next = 0;
    spin_unlock(&quarantine->lock);
    for (unsigned int i = 0; i < count; i++)
        __atomic_store_n(&trail_of(cache, objects[i])->state, TRAIL_FREE, __ATOMIC_RELEASE);
    slab_give(cache, objects, count, __builtin_return_address(0));
}

uint64_t checked_count_quarantined(const struct slab_cache *cache)
{
    return cache->quarantine ? cache->quarantine->count : 0;
}

/* ---- who holds what ---- */

/* The holders of one walk. */
struct roll {
    struct slab_holder *holders;
    size_t capacity, count;
};

static void add_holder(struct roll *roll, const char *cache, const void *caller, uint64_t objects,
                       uint64_t bytes)
{
    struct slab_holder *holder = roll->holders, *end = roll->holders + roll->count;
    while (holder < end && (holder->cache != cache || holder->caller != caller))
        holder++;
    if (holder == end) {
        if (roll->count == roll->capacity)
            return;
        roll->count++;
        *holder = (struct slab_holder){ .cache = cache, .caller = caller };
    }
    holder->objects += objects;
    holder->bytes += bytes;
}

static void add_slabs(struct roll *roll, const struct slab_cache *cache, const struct list *slabs)
{
    list_for_each(link, slabs)
    {
        const struct slab *slab = container_of(link, struct slab, link);
        for (unsigned int i = 0; i < cache->per_slab; i++) {
            const struct trail *trail = trail_of(cache, slab->objects + i * cache->stride);
            if (__atomic_load_n(&trail->state, __ATOMIC_ACQUIRE) == TRAIL_IN_USE &&
                is_sound(trail, cache->object_size))
                add_holder(roll, cache->name, trail->allocated_from, 1, trail->requested);
        }
    }
}

static void add_cache(struct roll *roll, struct slab_cache *cache)
{
    struct slab_stats stats;
    if (!cache->is_checked) {
        slab_count(cache, &stats);
        if (stats.in_use > 0)
            add_holder(roll, cache->name, NULL, stats.in_use, stats.in_use * cache->object_size);
        return;
    }
    for (unsigned int node = 0; node < cache->node_count; node++) {
        spin_lock(&cache->nodes[node].lock);
        add_slabs(roll, cache, &cache->nodes[node].partial);
        add_slabs(roll, cache, &cache->nodes[node].full);
        spin_unlock(&cache->nodes[node].lock);
    }
}

static void sort_by_bytes(struct slab_holder *holders, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct slab_holder holder = holders[i];
        size_t at = i;
        for (; at > 0 && holders[at - 1].bytes < holder.bytes; at--)
            holders[at] = holders[at - 1];
        holders[at] = holder;
    }
}

size_t slab_holders(struct slab_holder *holders, size_t capacity)
{
    struct roll roll = { .holders = holders, .capacity = capacity };
    struct slab_cache *cache;
    for (struct slab_walk walk = { .next = 0 }; (cache = slab_visit(&walk)) != NULL;)
        add_cache(&roll, cache);
    sort_by_bytes(holders, roll.count);
    return roll.count;
}

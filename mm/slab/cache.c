/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Caches: laid out, created, destroyed, counted.
 *
 * The layout of a cache is computed once: the order of its slabs, the number of objects in each, the offset
 * of the first one, and the size limit of magazines. The order is the smallest at which a slab holds 8
 * objects and wastes at most an eighth of itself; at order 3, fewer than 8 will do. The bytes left over at a
 * slab's end are used for colouring (Bonwick): objects begin at different cache lines in different slabs.
 *
 * slab_cache_destroy() first hides the cache from new walks (table.c) and waits for those that have reached
 * it. Then it empties the magazines of all CPUs, which a walk empties as well. Only then does it free the
 * cache's number, because the number is the index of the cache's magazines on each CPU.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/sync/context.h>

#include "slab_private.h"

#define MAX_ORDER    4 /* 64 KiB: see the reciprocal in slab_layer.c */
#define GOOD_ORDER   3
#define GOOD_OBJECTS 8
#define WASTE_PART   8
#define OBJECT_LEAST 16 /* PAGE_SIZE / SLAB_MAX_OBJECTS */
#define CACHE_LINE   64

/* Limits of the filled magazines in a depot: some thousands of small objects, and of larger ones no more than
   a part of memory. */
#define DEPOT_MOST    64
#define DEPOT_PER_CPU 2
#define DEPOT_LEAST   2
#define DEPOT_PART    64

/* struct slab_cache and its nodes are allocated from this cache. */
static struct slab_cache cache_cache;

#ifdef ASHLAR_CHECKED
bool slab_checks_new_caches = true;
#else
bool slab_checks_new_caches = false;
#endif

/* ---- the shape ---- */

static uint32_t header_of(const struct slab_cache *cache)
{
    return cache->is_inside ? (uint32_t)align_up(sizeof(struct slab), cache->alignment) : 0;
}

static uint32_t objects_at(const struct slab_cache *cache, unsigned int order)
{
    uint32_t count = (uint32_t)((PAGE_SIZE << order) - header_of(cache)) / cache->stride;
    return count < SLAB_MAX_OBJECTS ? count : SLAB_MAX_OBJECTS;
}

static uint32_t waste_at(const struct slab_cache *cache, unsigned int order)
{
    return (uint32_t)(PAGE_SIZE << order) - header_of(cache) - objects_at(cache, order) * cache->stride;
}

static unsigned int best_order(const struct slab_cache *cache)
{
    unsigned int best = MAX_ORDER;
    for (unsigned int order = MAX_ORDER + 1; order-- > 0;) {
        uint32_t count = objects_at(cache, order);
        if (count == 0)
            break;
        bool is_frugal = waste_at(cache, order) * WASTE_PART <= PAGE_SIZE << order;
        if (is_frugal && (count >= GOOD_OBJECTS || order >= GOOD_ORDER))
            best = order;
    }
    return best;
}

/* Magazines by object size and by how much memory there is for each CPU: what a CPU keeps of one
   cache, two magazines, is a small part of that. */
static void size_magazines(struct slab_cache *cache)
{
    uint64_t memory = buddy_managed_frames() * PAGE_SIZE, share = memory / port_cpu_count();
    unsigned int most = cache->stride <= 256 ? 4 : cache->stride <= 512 ? 3 : cache->stride <= 2048 ? 2 : 1;
    unsigned int begin = share < MIB(32)    ? 0
                         : share < MIB(128) ? 1
                         : share < MIB(256) ? 2
                         : share < GIB(2)   ? 3
                                            : 4;
    cache->magazine_most = (uint8_t)most;
    cache->magazine_class = cache->magazine_usual = (uint8_t)(begin < most ? begin : most);

    uint64_t limit = memory / DEPOT_PART / (magazine_capacity(cache) * cache->stride);
    uint64_t limit_most = DEPOT_MOST + port_cpu_count() * DEPOT_PER_CPU;
    cache->depot_limit =
        limit < DEPOT_LEAST ? DEPOT_LEAST : (uint32_t)(limit < limit_most ? limit : limit_most);
}

static void lay_out(struct slab_cache *cache, size_t object_size, size_t alignment)
{
    cache->object_size = (uint32_t)object_size;
    cache->alignment = (uint32_t)alignment;
    cache->stride = (uint32_t)align_up(object_size > OBJECT_LEAST ? object_size : OBJECT_LEAST, alignment);
    cache->front = 0;
    if (cache->is_checked)
        cache->stride = checked_stride(cache->object_size, cache->alignment, &cache->front);
    cache->reciprocal = (uint32_t)((BIT(32) + cache->stride - 1) / cache->stride);
    cache->order = (uint8_t)best_order(cache);
    cache->per_slab = (uint16_t)objects_at(cache, cache->order);
    cache->colour_step = cache->alignment > CACHE_LINE ? cache->alignment : CACHE_LINE;
    cache->colour_count = waste_at(cache, cache->order) / cache->colour_step + 1;
    size_magazines(cache);
}

static void init_nodes(struct slab_cache *cache, struct slab_node *nodes, unsigned int count)
{
    cache->nodes = nodes;
    cache->node_count = (uint8_t)count;
    for (unsigned int i = 0; i < count; i++) {
        nodes[i] = (struct slab_node){ .slabs = 0 };
        SPIN_INIT(&nodes[i].lock, "slab node", LOCK_SLAB_NODE, LOCK_POLICY_MM);
        SPIN_INIT(&nodes[i].depot_lock, "slab depot", LOCK_SLAB_DEPOT, LOCK_POLICY_MM);
        list_init(&nodes[i].partial);
        list_init(&nodes[i].full);
    }
}

static void set_name(char *to, const char *name)
{
    size_t i = 0;
    for (; i < SLAB_NAME_MAX && name[i] != '\0'; i++)
        to[i] = name[i];
    to[i] = '\0';
}

/* ---- the table ---- */

/* Return: false when the table is full. */
static bool enter(struct slab_cache *cache)
{
    bool is_entered = false;
    spin_lock(&slab_table_lock);
    for (uint32_t number = 0; number < SLAB_CACHES_MAX && !is_entered; number++) {
        if (slab_caches[number])
            continue;
        cache->number = number;
        cache->slot = SLAB_SLOT(number);
        for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++)
            magazine_attach(cache, cpu);
        slab_caches[number] = cache;
        is_entered = true;
    }
    spin_unlock(&slab_table_lock);
    return is_entered;
}

static void set_hidden(struct slab_cache *cache, bool is_hidden)
{
    spin_lock(&slab_table_lock);
    cache->is_hidden = is_hidden;
    spin_unlock(&slab_table_lock);
}

/* Hides the cache from new walks and waits until no walk is at it. */
static void hide(struct slab_cache *cache)
{
    set_hidden(cache, true);
    /* Acquire pairs with the release in slab_visit_end(): what the walks did here is done. */
    while (__atomic_load_n(&cache->walkers, __ATOMIC_ACQUIRE) > 0)
        port_pause();
}

static void leave(struct slab_cache *cache)
{
    spin_lock(&slab_table_lock);
    slab_caches[cache->number] = NULL;
    spin_unlock(&slab_table_lock);
}

/* ---- made and ended ---- */

struct slab_cache *slab_cache_create(const char *name, size_t object_size, size_t alignment,
                                     void (*construct)(void *object))
{
    CHECK_MAY_ALLOCATE();
    if (alignment == 0)
        alignment = sizeof(uint64_t);
    if (object_size == 0 || object_size > SLAB_OBJECT_MAX || !is_power_of_two(alignment) ||
        alignment > PAGE_SIZE)
        return NULL;
    if (alignment < sizeof(uint64_t))
        alignment = sizeof(uint64_t);

    struct slab_cache *cache = slab_take_one(&cache_cache);
    if (!cache)
        return NULL;
    *cache = (struct slab_cache){
        .construct = construct,
        .is_checked = slab_checks_new_caches,
        .is_direct = slab_checks_new_caches,
    };
    set_name(cache->name, name);
    init_nodes(cache, (struct slab_node *)(cache + 1), buddy_node_count());
    lay_out(cache, object_size, alignment);
    checked_begin(cache);
    if (!enter(cache)) {
        checked_end(cache);
        slab_give(&cache_cache, (void *[]){ cache }, 1, NULL);
        return NULL;
    }
    return cache;
}

static uint64_t objects_in_slabs(const struct slab_cache *cache, uint64_t *free)
{
    uint64_t slabs = 0;
    *free = 0;
    for (unsigned int node = 0; node < cache->node_count; node++) {
        slabs += cache->nodes[node].slabs;
        *free += cache->nodes[node].free;
    }
    return slabs * cache->per_slab;
}

status_t slab_cache_destroy(struct slab_cache *cache)
{
    CHECK_MAY_ALLOCATE();
    uint64_t free;
    hide(cache);
    checked_drain(cache);
    magazine_drain(cache, true, UINT64_MAX);
    uint64_t used = objects_in_slabs(cache, &free) - free;
    if (used > 0) {
        set_hidden(cache, false);
        port_report("slab: %s cannot end: %lu of its objects are in use", cache->name, used);
        return STATUS_BUSY;
    }
    leave(cache);
    slab_release_empty(cache);
    checked_end(cache);
    slab_give(&cache_cache, (void *[]){ cache }, 1, NULL);
    return STATUS_OK;
}

/* ---- the allocator's own caches ---- */

/* The allocator's own caches are static, have one node, keep struct slab inside their slabs and have no
   magazines, so that an allocation from them needs no other cache. */
static void add_own(struct slab_cache *cache, struct slab_node *node, const char *name, size_t object_size)
{
    *cache = (struct slab_cache){ .is_inside = true, .is_direct = true };
    set_name(cache->name, name);
    init_nodes(cache, node, 1);
    lay_out(cache, object_size, CACHE_LINE);
    VERIFY(enter(cache));
}

void slab_cache_init(void)
{
    static struct slab_node slab_node, cache_node, quarantine_node, magazine_nodes[MAGAZINE_CLASSES];
    static const char *const magazine_names[] = { "magazine-128", "magazine-256", "magazine-512",
                                                  "magazine-1024", "magazine-2048" };
    STATIC_ASSERT(ARRAY_LEN(magazine_names) == MAGAZINE_CLASSES, "each size class of magazines has a name");
    for (size_t i = 0; i < SLAB_CACHES_MAX; i++)
        slab_caches[i] = NULL;
    add_own(&slab_slab_cache, &slab_node, "slab", sizeof(struct slab));
    add_own(&cache_cache, &cache_node, "slab-cache",
            sizeof(struct slab_cache) + buddy_node_count() * sizeof(struct slab_node));
    for (unsigned int i = 0; i < MAGAZINE_CLASSES; i++)
        add_own(&magazine_caches[i], &magazine_nodes[i], magazine_names[i], 128u << i);
    if (slab_checks_new_caches)
        add_own(&quarantine_cache, &quarantine_node, "slab-quarantine", sizeof(struct quarantine));
}

void slab_prepare_cpu(unsigned int cpu)
{
    spin_lock(&slab_table_lock);
    for (uint32_t number = 0; number < SLAB_CACHES_MAX; number++)
        if (slab_caches[number])
            magazine_attach(slab_caches[number], cpu);
    spin_unlock(&slab_table_lock);
}

/* ---- counting ---- */

void slab_count(struct slab_cache *cache, struct slab_stats *stats)
{
    *stats = (struct slab_stats){
        .object_size = cache->object_size,
        .stride = cache->stride,
        .per_slab = cache->per_slab,
        .order = cache->order,
        .cached = magazine_count_objects(cache) + checked_count_quarantined(cache),
        .magazine = cache->is_direct ? 0 : magazine_capacity(cache),
        .is_checked = cache->is_checked,
    };
    set_name(stats->name, cache->name);
    uint64_t objects = objects_in_slabs(cache, &stats->free);
    stats->slabs = objects / cache->per_slab;
    stats->in_use = objects - stats->free - stats->cached;
}

bool slab_next_stats(size_t *cursor, struct slab_stats *stats)
{
    struct slab_walk walk = { .next = *cursor };
    struct slab_cache *cache = slab_visit(&walk);
    if (cache)
        slab_count(cache, stats);
    slab_visit_end(&walk);
    *cursor = walk.next;
    return cache != NULL;
}

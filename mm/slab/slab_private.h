/* SPDX-License-Identifier: BSD-2-Clause */
#pragma once
/*
 * What the files of the slab allocator share. Each calls only those above it in this list:
 *
 *   redzone.c     red zones and trails of checked objects
 *   table.c       all caches, and walks over them
 *   slab_check.c  checked builds: what is true of slabs and depots
 *   slab_layer.c  objects in and out of frames
 *   depot.c       whole magazines between CPUs and slabs
 *   magazine.c    per-CPU magazines: the common path and what it needs when one is empty or full
 *   debug.c       checked caches: quarantine and checks
 *   cache.c       caches laid out, created, destroyed, counted
 *   holders.c     objects in use, by caller
 *   reap.c        memory pressure: slab_reap(), slab_collect(), the shrinker
 *   slab.c        the functions of slab.h
 *   kmalloc.c     memory of any size; fault_arm.c: injected faults
 *
 * Context of all: as slab_alloc().
 */
#include <ashlar/bits.h>
#include <ashlar/list.h>
#include <ashlar/mm/port.h>
#include <ashlar/mm/slab.h>

#define SLAB_MAX_OBJECTS 256u
#define QUARANTINE_MAX   32 /* objects */

/*
 * A slab: 2^order frames cut into objects. 64 bytes, outside the slab except in the allocator's own caches. A
 * set bit in @free is an object that is free in the slab. The bit of an object that is in use, or in a
 * magazine, is clear: the CPU that cleared it owns the object. Guarded by its node's lock.
 */
struct slab {
    struct list link; /* in its node's partial or full list */
    char *objects;    /* the first one */
    uint64_t free[SLAB_MAX_OBJECTS / 64];
    uint16_t cache; /* its number */
    uint16_t free_count;
    uint8_t node;
    uint8_t order;
    uint8_t frame_flags; /* of the block's head, from when it was allocated */
};
STATIC_ASSERT(sizeof(struct slab) == 64, "a frame descriptor's index counts slabs of 64 bytes");

/* Free objects: pushed and popped at the end. slots[0] is NULL, where popping stops. */
struct magazine {
    struct magazine *next; /* in a depot */
    uint32_t count;        /* not kept while it is a CPU's loaded one */
    uint16_t capacity;
    uint16_t size_class; /* MAGAZINE_CLASSES for empty_magazine */
    void *slots[];
};
#define MAGAZINE_CLASSES 5 /* of 128, 256, 512, 1024, 2048 bytes */

/* A depot's magazines: with objects, and without. */
enum magazine_list { FILLED, EMPTIED, MAGAZINE_LISTS };

/* Freed objects of a checked cache that are kept from reuse for a while. */
struct quarantine {
    uint32_t size; /* constant */

    struct spinlock lock;
    /* guarded by lock: */
    uint32_t next, count; /* [next] is the oldest when it is full */
    void *objects[QUARANTINE_MAX];
};

/* A cache's state on one NUMA node: one cache line for the slabs and one for the depot, no more, because
   every cache has it for every node. */
struct slab_node {
    struct spinlock lock;
    /* guarded by lock: */
    struct list partial; /* slabs with a free object; empty ones last */
    struct list full;
    uint64_t free; /* objects in slabs */
    uint32_t slabs,
        empty; /* slabs, below 2^32 as long as a node is below 16 TiB; those without an object in use */

    struct spinlock depot_lock ALIGNED(64);
    /* guarded by depot_lock: */
    struct magazine *first[MAGAZINE_LISTS];
    uint32_t count[MAGAZINE_LISTS];
    uint32_t least[MAGAZINE_LISTS];    /* low-water mark since the last update: that many were not used */
    uint32_t unneeded[MAGAZINE_LISTS]; /* of them, those still to be freed */
    uint32_t objects;                  /* in all of them */
    uint16_t exchanges;                /* since the last update */
    uint16_t contended;                /* of them, how many waited for the lock */
} ALIGNED(64);
/* A hosted lock may be larger. */
STATIC_ASSERT(sizeof(struct spinlock) != 16 || sizeof(struct slab_node) == 128, "a node is two cache lines");

struct slab_cache {
    /* constant after creation: */
    uint32_t slot; /* SLAB_SLOT(number) */
    uint32_t number;
    uint32_t stride, reciprocal; /* of one object; 2^32 / stride, rounded up */
    uint16_t per_slab;
    uint8_t order;
    bool is_inside;  /* struct slab is at the slab's own beginning */
    bool is_direct;  /* has no magazines */
    bool is_checked; /* red zones and so on; then is_direct, too */
    uint32_t front;  /* bytes of red zone before an object */
    uint32_t object_size, alignment;
    uint32_t colour_step, colour_count;
    void (*construct)(void *object);
    struct quarantine *quarantine;         /* checked caches: freed objects that wait; NULL: none */
    uint32_t depot_limit;                  /* filled magazines a node keeps */
    uint8_t magazine_usual, magazine_most; /* size classes */
    uint8_t node_count;
    char name[SLAB_NAME_MAX + 1];

    /* Changed without a lock; any value in its range does no harm. */
    uint32_t next_colour;
    uint8_t magazine_class; /* of new magazines */

    uint32_t walkers; /* atomic: walks that are at this cache; its destruction waits for them */
    bool is_hidden;   /* guarded by slab_table_lock: it is being destroyed, and walks pass it over */

    struct slab_node *nodes;
} ALIGNED(64);

/* ---- table.c ---- */

extern struct spinlock slab_table_lock;
/* guarded by slab_table_lock: writes; the place of a cache that is in use is read without it. */
extern struct slab_cache *slab_caches[SLAB_CACHES_MAX]; /* by number; NULL: none */

/**
 * slab_visit() - walk over all caches, also while others create and destroy some.
 * @walk: all zero to begin with.
 *
 * Return: the next cache, which stays until the next step or slab_visit_end(); NULL after the last.
 */
struct slab_walk {
    size_t next;
    struct slab_cache *visited;
};
struct slab_cache *slab_visit(struct slab_walk *walk);
void slab_visit_end(struct slab_walk *walk);

/* ---- slab_check.c ---- */

/* Each checks by CHECK() what a change of the state has to preserve; in other builds it does nothing. */
#ifdef ASHLAR_CHECKED
/* One slab: its bits, its count of free objects, its neighbours in the list. @home: its node. */
void slab_check_locked(const struct slab_cache *cache, const struct slab_node *home, const struct slab *slab);
/* A node's counts of slabs and free objects, against the ends of its two lists of slabs. */
void slab_check_node_locked(const struct slab_cache *cache, const struct slab_node *home);
/* A magazine that is no CPU's loaded one. Context: the lock of its depot held, or it is the caller's. */
void magazine_check(const struct magazine *magazine);
/* A depot's counts, against the first magazine of each list. */
void depot_check_locked(const struct slab_node *home);
#else
#define slab_check_locked(cache, home, slab) ((void)(cache), (void)(home), (void)(slab))
#define slab_check_node_locked(cache, home)  ((void)(cache), (void)(home))
#define magazine_check(magazine)             ((void)(magazine))
#define depot_check_locked(home)             ((void)(home))
#endif

/* ---- slab_layer.c ---- */

/* The cache that struct slab comes from. */
extern struct slab_cache slab_slab_cache;

/* The node whose slabs and depot the calling CPU uses first. */
unsigned int slab_home_of(const struct slab_cache *cache);

/* The slab that holds @object; NULL when no slab does. Any pointer. */
struct slab *slab_find(const void *object);

/* Number of @object in its slab; false when it is not the start of one. */
bool slab_index(const struct slab_cache *cache, const struct slab *slab, const void *object,
                unsigned int *index);

/**
 * slab_take() - take free objects out of a node's slabs.
 * @objects: receives them, so that the last is at the lowest address: they are popped from the end.
 *
 * Return: how many there were, 0 .. count.
 */
unsigned int slab_take(struct slab_cache *cache, unsigned int node, void **objects, unsigned int count);

/**
 * slab_give() - give objects back to their slabs, and empty slabs back that are too many.
 * @caller: for reports of wrong ones; NULL: unknown, they were freed some time ago.
 *
 * Return: frames that went back.
 */
uint64_t slab_give(struct slab_cache *cache, void *const *objects, unsigned int count, const void *caller);

/* Makes one more slab. @node: receives where it is. Return: false when there is no memory. */
bool slab_grow(struct slab_cache *cache, unsigned int *node);

/* slab_take_one(): takes one object without a magazine, growing the cache if need be; slab_take_any(): from
   any node, without growing. Return: NULL when there is none. */
void *slab_take_one(struct slab_cache *cache);
void *slab_take_any(struct slab_cache *cache);

/* Gives empty slabs back. Return: frames. */
uint64_t slab_release_empty(struct slab_cache *cache);

/* ---- depot.c ---- */

/* Where magazines come from, by size class. */
extern struct slab_cache magazine_caches[MAGAZINE_CLASSES];

/* What a CPU without a magazine has loaded: empty and full at once. */
extern struct magazine empty_magazine;

/* Return: NULL when there is no memory. */
struct magazine *magazine_new(struct slab_cache *cache);
/* @magazine: empty, and no CPU's. */
void magazine_end(struct magazine *magazine);

/* New magazines get larger (+1) or smaller (-1) by a size class, within their limits; and what one would
   hold. */
void magazine_resize(struct slab_cache *cache, int step);
unsigned int magazine_capacity(const struct slab_cache *cache);

enum depot_request { DEPOT_ONLY_GIVE, DEPOT_EMPTIED, DEPOT_FILLED };

/**
 * depot_exchange() - give a node's depot a magazine that no CPU has any more, and take one.
 * @given: or empty_magazine. Its objects may be any node's.
 *
 * Return: a magazine as requested; NULL when there is none. With DEPOT_EMPTIED it may be @given, when the
 * depot has enough filled ones: not full any more, and not empty.
 * Cost: a few dozen objects given back to slabs.
 */
struct magazine *depot_exchange(struct slab_cache *cache, unsigned int node, struct magazine *given,
                                enum depot_request request);
/* The same for one that is only given. */
void depot_put(struct slab_cache *cache, struct magazine *magazine);

/**
 * depot_put_unneeded() - give this CPU's node's depot magazines that are to be trimmed.
 * @take: called under the depot's lock until it returns empty_magazine.
 * @may_wait: for the lock.
 *
 * Return: false when it may not wait and the lock is taken; nothing was done then.
 */
bool depot_put_unneeded(struct slab_cache *cache, struct magazine *(*take)(unsigned int number),
                        bool may_wait);

/* Gives back empty slabs, then what the depots hold, until @frames went back; UINT64_MAX: all. Return: how
   many did. */
uint64_t depot_give_back(struct slab_cache *cache, uint64_t frames);

uint64_t depot_count_objects(const struct slab_cache *cache);

/* ---- magazine.c ---- */

/* Resets a CPU's magazines of a cache to empty_magazine. */
void magazine_attach(const struct slab_cache *cache, unsigned int cpu);

/* Makes each CPU put its magazines into the depots on its next slow path. */
void magazine_raise_pressure(void);

/* Gives back what this CPU's magazines and the depots hold, until @frames went back; with @all_cpus, what all
   hold: the cache is not in use. Return: how many did. */
uint64_t magazine_drain(struct slab_cache *cache, bool all_cpus, uint64_t frames);

/* Objects outside slabs that are free. */
uint64_t magazine_count_objects(const struct slab_cache *cache);

/* The epoch that this CPU has handled, and its progress. An interrupt may handle it meanwhile: then a cache
   is emptied twice, or not before the next epoch. */
struct slab_pressure {
    uint32_t epoch;
    uint32_t next_cache; /* 0: all of them are done */
};
extern PORT_PER_CPU(struct slab_pressure, slab_handled_pressure);
extern uint32_t slab_pressure_epoch; /* atomic; magazine_raise_pressure() raises it */

/* Whether this CPU has not yet handled an epoch of magazine_raise_pressure(). Inline, because each exchange
   of a magazine tests it. */
static inline bool magazine_is_under_pressure(void)
{
    return PORT_MINE(slab_handled_pressure).epoch !=
               __atomic_load_n(&slab_pressure_epoch, __ATOMIC_RELAXED) ||
           PORT_MINE(slab_handled_pressure).next_cache != 0;
}

/* Empties the magazines of a few caches. */
void magazine_handle_pressure(void);

/* Puts this CPU's magazines of all caches into the depots. */
void magazine_give_up_all(void);

/* Has the other CPUs put their magazines of one cache into the depots. @call_all: as for slab_collect().
   Return: false, and no CPU was called, when none has any. */
bool magazine_collect(struct slab_cache *cache,
                      void (*call_all)(void (*function)(void *argument), void *argument));

/* When the loaded magazine is empty, or full. magazine_alloc() returns NULL when there is no memory. */
void *magazine_alloc(struct slab_cache *cache);
void magazine_free(struct slab_cache *cache, void *object, const void *caller);

/* This CPU's two magazines of each cache. Changed pinned. */
struct magazine_pairs {
    struct magazine_pair {
        struct magazine *loaded, *previous;
    } of[SLAB_CACHES_MAX];
};
extern PORT_PER_CPU(struct magazine_pairs, magazine_pairs);

/* This CPU's loaded magazines, by cache: the next object to pop, and where pushing ends. */
struct slab_stacks {
    struct port_stack of[SLAB_CACHES_MAX];
};
extern PORT_PER_CPU(struct slab_stacks, slab_stacks);

/* Common paths identify a cache by its slot: its number times the size of a stack, ready to be added. */
#define SLAB_SLOT(number)     ((uint32_t)((number) * sizeof(struct port_stack)))
#define SLAB_SLOT_CACHE(slot) (slab_caches[(slot) / sizeof(struct port_stack)])
STATIC_ASSERT(SLAB_SLOT(SLAB_CACHES_MAX) <= UINT16_MAX + 1, "a frame's flags hold a slot");

/* The common path of all allocations. Return: NULL when the loaded magazine is empty. */
static ALWAYS_INLINE void *magazine_pop(size_t slot)
{
    return PORT_STACK_POP_AT(slab_stacks, slot);
}

/* Return: false when the loaded magazine is full. */
static ALWAYS_INLINE bool magazine_push(size_t slot, void *object)
{
    return PORT_STACK_PUSH_AT(slab_stacks, slot, object);
}

/* ---- cache.c ---- */

/* Creates the allocator's own caches. Context: once. */
void slab_cache_init(void);

/* Fills in a cache's statistics. */
void slab_count(struct slab_cache *cache, struct slab_stats *stats);

/* ---- reap.c ---- */

void slab_reap_init(void);

/* ---- slab.c ---- */

/* The slow halves of slab_alloc() and slab_free(), which kmalloc uses, too. */
void *slab_alloc_slow(struct slab_cache *cache, size_t size_bytes, const void *caller);
void slab_free_slow(struct slab_cache *cache, void *object, const void *caller);

/* ---- redzone.c ---- */

/* What a checked object takes, and how much of it lies before the object. */
uint32_t checked_stride(uint32_t object_size, uint32_t alignment, uint32_t *front);

/* A new slab's objects look as if they had been freed. */
void checked_fill_new(const struct slab_cache *cache, const struct slab *slab);

/* ---- debug.c ---- */

extern struct slab_cache quarantine_cache;

/* Creates a checked cache's quarantine, if there is memory for one; destroys it. */
void checked_begin(struct slab_cache *cache);
void checked_end(struct slab_cache *cache);

/* Prepares an object from a slab for its caller. Reports one that was written to after it was freed. */
void checked_hand_out(struct slab_cache *cache, void *object, size_t size_bytes, const void *caller);

/* Checks an object that its caller frees, and puts it into quarantine. Return: the object that leaves
   quarantine for it, or NULL. Reports misuse. */
void *checked_take_back(struct slab_cache *cache, void *object, const void *caller);

/* Returns all objects in quarantine to their slabs. */
void checked_drain(struct slab_cache *cache);
uint64_t checked_count_quarantined(const struct slab_cache *cache);

/* The quarantine's lock; NULL when there is none. For a caller that needs all locks. */
struct spinlock *checked_lock(const struct slab_cache *cache);

/* The size that @object of a checked cache was requested with; all it can hold if that is no longer known. */
size_t checked_requested(const struct slab_cache *cache, const void *object);

/* Checked blocks of frames, which kmalloc hands out. @block_bytes: all of a block; @size_bytes: what @caller
   requested of it. */

/* Return: how many bytes a block must have at least. */
size_t checked_block_size(size_t size_bytes);

/* Prepares a block for its caller. */
void checked_block_begin(void *block, size_t block_bytes, size_t size_bytes, const void *caller);

/* The size that a block was requested with; all it can hold if that is no longer known. */
size_t checked_block_requested(void *block, size_t block_bytes);

/* Checks a block that @caller frees. Return: false, and it was reported, when it was overrun. */
bool checked_block_end(void *block, size_t block_bytes, const void *caller);

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Depots: whole magazines between CPUs and slabs, one depot for each cache and NUMA node.
 *
 * The size of a depot follows its use: after every LOOK_AFTER exchanges, as many magazines as the low-water
 * mark of its lists are marked as unneeded, because that many were not used in the interval. The number of
 * filled ones is limited. When the depot's lock is contended too often, new magazines are made larger, so
 * that they are exchanged less often; memory pressure makes them smaller, until it is over. A remote-node
 * object goes back into its slab, and so to its home node.
 *
 * Any caller may have to return objects to slabs, which takes time. So an exchange returns at most GIVE_MOST,
 * and on a machine with several nodes as many remote ones. It takes up to GIVE_MOST out of an unneeded
 * magazine and leaves the rest to the next exchange. A CPU that brings a full magazine to a depot at its
 * limit gets the same magazine back with up to GIVE_MOST slots free, so a depot does not grow, however long a
 * caller frees.
 *
 * Magazines are objects of the allocator's own caches, which have no magazines: that ends the recursion.
 *
 * The lock of a depot is held for a few dozen instructions, and no other lock is taken under it.
 */
#include <ashlar/mm/buddy.h>

#include "slab_private.h"

/* Exchanges from one update of a depot's low-water marks to the next. */
#define LOOK_AFTER     512
/* A lock that is contended in one of so many exchanges is contended too often. */
#define CONTENDED_PART 8
/* The most objects that give_some(), or return_remote_objects(), returns to slabs in one call. */
#define GIVE_MOST      16

struct magazine empty_magazine = { .size_class = MAGAZINE_CLASSES, .slots = { NULL } };

struct slab_cache magazine_caches[MAGAZINE_CLASSES];

/* ---- magazines ---- */

static uint16_t capacity_of(unsigned int size_class)
{
    size_t slots = ((128u << size_class) - sizeof(struct magazine)) / sizeof(void *);
    return (uint16_t)(slots - 1); /* slot 0 */
}

static unsigned int current_class(const struct slab_cache *cache)
{
    return __atomic_load_n(&cache->magazine_class, __ATOMIC_RELAXED);
}

unsigned int magazine_capacity(const struct slab_cache *cache)
{
    return capacity_of(current_class(cache));
}

void magazine_resize(struct slab_cache *cache, int step)
{
    int size_class = (int)current_class(cache) + step;
    if (size_class >= 0 && size_class <= cache->magazine_most)
        __atomic_store_n(&cache->magazine_class, (uint8_t)size_class, __ATOMIC_RELAXED);
}

struct magazine *magazine_new(struct slab_cache *cache)
{
    unsigned int size_class = current_class(cache);
    struct magazine *magazine = slab_take_one(&magazine_caches[size_class]);
    if (!magazine)
        return NULL;
    *magazine = (struct magazine){ .capacity = capacity_of(size_class), .size_class = (uint16_t)size_class };
    magazine->slots[0] = NULL;
    return magazine;
}

void magazine_end(struct magazine *magazine)
{
    slab_give(&magazine_caches[magazine->size_class], (void *[]){ magazine }, 1, NULL);
}

/* Returns objects from the magazine's top to slabs: half of GIVE_MOST, then as many again, unless the first
   half has freed slabs, which takes longer. Return: frames that went back. */
static uint64_t give_some(struct slab_cache *cache, struct magazine *magazine)
{
    uint64_t frames = 0;
    for (unsigned int half = 0; half < 2 && frames == 0 && magazine->count > 0; half++) {
        uint32_t some = magazine->count < GIVE_MOST / 2 ? magazine->count : GIVE_MOST / 2;
        magazine->count -= some;
        frames = slab_give(cache, magazine->slots + 1 + magazine->count, some, NULL);
    }
    return frames;
}

/* ---- lists ---- */

/* Read without the lock, too, as a hint. */
static void set_unneeded_locked(struct slab_node *home, enum magazine_list list, uint32_t unneeded)
{
    CHECK_HELD(&home->depot_lock);
    uint32_t most = home->count[list];
    __atomic_store_n(&home->unneeded[list], unneeded < most ? unneeded : most, __ATOMIC_RELAXED);
}

static void push_locked(struct slab_node *home, enum magazine_list list, struct magazine *magazine)
{
    CHECK_HELD(&home->depot_lock);
    magazine_check(magazine);
    magazine->next = home->first[list];
    home->first[list] = magazine;
    home->count[list]++;
    home->objects += magazine->count;
    depot_check_locked(home);
}

static struct magazine *pop_locked(struct slab_node *home, enum magazine_list list)
{
    CHECK_HELD(&home->depot_lock);
    struct magazine *magazine = home->first[list];
    if (!magazine)
        return NULL;
    home->first[list] = magazine->next;
    uint32_t count = --home->count[list];
    home->objects -= magazine->count;
    if (count < home->least[list])
        home->least[list] = count;
    if (count < home->unneeded[list])
        set_unneeded_locked(home, list, count);
    magazine_check(magazine);
    depot_check_locked(home);
    return magazine;
}

static void push_unneeded_locked(struct slab_node *home, struct magazine *magazine)
{
    CHECK_HELD(&home->depot_lock);
    enum magazine_list list = magazine->count > 0 ? FILLED : EMPTIED;
    push_locked(home, list, magazine);
    set_unneeded_locked(home, list, home->unneeded[list] + 1);
}

/* ---- looking and trimming ---- */

static void look_at_locked(struct slab_node *home, enum magazine_list list)
{
    CHECK_HELD(&home->depot_lock);
    set_unneeded_locked(home, list, home->least[list]);
    home->least[list] = home->count[list];
}

static void lock_depot(struct slab_cache *cache, struct slab_node *home)
{
    bool is_contended = !spin_trylock(&home->depot_lock);
    if (is_contended)
        spin_lock(&home->depot_lock);
    home->contended = (uint16_t)(home->contended + is_contended);
    if (++home->exchanges < LOOK_AFTER)
        return;
    if (home->contended > LOOK_AFTER / CONTENDED_PART || current_class(cache) < cache->magazine_usual)
        magazine_resize(cache, +1);
    home->exchanges = home->contended = 0;
    look_at_locked(home, FILLED);
    look_at_locked(home, EMPTIED);
}

static bool is_trimmed(const struct slab_node *home)
{
    return (__atomic_load_n(&home->unneeded[FILLED], __ATOMIC_RELAXED) |
            __atomic_load_n(&home->unneeded[EMPTIED], __ATOMIC_RELAXED)) == 0;
}

/* A magazine that is not empty after trimming goes back, still marked as unneeded. */
static void trim(struct slab_cache *cache, struct slab_node *home)
{
    struct magazine *magazine = NULL;
    spin_lock(&home->depot_lock);
    enum magazine_list list = home->unneeded[FILLED] > 0 ? FILLED : EMPTIED;
    uint32_t unneeded = home->unneeded[list];
    if (unneeded > 0) {
        magazine = pop_locked(home, list);
        set_unneeded_locked(home, list, unneeded - 1);
    }
    spin_unlock(&home->depot_lock);
    if (!magazine)
        return;
    give_some(cache, magazine);
    if (magazine->count == 0) {
        magazine_end(magazine);
        return;
    }
    spin_lock(&home->depot_lock);
    push_unneeded_locked(home, magazine);
    spin_unlock(&home->depot_lock);
}

/* ---- exchanging ---- */

/* Objects of other nodes go back to their slabs. Return: false when some are left. */
static bool return_remote_objects(struct slab_cache *cache, unsigned int node, struct magazine *magazine)
{
    void *remote[GIVE_MOST], **kept = magazine->slots + 1, **all = magazine->slots + 1;
    uint32_t count = 0, at = 0;
    for (; at < magazine->count && count < GIVE_MOST; at++) {
        if (buddy_node_of(port_phys(all[at])) == node)
            *kept++ = all[at];
        else
            remote[count++] = all[at];
    }
    bool is_done = at == magazine->count;
    for (; at < magazine->count; at++)
        *kept++ = all[at];
    magazine->count = (uint32_t)(kept - all);
    if (count > 0)
        slab_give(cache, remote, count, NULL);
    return is_done;
}

/* Return: the magazine when it is not kept; NULL when it is. */
static struct magazine *keep_locked(const struct slab_cache *cache, struct slab_node *home,
                                    struct magazine *magazine)
{
    CHECK_HELD(&home->depot_lock);
    if (magazine->count > 0) {
        bool is_too_much = home->count[FILLED] >= cache->depot_limit;
        push_locked(home, FILLED, magazine);
        if (is_too_much)
            set_unneeded_locked(home, FILLED, home->unneeded[FILLED] + 1);
        return NULL;
    }
    if (magazine->size_class != current_class(cache) || home->count[EMPTIED] >= cache->depot_limit)
        return magazine;
    push_locked(home, EMPTIED, magazine);
    return NULL;
}

struct magazine *depot_exchange(struct slab_cache *cache, unsigned int node, struct magazine *given,
                                enum depot_request request)
{
    struct slab_node *home = &cache->nodes[node];
    struct magazine *taken = NULL, *ended = NULL;
    bool has_objects = given->count > 0, is_refused = false;
    if (has_objects && cache->node_count > 1 && !return_remote_objects(cache, node, given) &&
        request == DEPOT_EMPTIED)
        return given;

    lock_depot(cache, home);
    if (has_objects && request == DEPOT_EMPTIED && home->count[FILLED] >= cache->depot_limit) {
        is_refused = true;
    } else {
        if (request != DEPOT_ONLY_GIVE)
            taken = pop_locked(home, request == DEPOT_FILLED ? FILLED : EMPTIED);
        if (given != &empty_magazine)
            ended = keep_locked(cache, home, given);
    }
    spin_unlock(&home->depot_lock);
    if (UNLIKELY(ended != NULL))
        magazine_end(ended);
    if (UNLIKELY(is_refused)) {
        give_some(cache, given);
        taken = given;
    } else if (UNLIKELY(!is_trimmed(home))) {
        trim(cache, home);
    }
    return taken;
}

void depot_put(struct slab_cache *cache, struct magazine *magazine)
{
    if (magazine != &empty_magazine)
        depot_exchange(cache, slab_home_of(cache), magazine, DEPOT_ONLY_GIVE);
}

bool depot_put_unneeded(struct slab_cache *cache, struct magazine *(*take)(unsigned int number),
                        bool may_wait)
{
    struct slab_node *home = &cache->nodes[slab_home_of(cache)];
    struct magazine *magazine;
    if (!spin_trylock(&home->depot_lock)) {
        if (!may_wait)
            return false;
        spin_lock(&home->depot_lock);
    }
    while ((magazine = take(cache->number)) != &empty_magazine)
        push_unneeded_locked(home, magazine);
    spin_unlock(&home->depot_lock);
    return true;
}

/* ---- giving all back ---- */

uint64_t depot_give_back(struct slab_cache *cache, uint64_t frames)
{
    /* If all objects are returned, slabs are freed last, so that a wrong object is found while its slab
       exists. */
    bool is_all = frames == UINT64_MAX, was_there = is_all;
    uint64_t given = is_all ? 0 : slab_release_empty(cache);
    for (unsigned int node = 0; node < cache->node_count; node++) {
        struct slab_node *home = &cache->nodes[node];
        while (given < frames) {
            spin_lock(&home->depot_lock);
            struct magazine *magazine = pop_locked(home, home->count[FILLED] > 0 ? FILLED : EMPTIED);
            spin_unlock(&home->depot_lock);
            if (!magazine)
                break;
            was_there = true;
            while (magazine->count > 0 && given < frames) {
                given += give_some(cache, magazine);
                if (!is_all)
                    given += slab_release_empty(cache);
            }
            if (magazine->count > 0)
                depot_put(cache, magazine);
            else
                magazine_end(magazine);
        }
    }
    return was_there ? given + slab_release_empty(cache) : given;
}

uint64_t depot_count_objects(const struct slab_cache *cache)
{
    uint64_t objects = 0;
    for (unsigned int node = 0; node < cache->node_count; node++)
        objects += cache->nodes[node].objects;
    return objects;
}

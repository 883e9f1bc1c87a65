/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Magazines: the slab allocator's common path (Bonwick and Adams, "Magazines and Vmem", 2001).
 *
 * For each cache a CPU has two magazines of free objects, the loaded one and the previous one. It pops from
 * and pushes to the loaded one, without a lock or a locked instruction. When the loaded one is empty or full,
 * the CPU swaps the two; if both are, it exchanges one at the depot (depot.c) for a filled or an empty one.
 * Only whole magazines cross between CPUs, so a free on another CPU costs as much as a local one. Because
 * there are two, a caller that alternates between allocating and freeing at the limit does not cause an
 * exchange each time. When the depot has no filled magazine, one is filled from slabs.
 *
 * Slot 0 of each magazine is NULL, so a pop that returns NULL has found the magazine empty. A CPU without a
 * magazine has empty_magazine loaded, which is both empty and full, so the common path needs no test for that
 * case.
 *
 * No CPU accesses another's magazines. Memory pressure raises an epoch, and each CPU, on its next slow path
 * here, puts its magazines into the depots, a few caches at a time, where other CPUs find them. Before an
 * allocation fails, cross-calls make all CPUs do so, idle ones too, one cache after the other:
 * slab_collect().
 *
 * This file's slow paths are pinned only while they change the two pointers, and hold no lock while they call
 * slab.c. No call gives back or takes more than a few dozen objects, and no lock is held or CPU pinned for
 * longer than that. tests/models/magazines.pml checks all interleavings.
 */
#include <ashlar/mm/buddy.h>

#include "slab_private.h"

/* The most objects that go from slabs into a magazine at once; a larger one is then not full. */
#define FILL_MOST     64
/* Caches whose magazines a CPU gives up in one slow path under pressure. */
#define ANSWER_CACHES 8

PORT_PER_CPU(struct slab_stacks, slab_stacks);

PORT_PER_CPU(struct magazine_pairs, magazine_pairs);

PORT_PER_CPU(struct slab_pressure, slab_handled_pressure);
uint32_t slab_pressure_epoch;

/* ---- a CPU's two magazines; all pinned ---- */

/* Stores how many objects the loaded one has. */
static struct magazine *unload(unsigned int number)
{
    struct magazine *loaded = PORT_MINE(magazine_pairs).of[number].loaded;
    if (loaded != &empty_magazine)
        loaded->count = (uint32_t)(PORT_MINE(slab_stacks).of[number].top - loaded->slots);
    magazine_check(loaded);
    return loaded;
}

static void load(unsigned int number, struct magazine *magazine)
{
    magazine_check(magazine);
    PORT_MINE(magazine_pairs).of[number].loaded = magazine;
    PORT_MINE(slab_stacks).of[number].top = magazine->slots + magazine->count;
    PORT_MINE(slab_stacks).of[number].limit = magazine->slots + magazine->capacity;
}

static void swap(unsigned int number)
{
    struct magazine *loaded = unload(number);
    load(number, PORT_MINE(magazine_pairs).of[number].previous);
    PORT_MINE(magazine_pairs).of[number].previous = loaded;
}

/* Loads @magazine if the loaded one is used up, or stores it in the place of empty_magazine. Return: a
   magazine that this CPU has no place for. */
static struct magazine *insert(unsigned int number, struct magazine *magazine, bool to_pop)
{
    struct magazine *left = magazine;
    port_pin();
    struct magazine *loaded = unload(number);
    if (loaded->count == (to_pop ? 0 : loaded->capacity)) {
        left = &empty_magazine;
        if (loaded != &empty_magazine) {
            left = PORT_MINE(magazine_pairs).of[number].previous;
            PORT_MINE(magazine_pairs).of[number].previous = loaded;
        }
        load(number, magazine);
    }
    port_unpin();
    return left;
}

/* Removes and returns the previous magazine of this CPU if it has two magazines. With only one, it returns
   empty_magazine, and the next load makes that one the previous one. */
static struct magazine *take_previous(unsigned int number)
{
    struct magazine *previous = &empty_magazine;
    port_pin();
    if (PORT_MINE(magazine_pairs).of[number].loaded != &empty_magazine) {
        previous = PORT_MINE(magazine_pairs).of[number].previous;
        PORT_MINE(magazine_pairs).of[number].previous = &empty_magazine;
    }
    port_unpin();
    return previous;
}

/* ---- pressure ---- */

/* Takes the loaded one, then the previous one, then empty_magazine. */
static struct magazine *take_own(unsigned int number)
{
    port_pin();
    struct magazine *loaded = unload(number);
    if (loaded != &empty_magazine) {
        load(number, &empty_magazine);
    } else {
        loaded = PORT_MINE(magazine_pairs).of[number].previous;
        PORT_MINE(magazine_pairs).of[number].previous = &empty_magazine;
    }
    port_unpin();
    return loaded;
}

static void give_up_own(struct slab_cache *cache)
{
    if (PORT_MINE(magazine_pairs).of[cache->number].loaded != &empty_magazine ||
        PORT_MINE(magazine_pairs).of[cache->number].previous != &empty_magazine)
        depot_put_unneeded(cache, take_own, true);
}

void magazine_give_up_all(void)
{
    struct slab_cache *cache;
    for (struct slab_walk walk = { .next = 0 }; (cache = slab_visit(&walk)) != NULL;)
        give_up_own(cache);
}

/* Takes the magazines of all CPUs, which no longer use the cache. */
static void give_up_others(struct slab_cache *cache)
{
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++) {
        struct port_stack *stack = &PORT_OF(slab_stacks, cpu)->of[cache->number];
        struct magazine_pair pair = PORT_OF(magazine_pairs, cpu)->of[cache->number];
        if (pair.loaded != &empty_magazine)
            pair.loaded->count = (uint32_t)(stack->top - pair.loaded->slots);
        magazine_attach(cache, cpu);
        depot_put(cache, pair.loaded);
        depot_put(cache, pair.previous);
    }
}

uint64_t magazine_drain(struct slab_cache *cache, bool all_cpus, uint64_t frames)
{
    give_up_own(cache);
    if (all_cpus)
        give_up_others(cache);
    return depot_give_back(cache, frames);
}

void magazine_raise_pressure(void)
{
    uint32_t epoch = __atomic_add_fetch(&slab_pressure_epoch, 1, __ATOMIC_RELAXED);
    PORT_MINE(slab_handled_pressure).epoch = epoch; /* the caller does it itself */
    PORT_MINE(slab_handled_pressure).next_cache = 0;
}

void magazine_handle_pressure(void)
{
    if (!magazine_is_under_pressure())
        return;
    uint32_t epoch = __atomic_load_n(&slab_pressure_epoch, __ATOMIC_RELAXED);
    struct slab_cache *cache;
    bool is_new = PORT_MINE(slab_handled_pressure).epoch != epoch;
    struct slab_walk walk = { .next = is_new ? 0 : PORT_MINE(slab_handled_pressure).next_cache };
    PORT_MINE(slab_handled_pressure).epoch = epoch;
    for (unsigned int n = 0; n < ANSWER_CACHES && (cache = slab_visit(&walk)) != NULL; n++)
        give_up_own(cache);
    slab_visit_end(&walk);
    PORT_MINE(slab_handled_pressure).next_cache = walk.next < SLAB_CACHES_MAX ? (uint32_t)walk.next : 0;
}

/* A cross-call's function. It must not wait for the depot's lock: it may run in a wait for that same lock,
   which polls cross-calls. */
static void give_up_called(void *argument)
{
    depot_put_unneeded(argument, take_own, false);
}

static bool do_others_hold(const struct slab_cache *cache)
{
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++) {
        const struct magazine_pair *pair = &PORT_OF(magazine_pairs, cpu)->of[cache->number];
        if (cpu != port_cpu() && (pair->loaded != &empty_magazine || pair->previous != &empty_magazine))
            return true;
    }
    return false;
}

bool magazine_collect(struct slab_cache *cache,
                      void (*call_all)(void (*function)(void *argument), void *argument))
{
    if (!do_others_hold(cache))
        return false;
    call_all(give_up_called, cache);
    return true;
}

/* ---- the slow halves ---- */

static void *pop_previous(unsigned int number)
{
    void *object = NULL;
    port_pin();
    swap(number);
    void **top = PORT_MINE(slab_stacks).of[number].top;
    if (*top) {
        object = *top;
        PORT_MINE(slab_stacks).of[number].top = top - 1;
    }
    port_unpin();
    return object;
}

/* @has_grown: receives whether it has tried to make slabs. */
static struct magazine *fill(struct slab_cache *cache, bool *has_grown)
{
    unsigned int node = slab_home_of(cache);
    struct magazine *magazine = depot_exchange(cache, node, &empty_magazine, DEPOT_EMPTIED);
    *has_grown = magazine || (magazine = magazine_new(cache)) != NULL;
    if (!magazine)
        return NULL;
    unsigned int some = magazine->capacity < FILL_MOST ? magazine->capacity : FILL_MOST;
    do {
        magazine->count = slab_take(cache, node, magazine->slots + 1, some);
    } while (magazine->count == 0 && slab_grow(cache, &node));
    if (magazine->count > 0)
        return magazine;
    magazine_end(magazine);
    return NULL;
}

/* Out of memory: takes from other nodes' depots, then from any slab. @may_grow: slabs may still be allocated;
   perhaps only the allocation of a magazine has failed. */
static void *alloc_last_resort(struct slab_cache *cache, bool may_grow)
{
    for (unsigned int node = 0; node < cache->node_count; node++) {
        struct magazine *magazine = depot_exchange(cache, node, &empty_magazine, DEPOT_FILLED);
        if (!magazine)
            continue;
        void *object = magazine->slots[magazine->count--];
        depot_put(cache, magazine);
        return object;
    }
    return may_grow ? slab_take_one(cache) : slab_take_any(cache);
}

void *magazine_alloc(struct slab_cache *cache)
{
    void *object = pop_previous(cache->number);
    if (object)
        return object;
    /* The two are empty. */
    struct magazine *magazine =
        depot_exchange(cache, slab_home_of(cache), take_previous(cache->number), DEPOT_FILLED);
    bool has_grown = false;
    if (!magazine)
        magazine = fill(cache, &has_grown);
    if (!magazine)
        return alloc_last_resort(cache, !has_grown);
    object = magazine->slots[magazine->count--];
    depot_put(cache, insert(cache->number, magazine, true));
    return object;
}

void magazine_free(struct slab_cache *cache, void *object, const void *caller)
{
    port_pin();
    swap(cache->number);
    port_unpin();
    if (magazine_push(cache->slot, object))
        return;
    /* The two are full. */
    struct magazine *magazine =
        depot_exchange(cache, slab_home_of(cache), take_previous(cache->number), DEPOT_EMPTIED);
    if (!magazine)
        magazine = magazine_new(cache);
    if (!magazine) {
        slab_give(cache, &object, 1, caller);
        return;
    }
    magazine->slots[++magazine->count] = object; /* the depot may have only emptied a part of a full one */
    depot_put(cache, insert(cache->number, magazine, false));
}

/* ---- caches come and are counted ---- */

void magazine_attach(const struct slab_cache *cache, unsigned int cpu)
{
    PORT_OF(magazine_pairs, cpu)->of[cache->number] =
        (struct magazine_pair){ &empty_magazine, &empty_magazine };
    PORT_OF(slab_stacks, cpu)->of[cache->number] =
        (struct port_stack){ empty_magazine.slots, empty_magazine.slots };
}

uint64_t magazine_count_objects(const struct slab_cache *cache)
{
    uint64_t objects = depot_count_objects(cache);
    for (unsigned int cpu = 0; cpu < port_cpu_count(); cpu++) {
        const struct magazine_pair *pair = &PORT_OF(magazine_pairs, cpu)->of[cache->number];
        objects += (uint64_t)(PORT_OF(slab_stacks, cpu)->of[cache->number].top - pair->loaded->slots) +
                   pair->previous->count;
    }
    return objects;
}

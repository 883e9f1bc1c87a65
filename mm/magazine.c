/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Magazines: what makes the slab allocator's common path short (Bonwick and Adams, "Magazines and
 * Vmem", 2001).
 *
 * For each cache a CPU has two magazines of free objects, the loaded one and the previous one. It pops
 * from and pushes to the loaded one, without a lock or a locked instruction. When that is empty or
 * full it swaps the two, and when that does not help, it goes to the depot, of which each cache has
 * one a NUMA node, for a filled or an empty one; only whole magazines cross between CPUs, so a free
 * on another CPU costs what a local one costs. With two, a caller that takes and gives at an edge
 * does not go to the depot each time. When the depot has no filled one, one is filled from slabs.
 *
 * Slot 0 of each magazine is NULL. Popping finds it and knows that there is nothing more; so a CPU
 * without a magazine has `nothing`, which is empty and full at once, and the common path has no test for it.
 *
 * How much lies around: every LOOK_AFTER exchanges a depot gives back what was not needed since the
 * last time, the fewest that it held meanwhile; a depot has a limit; who finds its lock taken too
 * often makes larger magazines, which come less often; memory pressure makes them smaller, and
 * they grow back to their usual size when it is over.
 * Other CPUs' magazines nobody touches. Pressure raises an epoch, and each CPU, when it next
 * comes to a slow path here, gives back what it has. Objects of another node are not put into a
 * depot but back into their slabs, so they find their way home.
 *
 * This file's slow paths are not pinned but for the moments in which they change the two pointers, and hold
 * no lock while they call slab.c. tests/models/magazines.pml has what may come in between.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/fault.h>

#include "slab_private.h"

/* Exchanges between two looks at what a depot did not need. */
#define LOOK_AFTER     512
/* A lock found taken in one of so many exchanges is taken too often. */
#define CONTENDED_PART 8

PORT_PER_CPU(struct slab_stacks, slab_stacks);

PORT_PER_CPU(struct magazine_pairs, magazine_pairs);

extern PORT_PER_CPU(uint32_t, answered_epoch);
PORT_PER_CPU(uint32_t, answered_epoch);
static uint32_t pressure_epoch;
static bool is_all_direct;

static struct magazine nothing = { .size_class = MAGAZINE_CLASSES, .slots = { NULL } };

static struct slab_cache magazine_caches[MAGAZINE_CLASSES];
static struct slab_node magazine_nodes[MAGAZINE_CLASSES];

/* ---- magazines ---- */

static uint16_t capacity_of(unsigned size_class)
{
    size_t slots = ((128u << size_class) - sizeof(struct magazine)) / sizeof(void *);
    return (uint16_t)(slots - 1); /* slot 0 */
}

static unsigned current_class(const struct slab_cache *cache)
{
    return __atomic_load_n(&cache->magazine_class, __ATOMIC_RELAXED);
}

void magazine_resize(struct slab_cache *cache, int step)
{
    int size_class = (int)current_class(cache) + step;
    if (size_class >= 0 && size_class <= cache->magazine_most)
        __atomic_store_n(&cache->magazine_class, (uint8_t)size_class, __ATOMIC_RELAXED);
}

static struct magazine *magazine_new(struct slab_cache *cache)
{
    unsigned size_class = current_class(cache);
    struct magazine *magazine = slab_take_one(&magazine_caches[size_class]);
    if (!magazine)
        return NULL;
    *magazine = (struct magazine){ .capacity = capacity_of(size_class), .size_class = (uint16_t)size_class };
    magazine->slots[0] = NULL;
    return magazine;
}

static void magazine_end(struct magazine *magazine)
{
    slab_give(&magazine_caches[magazine->size_class], (void *[]){ magazine }, 1, NULL);
}

/* ---- depots ---- */

static void list_push(struct magazine_list *list, struct magazine *magazine)
{
    magazine->next = list->first;
    list->first = magazine;
    list->count++;
    list->objects += magazine->count;
}

static struct magazine *list_pop(struct magazine_list *list)
{
    struct magazine *magazine = list->first;
    if (!magazine)
        return NULL;
    list->first = magazine->next;
    list->count--;
    list->objects -= magazine->count;
    if (list->count < list->least)
        list->least = list->count;
    return magazine;
}

/* Takes out what nobody needed since the last look. */
static void trim(struct magazine_list *list, struct magazine_list *surplus)
{
    struct magazine *magazine;
    for (uint32_t unneeded = list->least; unneeded > 0 && (magazine = list_pop(list)) != NULL; unneeded--)
        list_push(surplus, magazine);
    list->least = list->count;
}

static void lock_depot(struct slab_cache *cache, struct slab_node *home, struct magazine_list *surplus)
{
    bool is_contended = !port_try_lock(&home->depot_lock);
    if (is_contended)
        port_lock(&home->depot_lock);
    home->contended += is_contended;
    if (++home->exchanges < LOOK_AFTER)
        return;
    if (home->contended > LOOK_AFTER / CONTENDED_PART || current_class(cache) < cache->magazine_usual)
        magazine_resize(cache, +1);
    home->exchanges = home->contended = 0;
    trim(&home->filled, surplus);
    trim(&home->emptied, surplus);
}

static void end_all(struct slab_cache *cache, struct magazine_list *magazines)
{
    struct magazine *magazine;
    while ((magazine = list_pop(magazines)) != NULL) {
        slab_give(cache, magazine->slots + 1, magazine->count, __builtin_return_address(0));
        magazine_end(magazine);
    }
}

static unsigned home_of(const struct slab_cache *cache)
{
    return cache->node_count > 1 ? buddy_home_node() : 0;
}

/* Objects of other nodes go back to their slabs. */
static void send_strangers_home(struct slab_cache *cache, unsigned node, struct magazine *magazine)
{
    void **kept = magazine->slots + 1, **all = magazine->slots + 1;
    for (uint32_t i = 0; i < magazine->count; i++) {
        if (buddy_node_of(port_phys(all[i])) == node)
            *kept++ = all[i];
        else
            slab_give(cache, &all[i], 1, __builtin_return_address(0));
    }
    magazine->count = (uint32_t)(kept - all);
}

static bool is_wanted(const struct slab_cache *cache, const struct magazine_list *list, const struct magazine *magazine)
{
    if (magazine->count == 0 && magazine->size_class != current_class(cache))
        return false;
    return list->count < cache->depot_limit;
}

enum depot_wish {
    DEPOT_NOTHING,
    DEPOT_EMPTIED,
    DEPOT_FILLED
};

/* Gives the depot a magazine that no CPU has any more, or `nothing`, and takes one if there is one. Return: it, or NULL. */
static struct magazine *depot_exchange(struct slab_cache *cache, unsigned node, struct magazine *given,
                                       enum depot_wish wish)
{
    struct slab_node *home = &cache->nodes[node];
    struct magazine_list surplus = { .first = NULL };
    struct magazine *taken = NULL;
    if (given != &nothing && cache->node_count > 1)
        send_strangers_home(cache, node, given);

    lock_depot(cache, home, &surplus);
    if (wish != DEPOT_NOTHING)
        taken = list_pop(wish == DEPOT_FILLED ? &home->filled : &home->emptied);
    if (given != &nothing) {
        struct magazine_list *list = given->count > 0 ? &home->filled : &home->emptied;
        list_push(is_wanted(cache, list, given) ? list : &surplus, given);
    }
    port_unlock(&home->depot_lock);
    if (UNLIKELY(surplus.count > 0))
        end_all(cache, &surplus);
    return taken;
}

static void depot_put(struct slab_cache *cache, struct magazine *magazine)
{
    if (magazine != &nothing)
        depot_exchange(cache, home_of(cache), magazine, DEPOT_NOTHING);
}

/* ---- a CPU's two magazines; all pinned ---- */

/* Writes down how many objects the loaded one has. */
static struct magazine *unload(unsigned number)
{
    struct magazine *loaded = PORT_MINE(magazine_pairs).of[number].loaded;
    if (loaded != &nothing)
        loaded->count = (uint32_t)(PORT_MINE(slab_stacks).of[number].top - loaded->slots);
    return loaded;
}

static void load(unsigned number, struct magazine *magazine)
{
    PORT_MINE(magazine_pairs).of[number].loaded = magazine;
    PORT_MINE(slab_stacks).of[number].top = magazine->slots + magazine->count;
    PORT_MINE(slab_stacks).of[number].limit = magazine->slots + magazine->capacity;
}

static void swap(unsigned number)
{
    struct magazine *loaded = unload(number);
    load(number, PORT_MINE(magazine_pairs).of[number].previous);
    PORT_MINE(magazine_pairs).of[number].previous = loaded;
}

/* Puts @magazine before the loaded one when that is used up, or in the place of `nothing`. Return: what this CPU has no
   place for. */
static struct magazine *insert(unsigned number, struct magazine *magazine, bool to_pop)
{
    struct magazine *left = magazine;
    port_pin();
    struct magazine *loaded = unload(number);
    if (loaded->count == (to_pop ? 0 : loaded->capacity)) {
        left = &nothing;
        if (loaded != &nothing) {
            left = PORT_MINE(magazine_pairs).of[number].previous;
            PORT_MINE(magazine_pairs).of[number].previous = loaded;
        }
        load(number, magazine);
    }
    port_unpin();
    return left;
}

/* Takes the previous magazine away from this CPU when it has two; else `nothing`, and the one that it has will be the
   previous one. */
static struct magazine *take_previous(unsigned number)
{
    struct magazine *previous = &nothing;
    port_pin();
    if (PORT_MINE(magazine_pairs).of[number].loaded != &nothing) {
        previous = PORT_MINE(magazine_pairs).of[number].previous;
        PORT_MINE(magazine_pairs).of[number].previous = &nothing;
    }
    port_unpin();
    return previous;
}

/* ---- pressure ---- */

/* Gives back what this CPU's magazines of one cache hold, and them. */
static void drain_own(struct slab_cache *cache)
{
    unsigned number = cache->number;
    struct magazine_list both = { .first = NULL };
    port_pin();
    struct magazine *loaded = unload(number), *previous = PORT_MINE(magazine_pairs).of[number].previous;
    load(number, &nothing);
    PORT_MINE(magazine_pairs).of[number].previous = &nothing;
    port_unpin();
    if (loaded != &nothing)
        list_push(&both, loaded);
    if (previous != &nothing)
        list_push(&both, previous);
    end_all(cache, &both);
}

static void drain_others(struct slab_cache *cache)
{
    for (unsigned cpu = 0; cpu < port_cpu_count(); cpu++) {
        struct port_stack *stack = &PORT_OF(slab_stacks, cpu)->of[cache->number];
        struct magazine_pair *pair = &PORT_OF(magazine_pairs, cpu)->of[cache->number];
        struct magazine_list both = { .first = NULL };
        if (pair->loaded != &nothing) {
            pair->loaded->count = (uint32_t)(stack->top - pair->loaded->slots);
            list_push(&both, pair->loaded);
        }
        if (pair->previous != &nothing)
            list_push(&both, pair->previous);
        magazine_attach(cache, cpu);
        end_all(cache, &both);
    }
}

void magazine_drain(struct slab_cache *cache, bool all_cpus)
{
    drain_own(cache);
    if (all_cpus)
        drain_others(cache);
    for (unsigned node = 0; node < cache->node_count; node++) {
        struct slab_node *home = &cache->nodes[node];
        struct magazine_list surplus = { .first = NULL };
        port_lock(&home->depot_lock);
        home->filled.least = home->filled.count;
        home->emptied.least = home->emptied.count;
        trim(&home->filled, &surplus);
        trim(&home->emptied, &surplus);
        port_unlock(&home->depot_lock);
        end_all(cache, &surplus);
    }
}

void magazine_ask_all(void)
{
    uint32_t epoch = __atomic_add_fetch(&pressure_epoch, 1, __ATOMIC_RELAXED);
    PORT_MINE(answered_epoch) = epoch; /* the caller does it itself */
}

/* Somebody wanted memory since this CPU was last here. */
static void answer_pressure(void)
{
    uint32_t epoch = __atomic_load_n(&pressure_epoch, __ATOMIC_RELAXED);
    if (LIKELY(PORT_MINE(answered_epoch) == epoch))
        return;
    PORT_MINE(answered_epoch) = epoch;
    slab_leave_cpu();
}

void slab_leave_cpu(void)
{
    struct slab_cache *cache;
    for (struct slab_walk walk = { .next = 0 }; (cache = slab_visit(&walk)) != NULL;)
        drain_own(cache);
}

void slab_set_direct(bool is_direct)
{
    __atomic_store_n(&is_all_direct, is_direct, __ATOMIC_RELAXED);
    if (is_direct)
        slab_reap();
}

/* ---- the slow halves ---- */

static bool is_direct(const struct slab_cache *cache)
{
    return cache->is_direct || __atomic_load_n(&is_all_direct, __ATOMIC_RELAXED);
}

static void *pop_previous(unsigned number)
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

static struct magazine *fill(struct slab_cache *cache)
{
    unsigned node = home_of(cache);
    struct magazine *magazine = depot_exchange(cache, node, &nothing, DEPOT_EMPTIED);
    if (!magazine && !(magazine = magazine_new(cache)))
        return NULL;
    do {
        magazine->count = slab_take(cache, node, magazine->slots + 1, magazine->capacity);
    } while (magazine->count == 0 && slab_grow(cache, &node));
    if (magazine->count > 0)
        return magazine;
    magazine_end(magazine);
    return NULL;
}

/* Memory has run out: other nodes' depots, then any slab. */
static void *scrape(struct slab_cache *cache)
{
    for (unsigned node = 0; node < cache->node_count; node++) {
        struct magazine *magazine = depot_exchange(cache, node, &nothing, DEPOT_FILLED);
        if (!magazine)
            continue;
        void *object = magazine->slots[magazine->count--];
        depot_put(cache, magazine);
        return object;
    }
    return slab_take_one(cache);
}

static void *alloc_by_magazine(struct slab_cache *cache)
{
    void *object = pop_previous(cache->number);
    if (object)
        return object;
    /* The two are empty. */
    struct magazine *magazine = depot_exchange(cache, home_of(cache), take_previous(cache->number), DEPOT_FILLED);
    if (!magazine)
        magazine = fill(cache);
    if (!magazine)
        return scrape(cache);
    object = magazine->slots[magazine->count--];
    depot_put(cache, insert(cache->number, magazine, true));
    return object;
}

void *magazine_alloc_slow(struct slab_cache *cache, size_t size_bytes, const void *caller)
{
    answer_pressure();
    if (fault_should_fail())
        return NULL;
    void *object = is_direct(cache) ? slab_take_one(cache) : alloc_by_magazine(cache);
    if (object && cache->is_checked)
        checked_hand_out(cache, object, size_bytes, caller);
    return object;
}

static void free_by_magazine(struct slab_cache *cache, void *object, const void *caller)
{
    port_pin();
    swap(cache->number);
    port_unpin();
    if (magazine_push(cache->slot, object))
        return;
    /* The two are full. */
    struct magazine *magazine = depot_exchange(cache, home_of(cache), take_previous(cache->number), DEPOT_EMPTIED);
    if (!magazine)
        magazine = magazine_new(cache);
    if (!magazine) {
        slab_give(cache, &object, 1, caller);
        return;
    }
    magazine->slots[1] = object;
    magazine->count = 1;
    depot_put(cache, insert(cache->number, magazine, false));
}

void magazine_free_slow(struct slab_cache *cache, void *object, const void *caller)
{
    answer_pressure();
    if (!object) {
        port_wrong("slab: %s: NULL was freed from %pS", cache->name, caller);
        return;
    }
    if (cache->is_checked && !(object = checked_take_back(cache, object, caller)))
        return;
    if (is_direct(cache))
        slab_give(cache, &object, 1, caller);
    else
        free_by_magazine(cache, object, caller);
}

/* ---- the common path ---- */

void *slab_alloc(struct slab_cache *cache)
{
    void *object = magazine_pop(cache->slot);
    return LIKELY(object != NULL) ? object
                                  : magazine_alloc_slow(cache, cache->object_size, __builtin_return_address(0));
}

void slab_free(struct slab_cache *cache, void *object)
{
    if (UNLIKELY(!object || !magazine_push(cache->slot, object)))
        magazine_free_slow(cache, object, __builtin_return_address(0));
}

size_t slab_alloc_bulk(struct slab_cache *cache, void **objects, size_t count)
{
    unsigned number = cache->number;
    size_t done = 0;
    while (done < count) {
        port_pin();
        void **top = PORT_MINE(slab_stacks).of[number].top;
        size_t held = (size_t)(top - PORT_MINE(magazine_pairs).of[number].loaded->slots);
        size_t some = held < count - done ? held : count - done;
        __builtin_memcpy(objects + done, top - some + 1, some * sizeof(*top));
        PORT_MINE(slab_stacks).of[number].top = top - some;
        port_unpin();
        done += some;
        if (done == count)
            break;
        objects[done] = magazine_alloc_slow(cache, cache->object_size, __builtin_return_address(0));
        if (!objects[done])
            break;
        done++;
    }
    return done;
}

void slab_free_bulk(struct slab_cache *cache, void *const *objects, size_t count)
{
    unsigned number = cache->number;
    for (size_t done = 0; done < count;) {
        port_pin();
        void **top = PORT_MINE(slab_stacks).of[number].top;
        size_t room = (size_t)(PORT_MINE(slab_stacks).of[number].limit - top);
        size_t some = room < count - done ? room : count - done;
        __builtin_memcpy(top + 1, objects + done, some * sizeof(*top));
        PORT_MINE(slab_stacks).of[number].top = top + some;
        port_unpin();
        done += some;
        if (done < count)
            slab_free(cache, objects[done++]);
    }
}

/* ---- caches come and are counted ---- */

void magazine_attach(const struct slab_cache *cache, unsigned cpu)
{
    PORT_OF(magazine_pairs, cpu)->of[cache->number] = (struct magazine_pair){ &nothing, &nothing };
    PORT_OF(slab_stacks, cpu)->of[cache->number] = (struct port_stack){ nothing.slots, nothing.slots };
}

uint64_t magazine_count_objects(const struct slab_cache *cache)
{
    uint64_t objects = 0;
    for (unsigned node = 0; node < cache->node_count; node++)
        objects += cache->nodes[node].filled.objects;
    for (unsigned cpu = 0; cpu < port_cpu_count(); cpu++) {
        const struct magazine_pair *pair = &PORT_OF(magazine_pairs, cpu)->of[cache->number];
        objects += (uint64_t)(PORT_OF(slab_stacks, cpu)->of[cache->number].top - pair->loaded->slots) +
                   pair->previous->count;
    }
    return objects;
}

unsigned magazine_capacity(const struct slab_cache *cache)
{
    return capacity_of(current_class(cache));
}

void magazine_init(void)
{
    static const char *const names[] = { "magazine-128", "magazine-256", "magazine-512", "magazine-1024",
                                        "magazine-2048" };
    STATIC_ASSERT(ARRAY_LEN(names) == MAGAZINE_CLASSES, "each size class of magazines has a name");
    for (unsigned i = 0; i < MAGAZINE_CLASSES; i++)
        slab_cache_add_own(&magazine_caches[i], &magazine_nodes[i], names[i], 128u << i);
}

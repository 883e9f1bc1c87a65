/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The slab allocator's functions: objects taken and given back, one or many.
 *
 * The common path pops from or pushes to this CPU's loaded magazine (magazine.c). The slow halves handle
 * everything else: memory pressure, injected faults, checked caches, caches without magazines.
 */
#include <ashlar/mm/fault.h>
#include <ashlar/sync/context.h>

#include "slab_private.h"

static bool is_all_direct; /* atomic */

/* ---- the slow halves ---- */

static bool is_direct(const struct slab_cache *cache)
{
    return cache->is_direct || __atomic_load_n(&is_all_direct, __ATOMIC_RELAXED);
}

/* Whether the slow halves have nothing to handle but magazines, which they do by a tail call. */
static inline bool is_plain(const struct slab_cache *cache)
{
    return !cache->is_checked && !is_direct(cache) && !fault_may_fail() && !magazine_is_under_pressure();
}

static NOINLINE void *alloc_unplain(struct slab_cache *cache, size_t size_bytes, const void *caller)
{
    magazine_handle_pressure();
    if (fault_should_fail())
        return NULL;
    void *object = is_direct(cache) ? slab_take_one(cache) : magazine_alloc(cache);
    if (object && cache->is_checked)
        checked_hand_out(cache, object, size_bytes, caller);
    return object;
}

void *slab_alloc_slow(struct slab_cache *cache, size_t size_bytes, const void *caller)
{
    return LIKELY(is_plain(cache)) ? magazine_alloc(cache) : alloc_unplain(cache, size_bytes, caller);
}

static NOINLINE void free_unplain(struct slab_cache *cache, void *object, const void *caller)
{
    magazine_handle_pressure();
    if (cache->is_checked && !(object = checked_take_back(cache, object, caller)))
        return;
    if (is_direct(cache))
        slab_give(cache, &object, 1, caller);
    else
        magazine_free(cache, object, caller);
}

void slab_free_slow(struct slab_cache *cache, void *object, const void *caller)
{
    if (UNLIKELY(!object))
        port_bug("slab: %s: NULL was freed from %pS", cache->name, caller);
    else if (LIKELY(is_plain(cache)))
        magazine_free(cache, object, caller);
    else
        free_unplain(cache, object, caller);
}

/* ---- the common path ---- */

void *slab_alloc(struct slab_cache *cache)
{
    CHECK_MAY_ALLOCATE();
    void *object = magazine_pop(cache->slot);
    return LIKELY(object != NULL) ? object
                                  : slab_alloc_slow(cache, cache->object_size, __builtin_return_address(0));
}

void slab_free(struct slab_cache *cache, void *object)
{
    CHECK_MAY_ALLOCATE();
    if (UNLIKELY(!object || !magazine_push(cache->slot, object)))
        slab_free_slow(cache, object, __builtin_return_address(0));
}

size_t slab_alloc_bulk(struct slab_cache *cache, void **objects, size_t count)
{
    CHECK_MAY_ALLOCATE();
    unsigned int number = cache->number;
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
        objects[done] = slab_alloc_slow(cache, cache->object_size, __builtin_return_address(0));
        if (!objects[done])
            break;
        done++;
    }
    return done;
}

void slab_free_bulk(struct slab_cache *cache, void *const *objects, size_t count)
{
    CHECK_MAY_ALLOCATE();
    unsigned int number = cache->number;
    for (size_t done = 0; done < count;) {
        port_pin();
        void **top = PORT_MINE(slab_stacks).of[number].top;
        size_t slots = (size_t)(PORT_MINE(slab_stacks).of[number].limit - top);
        size_t some = slots < count - done ? slots : count - done;
        __builtin_memcpy(top + 1, objects + done, some * sizeof(*top));
        PORT_MINE(slab_stacks).of[number].top = top + some;
        port_unpin();
        done += some;
        if (done < count)
            slab_free(cache, objects[done++]);
    }
}

/* ---- the allocator as a whole ---- */

void slab_set_direct(bool is_direct)
{
    __atomic_store_n(&is_all_direct, is_direct, __ATOMIC_RELAXED);
    if (is_direct)
        slab_reap();
}

void slab_leave_cpu(void)
{
    magazine_give_up_all();
}

status_t slab_init(void)
{
    slab_cache_init();
    slab_reap_init();
    return STATUS_OK;
}

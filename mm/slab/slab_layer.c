/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Slabs: blocks of frames cut into objects of one cache.
 *
 * A bit in struct slab, which lies outside the slab, says whether an object is free, so no write to a free
 * object changes what the allocator does. A set bit is a free object; setting one that is set is a second
 * free, and is reported. Each frame of a slab leads to its struct slab by its descriptor, whose state also
 * carries the cache's number, which is all that the common path of kfree() needs.
 *
 * A slab is in one of its node's two lists: partial, with free objects, or full. Empty slabs stand at the end
 * of the partial list, so that the others fill up first. They go back to the buddy allocator when more than a
 * quarter of the cache's objects on that node is free (Hoard's bound). One always stays, so that a caller
 * that allocates and frees at the limit does not create and destroy a slab each time.
 *
 * Objects are taken and given back in batches, of at most BATCH for one acquisition of the lock, because
 * interrupts are off meanwhile; single objects go through magazines. A CPU that holds a node's lock allocates
 * nothing and makes no cross-call.
 *
 * The allocator's own caches (of struct slab, of caches, of magazines) keep struct slab at the
 * beginning of the slab itself, which ends the recursion.
 */
#include <ashlar/mm/buddy.h>
#include <ashlar/mm/frame_cache.h>

#include "slab_private.h"

/* A descriptor's index is a struct slab's address in units of 64 bytes: they lie below 256 GiB. */
#define SLABS_END (BIT(32) * sizeof(struct slab))

/* A slab may stay empty as long as no more than one of so many objects is free. */
#define FREE_PART 4

/* Objects, or empty slabs, under one lock. */
#define BATCH 16

struct slab_cache slab_slab_cache;

unsigned int slab_home_of(const struct slab_cache *cache)
{
    return cache->node_count > 1 ? buddy_home_node() : 0;
}

/* ---- from an object to its slab ---- */

static void *page_of(const void *object)
{
    return (void *)align_down((uint64_t)(uintptr_t)object, PAGE_SIZE);
}

struct slab *slab_find(const void *object)
{
    void *page = page_of(object);
    if (!buddy_owns(port_phys(page)))
        return NULL;
    const struct frame *frame = port_frame(page);
    return frame_kind(frame) == FRAME_SLAB ? port_pointer(phys(frame->index * sizeof(struct slab))) : NULL;
}

bool slab_index(const struct slab_cache *cache, const struct slab *slab, const void *object,
                unsigned int *index)
{
    uint64_t offset = (uint64_t)((const char *)object - slab->objects);
    if ((const char *)object < slab->objects || offset >= PAGE_SIZE << slab->order)
        return false;
    /* The reciprocal is exact for offset * stride < 2^32: 64 KiB slabs of at most half that an object. */
    *index = (unsigned int)(offset * cache->reciprocal >> 32);
    return *index < cache->per_slab && *index * cache->stride == offset;
}

/* ---- taking ---- */

/* Takes up to @count objects out of one slab, from the highest address down. */
static unsigned int take_from_slab_locked(const struct slab_cache *cache, struct slab_node *home,
                                          struct slab *slab, void **objects, unsigned int count)
{
    CHECK_HELD(&home->lock);
    unsigned int taken = 0;
    for (unsigned int word = SLAB_MAX_OBJECTS / 64; word-- > 0 && taken < count;) {
        uint64_t bits = slab->free[word];
        for (; bits != 0 && taken < count; taken++) {
            unsigned int bit = 63 - (unsigned int)__builtin_clzll(bits);
            bits &= ~BIT(bit);
            objects[taken] = slab->objects + (word * 64 + bit) * cache->stride;
        }
        slab->free[word] = bits;
    }
    slab->free_count = (uint16_t)(slab->free_count - taken);
    return taken;
}

static unsigned int take_batch(struct slab_cache *cache, struct slab_node *home, void **objects,
                               unsigned int count)
{
    unsigned int taken = 0;
    spin_lock(&home->lock);
    while (taken < count && !list_is_empty(&home->partial)) {
        struct slab *slab = container_of(home->partial.next, struct slab, link);
        if (slab->free_count == cache->per_slab)
            home->empty--;
        taken += take_from_slab_locked(cache, home, slab, objects + taken, count - taken);
        if (slab->free_count == 0) {
            list_remove(&slab->link);
            list_add_first(&home->full, &slab->link);
        }
        slab_check_locked(cache, home, slab);
    }
    home->free -= taken;
    slab_check_node_locked(cache, home);
    spin_unlock(&home->lock);
    return taken;
}

unsigned int slab_take(struct slab_cache *cache, unsigned int node, void **objects, unsigned int count)
{
    unsigned int taken = 0, some, wanted;
    do {
        wanted = count - taken < BATCH ? count - taken : BATCH;
        some = take_batch(cache, &cache->nodes[node], objects + taken, wanted);
        taken += some;
    } while (some == BATCH && taken < count);
    return taken;
}

/* ---- slabs made and ended ---- */

static void *find_frames(const struct slab_cache *cache)
{
    if (!cache->is_inside && cache->order > 0) {
        phys_t block = buddy_alloc(cache->order, 0);
        return phys_is_valid(block) ? port_pointer(block) : NULL;
    }
    /* A single frame comes from the frame cache. The allocator's own slabs must be below SLABS_END, so that
       an index can refer to them. */
    void *frame = cache->order == 0 ? frame_alloc() : NULL;
    if (frame && (!cache->is_inside || port_phys(frame).raw < SLABS_END))
        return frame;
    if (frame)
        frame_free(frame);
    phys_t block = buddy_alloc_where(cache->order, 0, phys(SLABS_END), BUDDY_ANY_NODE);
    return phys_is_valid(block) ? port_pointer(block) : NULL;
}

static void give_frames(void *memory, unsigned int order)
{
    port_uncommit(memory, PAGE_SIZE << order);
    if (order == 0)
        frame_free(memory);
    else
        buddy_free(port_phys(memory), order);
}

static void *take_frames(const struct slab_cache *cache)
{
    void *memory = find_frames(cache);
    if (!memory || port_commit(memory, PAGE_SIZE << cache->order))
        return memory;
    give_frames(memory, cache->order);
    return NULL;
}

static void claim_frames(struct slab_cache *cache, struct slab *slab, void *memory)
{
    struct frame *frames = port_frame(memory);
    slab->frame_flags = (uint8_t)frame_flags(frames);
    for (unsigned int i = 0; i < 1u << cache->order; i++)
        frames[i] = (struct frame){
            .state = frame_state(FRAME_SLAB, i == 0 ? cache->order : 0, cache->slot),
            .index = (uint32_t)(port_phys(slab).raw / sizeof(struct slab)),
        };
    port_note_slab(memory, PAGE_SIZE << cache->order, slab->objects, cache->reciprocal);
}

/* A frame of another node bypasses this CPU's frame cache and goes to its home node. */
static unsigned int way_back(const struct slab *slab)
{
    bool is_remote = buddy_node_count() > 1 && slab->order == 0 && slab->node != buddy_home_node();
    return slab->frame_flags | (is_remote ? FRAME_FLAG_DIRECT : 0);
}

static void release_frames(struct slab *slab)
{
    void *memory = (void *)align_down((uint64_t)(uintptr_t)slab->objects, PAGE_SIZE << slab->order);
    struct frame *frames = port_frame(memory);
    for (unsigned int i = 1; i < 1u << slab->order; i++)
        frames[i] = (struct frame){ .state = frame_state(FRAME_NONE, 0, 0) };
    frames[0] = (struct frame){ .state = frame_state(FRAME_TAKEN, slab->order, way_back(slab)) };
    give_frames(memory, slab->order);
}

static uint32_t next_colour(struct slab_cache *cache)
{
    uint32_t colour = cache->colour_count > 1
                          ? __atomic_fetch_add(&cache->next_colour, 1, __ATOMIC_RELAXED) % cache->colour_count
                          : 0;
    return colour * cache->colour_step;
}

static void fill_in(struct slab_cache *cache, struct slab *slab, char *memory)
{
    uint32_t header = cache->is_inside ? (uint32_t)align_up(sizeof(*slab), cache->alignment) : 0;
    *slab = (struct slab){
        .objects = memory + header + next_colour(cache) + cache->front,
        .cache = (uint16_t)cache->number,
        .free_count = cache->per_slab,
        .node = cache->node_count > 1 ? (uint8_t)buddy_node_of(port_phys(memory)) : 0,
        .order = cache->order,
    };
    for (unsigned int i = 0; i < cache->per_slab; i += 64)
        slab->free[i / 64] = cache->per_slab - i < 64 ? BIT(cache->per_slab - i) - 1 : UINT64_MAX;
}

/* NOLINTNEXTLINE(misc-no-recursion): twice at most: the cache of slabs keeps its own inside. */
bool slab_grow(struct slab_cache *cache, unsigned int *node)
{
    char *memory = take_frames(cache);
    if (!memory)
        return false;
    struct slab *slab = cache->is_inside ? (struct slab *)(void *)memory : slab_take_one(&slab_slab_cache);
    if (!slab) {
        give_frames(memory, cache->order);
        return false;
    }
    fill_in(cache, slab, memory);
    claim_frames(cache, slab, memory);
    if (cache->is_checked)
        checked_fill_new(cache, slab);
    else if (cache->construct)
        for (unsigned int i = 0; i < cache->per_slab; i++)
            cache->construct(slab->objects + i * cache->stride);

    struct slab_node *home = &cache->nodes[slab->node];
    *node = slab->node;
    spin_lock(&home->lock);
    list_add_last(&home->partial, &slab->link);
    home->slabs++;
    home->empty++;
    home->free += cache->per_slab;
    slab_check_locked(cache, home, slab);
    slab_check_node_locked(cache, home);
    spin_unlock(&home->lock);
    return true;
}

/* @slabs: in no list of the cache any more. Return: frames. */
/* NOLINTNEXTLINE(misc-no-recursion): twice at most: the cache of slabs keeps its own inside. */
static uint64_t end_slabs(struct slab_cache *cache, struct list *slabs)
{
    uint64_t frames = 0;
    while (!list_is_empty(slabs)) {
        struct slab *slab = container_of(slabs->next, struct slab, link);
        list_remove(&slab->link);
        frames += 1u << slab->order;
        release_frames(slab);
        if (!cache->is_inside)
            slab_give(&slab_slab_cache, (void *[]){ slab }, 1, NULL);
    }
    return frames;
}

static void unlink_empty_locked(struct slab_cache *cache, struct slab_node *home, struct slab *slab,
                                struct list *ended)
{
    CHECK_HELD(&home->lock);
    list_remove(&slab->link);
    list_add_last(ended, &slab->link);
    home->slabs--;
    home->empty--;
    home->free -= cache->per_slab;
    CHECK(slab->free_count == cache->per_slab, "slab: a slab that ends has no object in use");
    slab_check_node_locked(cache, home);
}

/* Return: frames; 0 when there is no empty slab. */
static uint64_t release_batch(struct slab_cache *cache, struct slab_node *home)
{
    struct list ended;
    list_init(&ended);
    spin_lock(&home->lock);
    for (unsigned int i = 0; i < BATCH && home->empty > 0; i++)
        unlink_empty_locked(cache, home, container_of(home->partial.previous, struct slab, link), &ended);
    spin_unlock(&home->lock);
    return end_slabs(cache, &ended);
}

uint64_t slab_release_empty(struct slab_cache *cache)
{
    uint64_t frames = 0, some;
    for (unsigned int node = 0; node < cache->node_count; node++)
        while ((some = release_batch(cache, &cache->nodes[node])) > 0)
            frames += some;
    return frames;
}

void *slab_take_any(struct slab_cache *cache)
{
    void *object;
    for (unsigned int node = 0; node < cache->node_count; node++)
        if (slab_take(cache, node, &object, 1) == 1)
            return object;
    return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): twice at most: the cache of slabs keeps its own inside. */
void *slab_take_one(struct slab_cache *cache)
{
    void *object;
    unsigned int node = cache->node_count > 1 ? buddy_home_node() : 0;
    do {
        if (slab_take(cache, node, &object, 1) == 1)
            return object;
    } while (slab_grow(cache, &node)); /* another CPU may have emptied it again */
    return slab_take_any(cache);
}

/* ---- giving ---- */

/* Return: false when the object is free already. Empty slabs that are too many go to @ended. */
static bool put_back_locked(struct slab_cache *cache, struct slab_node *home, struct slab *slab,
                            unsigned int index, struct list *ended)
{
    CHECK_HELD(&home->lock);
    uint64_t *word = &slab->free[index / 64], bit = BIT(index % 64);
    if (*word & bit)
        return false;
    *word |= bit;
    home->free++;
    if (++slab->free_count == 1) {
        list_remove(&slab->link);
        list_add_first(&home->partial, &slab->link);
    }
    slab_check_locked(cache, home, slab);
    if (slab->free_count == cache->per_slab) {
        home->empty++;
        list_remove(&slab->link);
        list_add_last(&home->partial, &slab->link);
        /* Up to two for each slab that becomes empty, so that earlier ones, kept while less was free, are
           freed, too. */
        for (unsigned int i = 0;
             i < 2 && home->empty > 1 && home->free * FREE_PART > (uint64_t)home->slabs * cache->per_slab;
             i++)
            unlink_empty_locked(cache, home, container_of(home->partial.previous, struct slab, link), ended);
    }
    slab_check_node_locked(cache, home);
    return true;
}

/* Return: what is wrong with freeing @object here; NULL when nothing is. */
static const char *examine(const struct slab_cache *cache, const void *object, struct slab **slab,
                           unsigned int *index)
{
    *slab = slab_find(object);
    if (!*slab)
        return "is in no slab";
    if ((*slab)->cache != cache->number)
        return "belongs to another cache";
    if (!slab_index(cache, *slab, object, index))
        return "is not where an object begins";
    return NULL;
}

static void report_wrong(const struct slab_cache *cache, const void *object, const char *wrong,
                         const void *caller)
{
    if (caller)
        port_bug("slab: %s: %p was freed, but %s; noticed in a free from %pS", cache->name, object, wrong,
                 caller);
    else
        port_bug("slab: %s: %p was freed, but %s; noticed later, when its magazine was emptied; a checked "
                 "build notices "
                 "at once and names the caller",
                 cache->name, object, wrong);
}

/* @count: at most BATCH. The slabs of the objects are looked up before the lock is taken: that takes longer
   than the rest, and a slab with an object that is still to be freed is not destroyed. */
/* NOLINTNEXTLINE(misc-no-recursion): twice at most: the cache of slabs keeps its own inside. */
static uint64_t give_batch(struct slab_cache *cache, void *const *objects, unsigned int count,
                           const void *caller)
{
    struct {
        struct slab *slab;
        const char *wrong;
        unsigned int index;
    } places[BATCH];
    struct list ended;
    struct slab_node *locked = NULL;
    bool is_wrong = false;
    list_init(&ended);
    for (unsigned int i = 0; i < count; i++)
        places[i].wrong = examine(cache, objects[i], &places[i].slab, &places[i].index);
    for (unsigned int i = 0; i < count; i++) {
        if (places[i].wrong) {
            is_wrong = true;
            continue;
        }
        struct slab_node *home = &cache->nodes[places[i].slab->node];
        if (home != locked) {
            if (locked)
                spin_unlock(&locked->lock);
            spin_lock(&home->lock);
            locked = home;
        }
        if (!put_back_locked(cache, home, places[i].slab, places[i].index, &ended)) {
            places[i].wrong = "is free already";
            is_wrong = true;
        }
    }
    if (locked)
        spin_unlock(&locked->lock);
    for (unsigned int i = 0; UNLIKELY(is_wrong) && i < count; i++)
        if (places[i].wrong)
            report_wrong(cache, objects[i], places[i].wrong, caller);
    return end_slabs(cache, &ended);
}

/* NOLINTNEXTLINE(misc-no-recursion): twice at most: the cache of slabs keeps its own inside. */
uint64_t slab_give(struct slab_cache *cache, void *const *objects, unsigned int count, const void *caller)
{
    uint64_t frames = 0;
    for (unsigned int done = 0, some; done < count; done += some) {
        some = count - done < BATCH ? count - done : BATCH;
        frames += give_batch(cache, objects + done, some, caller);
    }
    return frames;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is true of slabs and depots whenever their locks are free, as assertions in checked builds. Each
 * change checks what it touched; no list is walked.
 */
#include "slab_private.h"

#ifdef ASHLAR_CHECKED

/* ---- slabs ---- */

static unsigned int count_bits(const struct slab *slab)
{
    unsigned int count = 0;
    for (unsigned int i = 0; i < SLAB_MAX_OBJECTS / 64; i++)
        count += bit_count(slab->free[i]);
    return count;
}

/* Whether all bits after the last object's are clear. */
static bool are_bits_of_objects(const struct slab_cache *cache, const struct slab *slab)
{
    uint64_t beyond = 0;
    for (unsigned int word = 0; word < SLAB_MAX_OBJECTS / 64; word++) {
        unsigned int first = word * 64;
        if (cache->per_slab <= first)
            beyond |= slab->free[word];
        else if (cache->per_slab - first < 64)
            beyond |= slab->free[word] >> (cache->per_slab - first);
    }
    return beyond == 0;
}

void slab_check_locked(const struct slab_cache *cache, const struct slab_node *home, const struct slab *slab)
{
    CHECK_HELD(&home->lock);
    CHECK(slab->cache == cache->number, "slab: a slab is in the lists of its cache");
    CHECK(slab->free_count == count_bits(slab), "slab: a slab's count of free objects is that of its bits");
    CHECK(are_bits_of_objects(cache, slab), "slab: a free bit stands for an object");
    CHECK(slab->link.next->previous == &slab->link && slab->link.previous->next == &slab->link,
          "slab: a slab's neighbours in its list lead to it");
}

static const struct slab *slab_of(const struct list *link)
{
    return container_of(link, struct slab, link);
}

void slab_check_node_locked(const struct slab_cache *cache, const struct slab_node *home)
{
    CHECK_HELD(&home->lock);
    CHECK(home->empty <= home->slabs && home->free <= (uint64_t)home->slabs * cache->per_slab,
          "slab: a node has no more empty slabs and free objects than slabs hold");
    if (list_is_empty(&home->partial)) {
        CHECK(home->free == 0 && home->empty == 0, "slab: free objects are in partial slabs");
    } else {
        const struct slab *first = slab_of(home->partial.next), *last = slab_of(home->partial.previous);
        CHECK(first->free_count > 0, "slab: a partial slab has a free object");
        CHECK(home->free >= first->free_count, "slab: a node's free objects are those of its slabs");
        CHECK((last->free_count == cache->per_slab) == (home->empty > 0),
              "slab: empty slabs are the last ones");
    }
    if (!list_is_empty(&home->full))
        CHECK(slab_of(home->full.next)->free_count == 0, "slab: a full slab has no free object");
    else
        CHECK(!list_is_empty(&home->partial) || home->slabs == 0, "slab: each slab is in a list");
}

/* ---- magazines and depots ---- */

void magazine_check(const struct magazine *magazine)
{
    CHECK(magazine->count <= magazine->capacity, "slab: a magazine holds no more than its capacity");
    CHECK(!magazine->slots[0], "slab: slot 0 of a magazine is NULL");
    CHECK(magazine->size_class < MAGAZINE_CLASSES || magazine->capacity == 0,
          "slab: the magazine of no size class holds nothing");
}

void depot_check_locked(const struct slab_node *home)
{
    CHECK_HELD(&home->depot_lock);
    for (enum magazine_list list = FILLED; list < MAGAZINE_LISTS; list++) {
        const struct magazine *first = home->first[list];
        CHECK(!first == (home->count[list] == 0), "slab: a depot's count of magazines is that of its list");
        CHECK(home->unneeded[list] <= home->count[list] && home->least[list] <= home->count[list],
              "slab: a depot has no fewer magazines than it had at least, and than are unneeded");
        if (!first)
            continue;
        CHECK((first->count > 0) == (list == FILLED),
              "slab: a depot's magazine is in the list for its content");
    }
    CHECK(home->objects >= home->count[FILLED] && (home->objects > 0) == (home->count[FILLED] > 0),
          "slab: a depot's objects are in its filled magazines");
}

#endif
